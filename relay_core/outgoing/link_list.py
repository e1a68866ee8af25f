"""What the recipient reads instead of the attachments: a list of name, size, link and expiry.

A link leads to one file, or one short link to a page that has them all. The list is in the body:
as text in a text/plain body, which is here, and as a table in a text/html body
(`link_list_html`). Names are the sender's words: in HTML everything is escaped, in text a name
cannot break its line (`attachment.safe_name` took the control characters out).

Times name their zone: the device, the relay and the reader may be in three time zones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .letterhead import PLAIN, Letterhead
from .line_breaks import wrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAttachment:
    """One line of the list: `size` in bytes, `expires_at` in UTC.

    `url` is None where a page has the files, and no file a link of its own.
    """

    name: str
    size: int
    url: str | None
    expires_at: datetime


def heading(listed: Sequence[ListedAttachment], letterhead: Letterhead, *, has_page: bool) -> str:
    """What the list begins with: how many files, and how long they are there."""
    wording, now = letterhead.wording, letterhead.now
    until = min(item.expires_at for item in listed)
    files = wording.say_number("{number} file", "{number} files", len(listed))
    time = wording.time(until, now=now)
    if not has_page:
        # A page keeps its time; a presigned link may end with its signer's session.
        return wording.say("{files}, available until {time} at the latest", files=files, time=time)
    if now is None:
        return wording.say("{files}, available until {time}", files=files, time=time)
    return wording.say(
        "{files}, available until {time} ({duration})",
        files=files,
        time=time,
        duration=wording.duration(_rounded(until - now)),
    )


_MINUTE = timedelta(minutes=1)


def _rounded(left: timedelta) -> timedelta:
    """Rounded up to the minute: a link of 36 hours has 36 hours some seconds later too."""
    return -(-left // _MINUTE) * _MINUTE


def format_appendix_text(
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    *,
    page_url: str | None = None,
    letterhead: Letterhead = PLAIN,
) -> str:
    """The list and the notes for a text/plain body, LF line breaks; empty if there are none."""
    lines: list[str] = []
    if listed:
        lines += wrapped(f"{heading(listed, letterhead, has_page=page_url is not None)}:")
    if listed and page_url:
        lines += ["", page_url, ""]
    for item in listed:
        line = f"* {item.name} ({letterhead.wording.size(item.size)})"
        lines += (
            wrapped(line, inset="  ") if item.url is None else ["", *wrapped(line, inset="  ")]
        )
        lines += [] if item.url is None else [f"  {item.url}"]
    for note in notes:
        lines += ["", *wrapped(note)] if lines else wrapped(note)
    if listed and (words := list(_letterhead_lines(letterhead))):
        lines += ["", *words]
    return "".join(f"{line}\n" for line in lines)


def _letterhead_lines(letterhead: Letterhead) -> Iterator[str]:
    appearance, say = letterhead.appearance, letterhead.wording.say
    if appearance.organisation:
        yield from wrapped(appearance.organisation)
    if appearance.contact:
        yield from wrapped(say("Contact: {contact}", contact=appearance.contact))
    if letterhead.reference:
        yield say("Reference: {reference}", reference=letterhead.reference)
