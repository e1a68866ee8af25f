"""What the recipient sees where attachments were: a list of name, size, link and expiry.

The list stands in the body, as text in a text/plain body and as a small table in a text/html
body. Names are the sender's words: in HTML everything is escaped, in text a name cannot
break its line (`attachment.safe_name` took the control characters out).

Sizes are decimal (1 kB = 1000 bytes), as phones and file managers show them. Times are UTC
and say so: the device, the relay and the reader may be in three time zones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAttachment:
    """One line of the list: `size` in bytes, `expires_at` in UTC."""

    name: str
    size: int
    url: str
    expires_at: datetime


def format_size(size: int) -> str:
    """A size in bytes for a person: `1 byte`, `999 bytes`, `3.2 MB`."""
    if size < 1000:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{value:.0f} GB"


def format_time(at: datetime) -> str:
    """A moment for a person, to the minute: `2026-11-25 15:44 UTC`."""
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _heading(listed: Sequence[ListedAttachment]) -> str:
    number = "1 attachment" if len(listed) == 1 else f"{len(listed)} attachments"
    until = min(item.expires_at for item in listed)
    return f"{number}, to be downloaded until {format_time(until)} at the latest"


def format_appendix_text(listed: Sequence[ListedAttachment], notes: Sequence[str] = ()) -> str:
    """The list and the notes for a text/plain body, LF line breaks; empty if there are none."""
    lines = [f"{_heading(listed)}:"] if listed else []
    for item in listed:
        lines += ["", f"* {item.name} ({format_size(item.size)})", f"  {item.url}"]
    for note in notes:
        lines += ["", note] if lines else [note]
    return "".join(f"{line}\n" for line in lines)


_TABLE = "border-collapse:collapse;margin:16px 0;font:14px/1.4 sans-serif"
_NOTE = "font:14px/1.4 sans-serif"
_CELL = "border-top:1px solid #ccc;padding:6px 12px 6px 0;text-align:left;vertical-align:top"


def format_appendix_html(listed: Sequence[ListedAttachment], notes: Sequence[str] = ()) -> str:
    """The list and the notes for a text/html body: a table and paragraphs; empty if none."""
    told = "".join(f'<p style="{_NOTE}">{escape(note)}</p>\n' for note in notes)
    if not listed:
        return told
    rows = "".join(
        f'<tr><td style="{_CELL}"><a href="{escape(item.url)}">{escape(item.name)}</a></td>'
        f'<td style="{_CELL};white-space:nowrap">{escape(format_size(item.size))}</td></tr>\n'
        for item in listed
    )
    return (
        f'<table role="presentation" style="{_TABLE}">\n'
        f'<tr><th colspan="2" style="padding:6px 0;text-align:left;font-weight:bold">'
        f"{escape(_heading(listed))}</th></tr>\n{rows}</table>\n{told}"
    )
