"""What the recipient sees where attachments were: a list of name, size, link and expiry.

A link leads to one file, or one short link to a page that has them all. The list stands in the
body, as text in a text/plain body and as a small table in a text/html body. Names are the
sender's words: in HTML everything is escaped, in text a name cannot break its line
(`attachment.safe_name` took the control characters out).

Sizes are decimal (1 kB = 1000 bytes), as phones and file managers show them. Times are UTC
and say so: the device, the relay and the reader may be in three time zones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from relay_core.html.tokens import TAG


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


_NAME = "mail-relay-files"
# In front of all else, and in colours of its own: the device's may be those of its paper.
_TABLE = (
    "position:relative;z-index:2147483647;clear:both;border-collapse:collapse;margin:16px 0;"
    "visibility:visible;background:#fff;color:#222;text-align:left;font:14px/1.4 sans-serif"
)
_HEADING = "padding:6px 0;text-align:left;font-weight:bold"
_CELL = "border-top:1px solid #ccc;padding:6px 12px 6px 0;text-align:left;vertical-align:top"
_NOTE = "padding:6px 0"
_LINK = "color:#14508c"
_BUTTON = (
    "display:inline-block;margin:0 0 8px;padding:8px 16px;border-radius:4px;"
    "background:#14508c;color:#fff;text-decoration:none"
)
# Against style sheets of the device that hide everything: the name counts more than any of theirs,
# and nothing of them is left in the table.
_ROOT = f"#{_NAME}#{_NAME}#{_NAME}"
_SHOWN = (
    "display:block!important;visibility:visible!important;opacity:1!important;"
    "position:static!important;overflow:visible!important;content-visibility:visible!important;"
    "transform:none!important;translate:none!important;rotate:none!important;scale:none!important;"
    "offset-path:none!important;perspective:none!important;zoom:1!important;"
    "filter:none!important;clip-path:none!important;mask:none!important;"
    "contain:none!important;container-type:normal!important;animation:none!important"
)
_PLAIN = (
    "all:initial!important;direction:ltr!important;unicode-bidi:normal!important;"
    "font:14px/1.4 sans-serif!important;color:#222!important;background:#fff!important"
)
_GUARD = (
    f"<style>html:not({_ROOT}),body:not({_ROOT}){{{_SHOWN}}}\n"
    f"html:not({_ROOT})::before,html:not({_ROOT})::after,body:not({_ROOT})::before,"
    f"body:not({_ROOT})::after{{content:none!important}}\n"
    f"{_ROOT},{_ROOT} *{{{_PLAIN}}}\n"
    f"{_ROOT}::before,{_ROOT}::after,{_ROOT} *::before,{_ROOT} *::after"
    "{content:none!important}\n"
    f"{_ROOT} *::first-line,{_ROOT} *::first-letter{{all:inherit!important}}\n"
    f"{_ROOT}{{display:table!important;position:relative!important;z-index:2147483647!important;"
    "clear:both!important;border-collapse:collapse!important;margin:16px 0!important}\n"
    f"{_ROOT} tbody{{display:table-row-group!important}}\n"
    f"{_ROOT} tr{{display:table-row!important}}\n"
    f"{_ROOT} th,{_ROOT} td{{display:table-cell!important;padding:6px 12px 6px 0!important;"
    "vertical-align:top!important;border-top:1px solid #ccc!important}\n"
    f"{_ROOT} [colspan]{{border:none!important}}\n"
    f"{_ROOT} th{{font-weight:bold!important}}\n"
    f"{_ROOT} a{{color:#14508c!important;text-decoration:underline!important;"
    "cursor:pointer!important}\n"
    f"{_ROOT} a[role]{{display:inline-block!important;padding:8px 16px!important;"
    "border-radius:4px!important;color:#fff!important;background:#14508c!important;"
    "text-decoration:none!important}</style>"
)
_SHEET = re.compile(r"<(?:style|link)", re.IGNORECASE)
_OUTER = re.compile(r"<(?=(?:html|body)[\t\n\f\r />])", re.IGNORECASE)
_HIDES = re.compile(r"style|hidden", re.IGNORECASE)


def _is_styled(html: str) -> bool:
    """Whether the HTML may have styles that reach a table put into it."""
    outer = (TAG.match(html, found.start()) for found in _OUTER.finditer(html))
    return _SHEET.search(html) is not None or any(tag and _HIDES.search(tag[3]) for tag in outer)


def format_appendix_html(
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    *,
    page_url: str | None = None,
    among: str = "",
) -> str:
    """The list and the notes for a text/html body, a table; empty if there are none.

    `among` is the HTML that it is put into. Where that has styles of its own, a style sheet keeps
    these from hiding the table.
    """
    if not listed and not notes:
        return ""
    rows: list[str] = []
    if listed:
        rows.append(
            f'<th colspan="2" style="{_HEADING}">{escape(_heading(listed, page_url))}</th>'
        )
    if listed and page_url:
        rows.append(
            f'<td colspan="2"><a href="{escape(page_url)}" role="button" style="{_BUTTON}">'
            "Open the download page</a></td>"
        )
    rows += [
        f'<td style="{_CELL}">{_name(item)}</td>'
        f'<td style="{_CELL};white-space:nowrap">{escape(format_size(item.size))}</td>'
        for item in listed
    ]
    rows += [f'<td colspan="2" style="{_NOTE}">{escape(note)}</td>' for note in notes]
    guard = _GUARD if _is_styled(among) else ""
    lines = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f'{guard}<table id="{_NAME}" role="presentation" style="{_TABLE}">\n{lines}</table>\n'


def _name(item: ListedAttachment) -> str:
    name = escape(item.name)
    return name if item.url is None else f'<a href="{escape(item.url)}" style="{_LINK}">{name}</a>'
