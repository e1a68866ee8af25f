"""The page that lists a link's files, as HTML: a pure function from a view to a document.

A name or a subject that reads from right to left, or claims to, is isolated, so that it turns
nothing around it.

The page submits a form, and the answer redirects to the store's host. The policy names that host,
because Chromium holds `form-action` against redirects too; Firefox does not (MDN, "CSP:
form-action"). So a plain 303 works in both, and the form can still lead nowhere else.

No page refreshes itself while there is something on it to read or to press, which would take it
out of a reader's hands (WCAG 2.2, criterion 2.2.1). One that only waits does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from http import HTTPStatus

from relay_core.links.download import Archive, FileStatus, LinkView, OfferedFile
from relay_core.links.looking import Look, look_of
from relay_core.links.preview import may_have_preview
from relay_core.outgoing.link_list import format_size, format_time
from relay_core.record.manifest import Manifest

from .document import content_policy, document, isolated, text
from .http import Answer
from .look_page import has_page

PAGE_FILES = 100
"""How many files one page lists; Lambda answers with 6 MB at the most."""


CHECK_AGAIN = timedelta(seconds=20)
"""How often a page that only waits for a scan loads itself anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page is made of, besides the view that a link shows.

    `token` is the page's own name, `origin` is where files are fetched from. `part` counts from 1
    the pages that a long list is cut into. `archive` is what "download all" leads to, if anything.
    """

    token: str
    origin: str
    now: datetime
    part: int
    archive: Archive | None


def parts(files: int) -> int:
    """How many pages it takes to list that many files."""
    return max(1, -(-files // PAGE_FILES))


def files_on(files: tuple[OfferedFile, ...], part: int) -> tuple[OfferedFile, ...]:
    """Those that stand on one of the pages."""
    return files[(part - 1) * PAGE_FILES : part * PAGE_FILES]


def files_page(view: LinkView, shown: Shown) -> Answer:
    """The page of a link that is available."""
    manifest = view.manifest
    if manifest is None:
        raise ValueError(f"a link that is {view.status} shows no files")
    listed = files_on(view.files, shown.part)
    statuses = {file.status for file in listed}
    waits = FileStatus.SCANNING in statuses and FileStatus.READY not in statuses
    subject = manifest.subject.strip() or "(no subject)"
    is_only = len(view.files) == 1
    items = "".join(_item(file, manifest, shown.token, is_only=is_only) for file in listed)
    body = (
        f'<header>\n<p class="kind">Files sent to you</p>\n<h1>{isolated(subject)}</h1>\n'
        f"{_facts(manifest, shown.now)}</header>\n"
        f'<form method="post" aria-labelledby="files">\n{_bar(view.files, shown.archive)}'
        f'<ul role="list">\n{items}</ul>\n{_ways(statuses, shown.part, parts(len(view.files)))}'
        '</form>\n<p class="note">Whoever has the address of this page can download these files.'
        " Pass it on only to people who may have them.</p>\n"
    )
    return Answer(
        status=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=document(subject, body),
        policy=content_policy(images="'self' data:", form_action=f"'self' {shown.origin}"),
        headers={"Refresh": str(int(CHECK_AGAIN.total_seconds()))} if waits else {},
    )


def _facts(manifest: Manifest, now: datetime) -> str:
    left = escape(format_remaining(manifest.expires_at - now))
    rows = (
        ("From", isolated(manifest.sender or "not stated")),
        ("Received", _time(manifest.created_at)),
        ("Available", f"until {_time(manifest.expires_at)} ({left} left)"),
    )
    return (
        "<dl>\n"
        + "".join(f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in rows)
        + "</dl>\n"
    )


def format_remaining(left: timedelta) -> str:
    """How long something lasts yet, rounded down: `36 hours`, `1 minute`."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    if left >= 3 * day:
        return f"{left // day} days"
    number, unit = (left // hour, "hour") if left >= hour else (left // _MINUTE, "minute")
    if number < 1:
        return "less than a minute"
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


_MINUTE = timedelta(minutes=1)


def _bar(files: tuple[OfferedFile, ...], archive: Archive | None) -> str:
    size = format_size(sum(file.attachment.size for file in files))
    number = "1 file" if len(files) == 1 else f"{len(files)} files"
    button = ""
    if archive is not None and len(archive.members) > 1:
        ready = len(archive.members)
        which = "all" if ready == len(files) else f"the {ready} that are ready"
        button = (
            '<button class="main" name="file" value="all">Download'
            f' {which}<span class="unseen"> as one zip file</span></button>\n'
        )
    return f'<div class="bar">\n<h2 id="files">{number}, {size}</h2>\n{button}</div>\n'


def _item(file: OfferedFile, manifest: Manifest, token: str, *, is_only: bool) -> str:
    attachment = file.attachment
    facts = text(kind_of_file(attachment.filename, attachment.content_type))
    if file.status is not FileStatus.LOST:
        facts += f" · {escape(format_size(attachment.size))}"
    until = (
        f'<p class="facts">until {_time(manifest.expires_at)}</p>\n'
        if file.status in {FileStatus.READY, FileStatus.SCANNING}
        else ""
    )
    return (
        f"<li>\n{_picture(file, token)}\n<div>\n<h3>{isolated(attachment.filename)}</h3>\n"
        f'<p class="facts">{facts}</p>\n{until}</div>\n'
        f"{_action(file, token, is_only=is_only)}</li>\n"
    )


def _picture(file: OfferedFile, token: str) -> str:
    label = text(_extension(file.attachment.filename)[:4].upper() or "FILE")
    image = ""
    if file.status is FileStatus.READY and may_have_preview(file.attachment):
        # The name beside it says what it is. What turns out to be no image shows its kind again.
        image = (
            f'<img src="{text(token)}/preview/{file.number}" alt="" data-kind="{label}"'
            ' loading="lazy" decoding="async">'
        )
    if has_page(file):
        # The button beside it leads there too: a second way, for eyes and a pointer only.
        return (
            f'<a class="tile" href="{text(token)}/look/{file.number}" tabindex="-1"'
            f' aria-hidden="true">{image or label}</a>'
        )
    return f'<span class="tile" aria-hidden="true">{image or label}</span>'


_STATES = {
    FileStatus.SCANNING: ("wait", "Being checked for malware"),
    FileStatus.MALICIOUS: ("stop", "Malware was found in it. It cannot be downloaded."),
    FileStatus.UNSCANNABLE: (
        "stop",
        "It could not be checked for malware. It cannot be downloaded.",
    ),
    FileStatus.REVOKED: ("stop", "It has been taken back."),
    FileStatus.LOST: ("stop", "It could not be kept."),
}


def _action(file: OfferedFile, token: str, *, is_only: bool) -> str:
    if file.status is FileStatus.READY:
        look = ' class="main"' if is_only else ""
        name = f'<span class="unseen"> {isolated(file.attachment.filename)}</span>'
        return (
            f'<div class="acts">\n{_opening(file, token, name)}'
            f'<button{look} name="file" value="{file.number}">Download{name}</button>\n</div>\n'
        )
    look, state = _STATES[file.status]
    return f'<p class="state {look}">{escape(state)}</p>\n'


def _opening(file: OfferedFile, token: str, name: str) -> str:
    """What shows a file, or plays it, where a browser can."""
    if has_page(file):
        href = f"{text(token)}/look/{file.number}"
        return f'<a class="button" href="{href}">View{name}</a>\n'
    if look_of(file.attachment) is Look.RECORDING:
        return f'<button name="play" value="{file.number}">Play{name}</button>\n'
    return ""


def _ways(statuses: set[FileStatus], part: int, of: int) -> str:
    """Where else to go: to the same page again, or to the other pages of a long list."""
    again = (
        f'<p class="ways"><a class="button" href="?page={part}">Check again</a></p>\n'
        if FileStatus.SCANNING in statuses
        else ""
    )
    if of == 1:
        return again
    others = "".join(
        f'<a class="button" href="?page={there}">{name}</a>\n'
        for name, there in (("Previous files", part - 1), ("More files", part + 1))
        if 1 <= there <= of
    )
    return (
        f'{again}<nav class="ways" aria-label="Pages of the list">\n{others}'
        f"<span>Page {part} of {of}</span>\n</nav>\n"
    )


_KINDS = {
    "application/gzip": "Gzip archive",
    "application/json": "JSON data",
    "application/pdf": "PDF document",
    "application/zip": "Zip archive",
    "audio/mpeg": "MP3 audio",
    "audio/ogg": "Ogg audio",
    "audio/wav": "WAV audio",
    "image/bmp": "BMP image",
    "image/gif": "GIF image",
    "image/jpeg": "JPEG image",
    "image/png": "PNG image",
    "image/tiff": "TIFF image",
    "image/webp": "WebP image",
    "message/rfc822": "Mail message",
    "text/calendar": "Calendar entry",
    "text/csv": "CSV table",
    "text/plain": "Text",
    "video/mp4": "MP4 video",
    "video/mpeg": "MPEG video",
    "video/quicktime": "QuickTime video",
    "video/x-msvideo": "AVI video",
}


_OPAQUE = "application/octet-stream"


def kind_of_file(filename: str, content_type: str) -> str:
    """What a file is, for a person: `JPEG image`; by its extension where nothing else tells."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _KINDS:
        return _KINDS[media_type]
    if media_type and media_type != _OPAQUE:
        return content_type
    extension = _extension(filename)
    return f"{extension.upper()} file" if extension else "File"


_EXTENSION = re.compile(r".\.([A-Za-z0-9]{1,8})\Z", re.DOTALL)


def _extension(filename: str) -> str:
    found = _EXTENSION.search(filename)
    return found.group(1) if found else ""


def _time(at: datetime) -> str:
    machine = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'<time datetime="{machine}">{escape(format_time(at))}</time>'
