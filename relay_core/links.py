"""What the recipient sees where attachments were: a list of name, size, link and expiry.

A link leads to one file, or one short link to a page that has them all. The list stands in the
body, as text in a text/plain body and as a small table in a text/html body. Names are the
sender's words: in HTML everything is escaped, in text a name cannot break its line
(`attachment.safe_name` took the control characters out).

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
    """One line of the list: `size` in bytes, `expires_at` in UTC.

    `url` is None where a page has the files, and no file a link of its own.
    """

    name: str
    size: int
    url: str | None
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
    return f"{at.isoformat(' ', 'minutes')[:16]} UTC"


def _heading(listed: Sequence[ListedAttachment], page_url: str | None) -> str:
    number = "1 attachment" if len(listed) == 1 else f"{len(listed)} attachments"
    until = min(item.expires_at for item in listed)
    # What a page promises it keeps; a link that was signed at once may end with its signer.
    at_the_latest = "" if page_url else " at the latest"
    return f"{number}, to be downloaded until {format_time(until)}{at_the_latest}"


def format_appendix_text(
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    *,
    page_url: str | None = None,
) -> str:
    """The list and the notes for a text/plain body, LF line breaks; empty if there are none."""
    lines = [f"{_heading(listed, page_url)}:"] if listed else []
    if listed and page_url:
        lines += ["", page_url, ""]
    for item in listed:
        line = f"* {item.name} ({format_size(item.size)})"
        lines += [line] if item.url is None else ["", line, f"  {item.url}"]
    for note in notes:
        lines += ["", note] if lines else [note]
    return "".join(f"{line}\n" for line in lines)


_TABLE = "border-collapse:collapse;margin:16px 0;font:14px/1.4 sans-serif"
_NOTE = "font:14px/1.4 sans-serif"
_CELL = "border-top:1px solid #ccc;padding:6px 12px 6px 0;text-align:left;vertical-align:top"


_BUTTON = (
    "display:inline-block;margin:0 0 8px;padding:8px 16px;border-radius:4px;"
    "background:#14508c;color:#fff;text-decoration:none"
)


def format_appendix_html(
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    *,
    page_url: str | None = None,
) -> str:
    """The list and the notes for a text/html body: a table and paragraphs; empty if none."""
    told = "".join(f'<p style="{_NOTE}">{escape(note)}</p>\n' for note in notes)
    if not listed:
        return told
    button = (
        f'<tr><td colspan="2"><a href="{escape(page_url)}" style="{_BUTTON}">'
        "Open the download page</a></td></tr>\n"
        if page_url
        else ""
    )
    rows = "".join(
        f'<tr><td style="{_CELL}">{_name(item)}</td>'
        f'<td style="{_CELL};white-space:nowrap">{escape(format_size(item.size))}</td></tr>\n'
        for item in listed
    )
    return (
        f'<table role="presentation" style="{_TABLE}">\n'
        f'<tr><th colspan="2" style="padding:6px 0;text-align:left;font-weight:bold">'
        f"{escape(_heading(listed, page_url))}</th></tr>\n{button}{rows}</table>\n{told}"
    )


def _name(item: ListedAttachment) -> str:
    name = escape(item.name)
    return name if item.url is None else f'<a href="{escape(item.url)}">{name}</a>'
