"""The page that lists a link's files, as HTML: a pure function from a view to a document.

A name or a subject that reads from right to left, or claims to, is isolated, so that it turns
nothing around it.

The page submits a form, and the answer redirects to the store's host. The policy names that host,
because Chromium holds `form-action` against redirects too; Firefox does not (MDN, "CSP:
form-action"). So a plain 303 works in both, and the form has no other target.

No page refreshes itself while there is something on it to read or to press, which would take it
out of a reader's hands (WCAG 2.2, criterion 2.2.1). One that only waits does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from relay_core.links.download import Archive, FileStatus, LinkView, OfferedFile, shown_sender
from relay_core.links.preview import may_have_preview
from relay_core.links.viewing import Viewer, viewer_of
from relay_core.record.manifest import Manifest
from relay_core.wording.wording import Wording, translatable

from .document import content_policy, document, isolated, isolated_name, text
from .frame import PLAIN, Frame
from .http import Answer
from .kinds import kind_of_file
from .view_page import has_page

PAGE_FILES = 100
"""How many files one page lists; Lambda answers with at most 6 MB."""


CHECK_AGAIN = timedelta(seconds=20)
"""How often a page that only waits for a scan reloads itself."""


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
    """Those that one of the pages lists."""
    return files[(part - 1) * PAGE_FILES : part * PAGE_FILES]


def files_page(view: LinkView, shown: Shown, frame: Frame = PLAIN) -> Answer:
    """The page of a link that is available."""
    manifest = view.manifest
    if manifest is None:
        raise ValueError(f"a link that is {view.status} shows no files")
    wording, now = frame.wording, shown.now
    listed = files_on(view.files, shown.part)
    statuses = {file.status for file in listed}
    waits = FileStatus.SCANNING in statuses and FileStatus.READY not in statuses
    subject = manifest.subject.strip() or wording.say("(no subject)")
    item = _Item(
        until=_until(manifest, wording, now),
        token=shown.token,
        wording=wording,
        is_only=len(view.files) == 1,
    )
    body = (
        f'<header>\n<p class="kind">{wording.say("Files sent to you")}</p>\n'
        f"<h1>{isolated(subject)}</h1>\n{_facts(manifest, now, wording)}</header>\n"
        f'<form method="post" aria-labelledby="files">\n'
        f"{_bar(view.files, shown.archive, wording)}{_checking(wording) if waits else ''}"
        f'<ul role="list">\n{"".join(map(item.row, listed))}</ul>\n'
        f"{_navigation(statuses, shown.part, parts(len(view.files)), wording)}</form>\n"
        f'<p class="note">{wording.say(_NOTE)}</p>\n'
    )
    return Answer(
        status=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=document(subject, body, frame),
        policy=content_policy(frame, images="'self' data:", form_action=f"'self' {shown.origin}"),
        headers={"Refresh": str(int(CHECK_AGAIN.total_seconds()))} if waits else {},
    )


_NOTE = translatable(
    "Anyone who has the address of this page can download these files. Share it only with people"
    " who may have them."
)


def _checking(wording: Wording) -> str:
    text_html = wording.say("Your files are being checked. This usually takes a minute.")
    return f'<p class="wait checking" role="status">{text_html}</p>\n'


def _facts(manifest: Manifest, now: datetime, wording: Wording) -> str:
    say = wording.say
    available = say(
        "until {time} ({duration} left)",
        time=_time(manifest.expires_at, wording, now),
        duration=wording.duration(manifest.expires_at - now),
    )
    sender = isolated(shown_sender(manifest) or say("not stated"))
    rows = (
        (say("From"), sender),
        (say("Received"), _time(manifest.created_at, wording, now)),
        (say("Available"), available),
    )
    return (
        "<dl>\n"
        + "".join(f"<dt>{name}</dt><dd>{value}</dd>\n" for name, value in rows)
        + "</dl>\n"
    )


def _until(manifest: Manifest, wording: Wording, now: datetime) -> str:
    return wording.say("until {time}", time=_time(manifest.expires_at, wording, now))


def _bar(files: tuple[OfferedFile, ...], archive: Archive | None, wording: Wording) -> str:
    size = wording.size(sum(file.attachment.size for file in files))
    number = wording.say_number("{number} file", "{number} files", len(files))
    button = ""
    if archive is not None and len(archive.members) > 1:
        ready = len(archive.members)
        which = (
            wording.say("Download all")
            if ready == len(files)
            else wording.say_number(
                "Download the {number} file that is ready",
                "Download the {number} files that are ready",
                ready,
            )
        )
        as_one = wording.say("as one zip file")
        button = (
            f'<button class="main" name="file" value="all">{which}'
            f'<span class="unseen"> {as_one}</span></button>\n'
        )
    facts = f"{isolated(number)} · {isolated(size)}"
    return f'<div class="bar">\n<h2 id="files">{facts}</h2>\n{button}</div>\n'


_STATES = {
    FileStatus.SCANNING: ("wait", translatable("Being checked for malware")),
    FileStatus.MALICIOUS: (
        "stop",
        translatable("Malware was found in this file. It cannot be downloaded."),
    ),
    FileStatus.UNSCANNABLE: (
        "stop",
        translatable("This file could not be checked for malware. It cannot be downloaded."),
    ),
    FileStatus.REVOKED: ("stop", translatable("This file has been withdrawn.")),
    FileStatus.LOST: ("stop", translatable("This file could not be stored.")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """A row of the list, of whatever file: `until` is HTML, `is_only` if there is no other."""

    until: str
    token: str
    wording: Wording
    is_only: bool

    def row(self, file: OfferedFile) -> str:
        attachment = file.attachment
        kind = kind_of_file(attachment, self.wording)
        facts = isolated(kind)
        if file.status is not FileStatus.LOST:
            facts += f" · {isolated(self.wording.size(attachment.size))}"
        is_kept = file.status in {FileStatus.READY, FileStatus.SCANNING}
        until = f'<p class="facts">{self.until}</p>\n' if is_kept else ""
        return (
            f"<li>\n{self._picture(file)}\n<div>\n<h3>{isolated_name(attachment.filename)}</h3>\n"
            f'<p class="facts">{facts}</p>\n{until}</div>\n{self._action(file)}</li>\n'
        )

    def _picture(self, file: OfferedFile) -> str:
        label = text(file.attachment.extension[:4].upper() or self.wording.say("File"))
        image = ""
        if file.status is FileStatus.READY and may_have_preview(file.attachment):
            # The name beside it says what it is. What turns out to be no image shows its kind.
            image = (
                f'<img src="{text(self.token)}/preview/{file.number}" alt="" data-kind="{label}"'
                ' loading="lazy" decoding="async">'
            )
        if has_page(file):
            # The button beside it has the same target: this link is for eyes and a pointer only.
            return (
                f'<a class="tile" href="{text(self.token)}/look/{file.number}" tabindex="-1"'
                f' aria-hidden="true">{image or label}</a>'
            )
        return f'<span class="tile" aria-hidden="true">{image or label}</span>'

    def _action(self, file: OfferedFile) -> str:
        if file.status is FileStatus.READY:
            look = ' class="main"' if self.is_only else ""
            name = f'<span class="unseen"> {isolated(file.attachment.filename)}</span>'
            return (
                f'<div class="acts">\n{self._view_link(file, name)}'
                f'<button{look} name="file" value="{file.number}">{self.wording.say("Download")}'
                f"{name}</button>\n</div>\n"
            )
        look, state = _STATES[file.status]
        return f'<p class="state {look}">{self.wording.say(state)}</p>\n'

    def _view_link(self, file: OfferedFile, name: str) -> str:
        """What shows a file, or plays it, where a browser can."""
        say = self.wording.say
        if has_page(file):
            href = f"{text(self.token)}/look/{file.number}"
            return f'<a class="button" href="{href}">{say("View")}{name}</a>\n'
        if viewer_of(file.attachment) is Viewer.RECORDING:
            return f'<button name="play" value="{file.number}">{say("Play")}{name}</button>\n'
        return ""


def _navigation(statuses: set[FileStatus], part: int, of: int, wording: Wording) -> str:
    """Where else to go: to the same page again, or to the other pages of a long list."""
    say = wording.say
    again = (
        f'<p class="ways"><a class="button" href="?page={part}">{say("Check again")}</a></p>\n'
        if FileStatus.SCANNING in statuses
        else ""
    )
    if of == 1:
        return again
    others = "".join(
        f'<a class="button" href="?page={there}">{name}</a>\n'
        for name, there in ((say("Previous files"), part - 1), (say("More files"), part + 1))
        if 1 <= there <= of
    )
    where = say("Page {number} of {total}", number=part, total=of)
    return (
        f'{again}<nav class="ways" aria-label="{say("Pages of the list")}">\n{others}'
        f"<span>{where}</span>\n</nav>\n"
    )


def _time(at: datetime, wording: Wording, now: datetime) -> str:
    machine = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f'<time datetime="{machine}">{wording.time(at, now=now)}</time>'
