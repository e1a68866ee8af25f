"""The download page and its kin, as HTML: pure functions from what a link shows to a document.

Everything that a mail brought is text here: it is cleaned of what is no text, and escaped
(HTML Living Standard, section 13.1.2). A name or a subject that reads from right to left, or
claims to, is isolated, so that it turns nothing around it.

The pages work without script, in light and dark, on a phone and by keyboard, and load nothing
from anywhere but their own images. Their one style sheet stands in them, named by its digest in
the policy, so that no other style counts. Colours keep 4.5:1 for text and 3:1 for what has to be
told apart (WCAG 2.2, criteria 1.4.3 and 1.4.11).

The page submits a form, and the answer redirects to the store's host. The policy names that host,
because Chromium holds `form-action` against redirects too; Firefox does not (MDN, "CSP:
form-action"). So a plain 303 works in both, and the form can still lead nowhere else.

No page refreshes itself while there is something on it to read or to press, which would take it
out of a reader's hands (WCAG 2.2, criterion 2.2.1). One that only waits does.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from hashlib import sha256
from html import escape
from http import HTTPStatus

from relay_core.links.download import Archive, FileStatus, LinkView, OfferedFile
from relay_core.links.preview import may_have_preview
from relay_core.outgoing.link_list import format_size, format_time
from relay_core.record.manifest import Manifest

from .http import Answer

PAGE_FILES = 100
"""How many files one page lists; Lambda answers with 6 MB at the most."""

CHECK_AGAIN = timedelta(seconds=20)
"""How often a page that only waits for a scan loads itself anew."""

_STYLE = """
:root{color-scheme:light dark;--ground:#f3f5f8;--card:#fff;--ink:#17212b;--soft:#52606d;
--line:#d9e0e7;--accent:#14508c;--on-accent:#fff;--accent-line:#14508c;--tile:#e8eef5;
--stop:#a3231b;--stop-ground:#fdf0ef;--wait-ground:#fff7e0;--wait:#7a4b00}
@media (prefers-color-scheme:dark){:root{--ground:#0f151b;--card:#18212a;--ink:#e9eef3;
--soft:#a6b4c2;--line:#2d3a46;--accent:#8fc3f7;--on-accent:#0b1a2a;--accent-line:#8fc3f7;
--tile:#22303d;--stop:#ffb0a8;--stop-ground:#3a1d1b;--wait-ground:#332a10;--wait:#f5cf7a}}
*{box-sizing:border-box;margin:0}
body{background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:46rem;margin:0 auto;padding:1.25rem 1rem 3rem}
h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}
h2{font-size:1.125rem}
h3{font-size:1rem;font-weight:600;line-height:1.35;overflow-wrap:anywhere}
.kind{color:var(--soft);font-size:.875rem;margin-bottom:.25rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem 1rem;margin:1rem 0 1.5rem}
dt{color:var(--soft)}
dd{overflow-wrap:anywhere}
.bar{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin-bottom:.75rem}
.bar h2{flex:1 1 auto}
ul{list-style:none;padding:0;background:var(--card);border:1px solid var(--line);
border-radius:.75rem}
li{display:grid;grid-template-columns:5rem 1fr;gap:.75rem 1rem;padding:1rem;align-items:center}
li+li{border-top:1px solid var(--line)}
.tile{position:relative;display:grid;place-items:center;width:100%;aspect-ratio:4/3;
border-radius:.5rem;overflow:hidden;background:var(--tile);color:var(--soft);
font-size:.8125rem;font-weight:600}
.tile img{position:absolute;inset:0;width:100%;height:100%;object-fit:cover}
.tile img::after{content:attr(data-kind);position:absolute;inset:0;display:grid;
place-items:center;background:var(--tile)}
.facts{color:var(--soft);font-size:.875rem}
.state{grid-column:1/-1;padding:.5rem .75rem;border-radius:.5rem;font-size:.9375rem}
.stop{background:var(--stop-ground);color:var(--stop)}
.wait{background:var(--wait-ground);color:var(--wait)}
button,.button{display:inline-block;min-height:2.75rem;padding:.5rem 1.125rem;font:inherit;
font-weight:600;line-height:1.625rem;text-align:center;text-decoration:none;cursor:pointer;
border:1px solid var(--accent-line);border-radius:.5rem;background:transparent;
color:var(--accent)}
.main{background:var(--accent);color:var(--on-accent)}
li button{grid-column:1/-1}
button:hover,.button:hover{text-decoration:underline}
:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.ways{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin-top:1rem}
.note{color:var(--soft);font-size:.875rem;margin-top:1.5rem}
.notice{background:var(--card);border:1px solid var(--line);border-radius:.75rem;
padding:1.5rem 1.25rem;margin-top:8vh}
.notice p{margin-top:.75rem}
.notice .button{margin-top:1.25rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
white-space:nowrap}
@media (min-width:36rem){main{padding-top:2.5rem}h1{font-size:1.75rem}
li{grid-template-columns:6rem 1fr auto}li button,.state{grid-column:auto}
.state{max-width:16rem}.notice{padding:2rem}}
""".strip()

_STYLE_DIGEST = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()


# An arrow to a line. Without an icon in the page, every browser asks for /favicon.ico as well, and
# the function would have to be there to say no. It is why images may come from `data:` too.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Crect width='32' height='32' rx='7' fill='%2314508c'/%3E"
    "%3Cpath d='M16 6v13m-6-6 6 6 6-6M9 25h14' fill='none' stroke='%23fff' stroke-width='3'/%3E"
    "%3C/svg%3E"
)


class Notice(Enum):
    """A page that offers no file: its status, its title, and what it tells, by paragraph."""

    UNKNOWN = (
        HTTPStatus.NOT_FOUND,
        "This link leads nowhere",
        (
            "Perhaps it was cut short: open it from the mail once more, or copy all of it.",
            "Perhaps what it led to has been deleted, which happens some days after the mail.",
        ),
    )
    EXPIRED = (
        HTTPStatus.GONE,
        "This link has expired",
        (
            "Its files could be downloaded until the time that stands in the mail.",
            "If you still need them, ask whoever runs the sending device.",
        ),
    )
    REVOKED = (
        HTTPStatus.GONE,
        "This link has been taken back",
        ("Whoever runs the sending device has closed it. They can tell you why.",),
    )
    FILE_REVOKED = (
        HTTPStatus.GONE,
        "This file has been taken back",
        ("Whoever runs the sending device has closed it. They can tell you why.",),
    )
    FILE_LOST = (
        HTTPStatus.GONE,
        "This file is not there",
        ("It could not be kept. Whoever runs the sending device has been told, or can be asked.",),
    )
    FILE_MALICIOUS = (
        HTTPStatus.FORBIDDEN,
        "Malware was found in this file",
        ("It cannot be downloaded. Please tell whoever runs the sending device.",),
    )
    FILE_UNSCANNABLE = (
        HTTPStatus.FORBIDDEN,
        "This file could not be checked for malware",
        (
            "It may be protected by a password, or damaged. So it cannot be downloaded.",
            "If you need it, ask whoever runs the sending device.",
        ),
    )
    FILE_SCANNING = (
        HTTPStatus.CONFLICT,
        "This file is being checked for malware",
        ("That takes a minute as a rule. Please try again then.",),
    )
    NO_SUCH_FILE = (
        HTTPStatus.BAD_REQUEST,
        "There is no such file",
        ("Go back to the page and use one of its buttons.",),
    )
    WRONG_METHOD = (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "That cannot be done here",
        ("Pages can be opened, and files downloaded with their buttons.",),
    )
    UNAVAILABLE = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Something does not work just now",
        ("Nothing is lost, and the link stays good. Please try again in a minute.",),
    )

    def __init__(self, status: HTTPStatus, title: str, paragraphs: tuple[str, ...]) -> None:
        self.status = status
        self.title = title
        self.paragraphs = paragraphs


_NOTICE_OF_FILE = {
    FileStatus.SCANNING: Notice.FILE_SCANNING,
    FileStatus.MALICIOUS: Notice.FILE_MALICIOUS,
    FileStatus.UNSCANNABLE: Notice.FILE_UNSCANNABLE,
    FileStatus.REVOKED: Notice.FILE_REVOKED,
    FileStatus.LOST: Notice.FILE_LOST,
}
_WITH_A_WAY_BACK = frozenset({*_NOTICE_OF_FILE.values(), Notice.NO_SUCH_FILE})
RETRY_AFTER = timedelta(seconds=30)


def notice_of_file(status: FileStatus) -> Notice:
    """What a person is told who asks for a file that is not ready."""
    return _NOTICE_OF_FILE[status]


def notice_page(notice: Notice) -> Answer:
    """A page that offers no file. It is the same, byte for byte, for whoever gets it."""
    told = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in notice.paragraphs)
    back = (
        '<a class="button" href="?">Back to the files</a>\n' if notice in _WITH_A_WAY_BACK else ""
    )
    headers = {}
    if notice is Notice.UNAVAILABLE:
        headers["Retry-After"] = str(int(RETRY_AFTER.total_seconds()))
    return Answer(
        status=notice.status,
        content_type="text/html; charset=utf-8",
        body=_document(
            notice.title,
            f'<div class="notice">\n<h1>{escape(notice.title)}</h1>\n{told}{back}</div>\n',
        ),
        policy=_policy(),
        headers=headers,
    )


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
        f'<header>\n<p class="kind">Files sent to you</p>\n<h1>{_isolated(subject)}</h1>\n'
        f"{_facts(manifest, shown.now)}</header>\n"
        f'<form method="post" aria-labelledby="files">\n{_bar(view.files, shown.archive)}'
        f'<ul role="list">\n{items}</ul>\n{_ways(statuses, shown.part, parts(len(view.files)))}'
        '</form>\n<p class="note">Whoever has the address of this page can download these files.'
        " Pass it on only to people who may have them.</p>\n"
    )
    return Answer(
        status=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=_document(subject, body),
        policy=_policy(images="'self' data:", form_action=f"'self' {shown.origin}"),
        headers={"Refresh": str(int(CHECK_AGAIN.total_seconds()))} if waits else {},
    )


def _policy(*, images: str = "data:", form_action: str = "'none'") -> str:
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; img-src {images};"
        f" form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )


def _document(title: str, body: str) -> bytes:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex, nofollow">\n'
        # Dates and numbers in names are no telephone numbers.
        '<meta name="format-detection" content="telephone=no">\n'
        f'<link rel="icon" href="{_ICON}">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    ).encode()


def _facts(manifest: Manifest, now: datetime) -> str:
    left = escape(format_remaining(manifest.expires_at - now))
    rows = (
        ("From", _isolated(manifest.sender or "not stated")),
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
    facts = _text(kind_of_file(attachment.filename, attachment.content_type))
    if file.status is not FileStatus.LOST:
        facts += f" · {escape(format_size(attachment.size))}"
    until = (
        f'<p class="facts">until {_time(manifest.expires_at)}</p>\n'
        if file.status in {FileStatus.READY, FileStatus.SCANNING}
        else ""
    )
    return (
        f"<li>\n{_picture(file, token)}\n<div>\n<h3>{_isolated(attachment.filename)}</h3>\n"
        f'<p class="facts">{facts}</p>\n{until}</div>\n{_action(file, is_only=is_only)}</li>\n'
    )


def _picture(file: OfferedFile, token: str) -> str:
    label = _text(_extension(file.attachment.filename)[:4].upper() or "FILE")
    image = ""
    if file.status is FileStatus.READY and may_have_preview(file.attachment):
        # The name beside it says what it is. What turns out to be no image shows its kind again.
        image = (
            f'<img src="{_text(token)}/preview/{file.number}" alt="" data-kind="{label}"'
            ' loading="lazy" decoding="async">'
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


def _action(file: OfferedFile, *, is_only: bool) -> str:
    if file.status is FileStatus.READY:
        look = ' class="main"' if is_only else ""
        return (
            f'<button{look} name="file" value="{file.number}">Download<span class="unseen">'
            f" {_isolated(file.attachment.filename)}</span></button>\n"
        )
    look, state = _STATES[file.status]
    return f'<p class="state {look}">{escape(state)}</p>\n'


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


# No characters of HTML (controls, surrogates, non-characters), or such that turn the direction of
# the text that follows them.
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    "\ufffe\uffff]"
)


def _text(value: str) -> str:
    return escape(_NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value))


def _isolated(value: str) -> str:
    return f"<bdi>{_text(value)}</bdi>"
