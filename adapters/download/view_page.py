"""The page that shows one file: a picture in full size, a recording to play, a text's first lines.

Nothing of a file runs or is rendered on the page's own origin. A picture is an image of `preview`,
a text is escaped, and a recording is played from the store's host, which the policy of that one
page names (`media-src`, Content Security Policy Level 3 section 6.1.8).

A picture and a text are at an address of their own, and looking at them is recorded nowhere. A
recording is handed out as a whole file is: by a form, since a GET leads to no file, and recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from relay_core.links.download import FileStatus, LinkView, OfferedFile
from relay_core.links.excerpt import Excerpt
from relay_core.links.viewing import Viewer, viewer_of

from .document import content_policy, document, isolated, text
from .frame import PLAIN, Frame
from .http import Answer
from .kinds import kind_of_file


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """The file that a page shows, and where the page is.

    `list_url` is the address of the list of files, relative to the page's own; `neighbour_base`
    that of this page's neighbours, to which a number is appended. `origin` is where files are
    fetched from.
    """

    view: LinkView
    file: OfferedFile
    list_url: str
    neighbour_base: str
    origin: str
    frame: Frame = PLAIN


def picture_page(opened: OpenedFile, image: str) -> Answer:
    """The page with the picture at the address `image`, relative to it."""
    name, say = text(opened.file.attachment.filename), opened.frame.wording.say
    return _page(
        opened,
        f'<p class="shown"><img src="{text(image)}" alt="{name}"'
        f' data-kind="{say("This picture cannot be shown here. Download it instead.")}"></p>\n',
    )


def text_page(opened: OpenedFile, excerpt: Excerpt | None) -> Answer:
    """The page with a text's first lines; None if the file turned out to be no text."""
    say = opened.frame.wording.say
    if excerpt is None:
        told = say("This file cannot be shown here. Download it instead.")
        return _page(opened, f'<p class="note">{told}</p>\n')
    content = _table(excerpt.rows) if excerpt.rows else f"<pre>{_lines(excerpt.lines)}</pre>\n"
    label = say("Content of the file")
    content = (
        # It can be scrolled by keyboard, says what it is, and begins on the side of its own words.
        f'<div class="shown" dir="auto" role="region" tabindex="0" aria-label="{label}">\n'
        f"{content}</div>\n"
    )
    if not excerpt.is_whole:
        told = say("These are the first lines. Download the file to see all of it.")
        content += f'<p class="note">{told}</p>\n'
    return _page(opened, content)


def recording_page(opened: OpenedFile, url: str, media_type: str) -> Answer:
    """The page that plays what is at `url`."""
    element = "audio" if media_type.startswith("audio/") else "video"
    name = text(opened.file.attachment.filename)
    told = opened.frame.wording.say("If it does not play in this browser, download it instead.")
    return _page(
        opened,
        f'<p class="shown"><{element} controls playsinline preload="metadata"'
        f' aria-label="{name}" src="{text(url)}"></{element}></p>\n'
        f'<p class="note">{told}</p>\n',
        media=opened.origin,
    )


def _page(opened: OpenedFile, content: str, *, media: str | None = None) -> Answer:
    file, frame = opened.file, opened.frame
    wording, say = frame.wording, frame.wording.say
    name, list_url = file.attachment.filename, text(opened.list_url)
    kind = kind_of_file(file.attachment, wording)
    facts = f"{isolated(kind)} · {isolated(wording.size(file.attachment.size))}"
    body = (
        f'<p class="ways"><a href="{list_url}">{say("All files")}</a></p>\n'
        f'<header>\n<h1 class="name">{isolated(name)}</h1>\n<p class="facts">{facts}</p>\n'
        f'</header>\n{content}<form method="post" action="{list_url}">\n'
        f'<p class="ways"><button class="main" name="file" value="{file.number}">'
        f"{say('Download')}</button></p>\n</form>\n{_neighbours(opened)}"
    )
    return Answer(
        status=HTTPStatus.OK,
        content_type="text/html; charset=utf-8",
        body=document(name, body, frame),
        policy=content_policy(
            frame, images="'self' data:", form_action=f"'self' {opened.origin}", media=media
        ),
    )


def _neighbours(opened: OpenedFile) -> str:
    """Links to the files before and after that have a page of their own as well."""
    say = opened.frame.wording.say
    files = [one for one in opened.view.files if has_page(one)]
    here = opened.file.number
    before = max((one.number for one in files if one.number < here), default=None)
    after = min((one.number for one in files if one.number > here), default=None)
    links = "".join(
        f'<a class="button" href="{text(opened.neighbour_base)}{number}">{label}</a>\n'
        for label, number in ((say("Previous"), before), (say("Next"), after))
        if number is not None
    )
    if not links:
        return ""
    return f'<nav class="ways" aria-label="{say("Other files")}">\n{links}</nav>\n'


def has_page(file: OfferedFile) -> bool:
    """Whether looking at a file has an address of its own."""
    return file.status is FileStatus.READY and viewer_of(file.attachment) in {
        Viewer.PICTURE,
        Viewer.TEXT,
    }


def _lines(lines: Iterable[str]) -> str:
    # A line break right behind the tag is none (HTML Living Standard, section 13.2.6.4.7).
    return "\n" + "\n".join(text(line) for line in lines)


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    width = max(map(len, rows))
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{text(cell)}</td>" for cell in row + ("",) * (width - len(row)))
        + "</tr>\n"
        for row in rows
    )
    return f"<table>\n{lines}</table>\n"
