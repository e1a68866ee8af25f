"""The recipients' mailboxes, and each mail in them."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox.ses.outbox import Mailbox

from .content import ListedMail, list_mails
from .mail import read_mail
from .page import Console, has_words, search_words, slice_of
from .readable import frame_of, part_of, source_of, view_of

_MAX_SEARCHED = 500  # of the newest mails
_MAX_FOUND = 100


def mailboxes(console: Console, request: Request) -> Response:
    """Every mailbox; with a search, the matching mails."""
    words = search_words(request)
    found = _find(console, words) if words else []
    boxes = [(box, list_mails(box, box.mails[:1])[0]) for box in console.content.mailboxes()]
    return console.render(
        "mailboxes.html",
        title="Mail",
        section="mail",
        live="mail",
        has_forms=True,
        boxes=boxes,
        sought=" ".join(words),
        found=found[:_MAX_FOUND],
    )


def _find(console: Console, words: list[str]) -> list[ListedMail]:
    return [
        mail
        for mail in console.content.newest(_MAX_SEARCHED)
        if has_words(words, mail.mailbox, mail.name, mail.heading.subject, mail.heading.sender)
    ]


def mailbox(console: Console, request: Request) -> Response:
    """One mailbox, newest mail first."""
    whole = _find_mailbox(console, request)
    seen = {box.name: box for box in console.content.mailboxes()}
    box = seen.get(whole.name, Mailbox(whole.name, ()))
    page = slice_of(request, len(box.mails))
    return console.render(
        "mailbox.html",
        title=box.name,
        section="mail",
        live="mail",
        box=box,
        mails=list_mails(box, box.mails[page.start : page.end]),
        page=page,
    )


def mail(console: Console, request: Request) -> Response:
    """The page of one mail."""
    box, index = _find_mail(console, request)
    view = view_of(box.mails[index][1].read_bytes(), request)
    return console.render(
        "mail.html",
        title=view["mail"].heading.subject or "(no subject)",
        section="mail",
        box=box,
        listed=list_mails(box, box.mails[index : index + 1])[0],
        newer=box.mails[index - 1][1].name if index else None,
        older=box.mails[index + 1][1].name if index + 1 < len(box.mails) else None,
        **view,
    )


def mail_frame(console: Console, request: Request) -> Response:
    """The mail's HTML."""
    return frame_of(read_mail(_read(console, request)))


def mail_source(console: Console, request: Request) -> Response:
    """The mail's bytes."""
    return source_of(_read(console, request))


def mail_part(console: Console, request: Request) -> Response:
    """One file of the mail."""
    return part_of(read_mail(_read(console, request)), request.path_params["number"])


def _find_mailbox(console: Console, request: Request) -> Mailbox:
    box = console.content.mailbox(request.path_params["mailbox"])
    if box is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return box


def _find_mail(console: Console, request: Request) -> tuple[Mailbox, int]:
    """The mailbox and the mail's index in it. Names are compared, never used as a path."""
    box, name = _find_mailbox(console, request), request.path_params["name"]
    for index, (_, path) in enumerate(box.mails):
        if path.name == name:
            return box, index
    raise HTTPException(HTTPStatus.NOT_FOUND)


def _read(console: Console, request: Request) -> bytes:
    box, index = _find_mail(console, request)
    return box.mails[index][1].read_bytes()
