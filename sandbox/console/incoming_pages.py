"""The pages of incoming mails: a list, and the steps of each mail as a diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from .mail import read_mail
from .mail_progress import IncomingMail, MailState, explain_state, state_of, steps_of_mail
from .page import Console, has_words, search_words, slice_of
from .readable import frame_of, part_of, source_of, view_of

Row = Mapping[str, Any]


def rows_of(mails: Sequence[IncomingMail]) -> list[Row]:
    """Each mail with the columns of a list."""
    now = datetime.now(UTC)
    return [
        {
            "mail": one,
            "fate": state_of(one, now),
            "way": steps_of_mail(one, now),
            "why": explain_state(one),
        }
        for one in mails
    ]


def incoming(console: Console, request: Request) -> Response:
    """The incoming mails, filtered by search words or by one fate."""
    words, fate = search_words(request), request.query_params.get("fate", "")
    rows = rows_of(console.content.incoming_mails())
    counts = {one: sum(row["fate"] is one for row in rows) for one in MailState}
    found = [
        row
        for row in rows
        if (fate not in set(MailState) or row["fate"] == fate) and has_words(words, *_texts(row))
    ]
    page = slice_of(request, len(found))
    return console.render(
        "incoming.html",
        title="Incoming",
        section="incoming",
        live="activity log queues",
        has_forms=True,
        rows=found[page.start : page.end],
        counts={one: number for one, number in counts.items() if number},
        fate=fate,
        sought=" ".join(words),
        total=len(rows),
        page=page,
    )


def _texts(row: Row) -> list[str]:
    mail: IncomingMail = row["mail"]
    heading, manifest = mail.heading, mail.manifest
    recipients = [one.recipient for one in manifest.deliveries] if manifest else []
    return [
        *(mail.raw_key, mail.trace.envelope, heading.subject, heading.sender, heading.recipient),
        *recipients,
        *(row["why"], row["fate"]),
    ]


def incoming_mail(console: Console, request: Request) -> Response:
    """One mail: its steps, recipients, notices, log lines and source."""
    mail = _find(console, request)
    [row] = rows_of([mail])
    notices = [
        notice
        for notice in console.content.read_notices()
        if notice.get("document", {}).get("message_id") == mail.message_id
    ]
    return console.render(
        "incoming_mail.html",
        title=mail.heading.subject or "(no subject)",
        section="incoming",
        live="activity log queues",
        row=row,
        incoming=mail,
        delivered=_delivered(console, mail),
        downloads=console.content.incoming.downloads(mail),
        notices=notices,
        lines=console.content.journal.lines_about(mail.message_id),
        **view_of(console.content.incoming.raw(mail), request, usual="source"),
    )


def _delivered(console: Console, mail: IncomingMail) -> Mapping[str, tuple[str, str]]:
    """The mailbox and file name of each recipient's mail, by SES's message id."""
    wanted = {one.submission_id for one in mail.manifest.deliveries} if mail.manifest else set()
    return {
        submission_id: (box.name, path.name)
        for box in console.content.outbox.mailboxes()
        for _, path in box.mails
        if (submission_id := path.name.partition(".")[0]) in wanted
    }


def incoming_frame(console: Console, request: Request) -> Response:
    """The mail's HTML."""
    return frame_of(read_mail(_raw(console, request)))


def incoming_source(console: Console, request: Request) -> Response:
    """The mail's bytes, as SES stored them."""
    return source_of(_raw(console, request))


def incoming_part(console: Console, request: Request) -> Response:
    """One file of the mail."""
    return part_of(read_mail(_raw(console, request)), request.path_params["number"])


def _find(console: Console, request: Request) -> IncomingMail:
    """The mail with the request's id, among the existing ones. The id is never used as a key."""
    wanted = request.path_params["message_id"]
    for mail in console.content.incoming.mails():
        if mail.message_id == wanted:
            return mail
    raise HTTPException(
        HTTPStatus.NOT_FOUND,
        "There is no mail with this id, or it is not among the newest.",
    )


def _raw(console: Console, request: Request) -> bytes:
    return console.content.incoming.raw(_find(console, request))
