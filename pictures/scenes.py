"""The pictures of the program itself, drawn from its output and not from figures."""

from __future__ import annotations

from .dashboard import dashboard_picture
from .mail import mail_picture
from .svg import Picture
from .terminal import terminal_picture


def scenes() -> dict[str, Picture]:
    """Each picture by file name."""
    return {
        "dashboard.svg": dashboard_picture(),
        "mail.svg": mail_picture(),
        "terminal.svg": terminal_picture(),
    }
