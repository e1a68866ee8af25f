"""Whom recipients may ask, as a link where it is an address or a URL."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+\Z")
_URL = re.compile(r"https://[^\s<>\"]+\Z")


def contact_html(contact: str, style: str = "") -> str:
    """The operator's contact as HTML: a link of an e-mail address or an https URL, else text."""
    shown = escape(contact)
    if _ADDRESS.match(contact):
        url = "mailto:" + quote(contact, safe="@.+-_")
    elif _URL.match(contact):
        url = contact
    else:
        return f"<bdi>{shown}</bdi>"
    styled = f' style="{style}"' if style else ""
    return f'<a href="{escape(url)}"{styled}><bdi>{shown}</bdi></a>'
