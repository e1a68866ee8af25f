"""Actions of the console: send a test mail, switch faults of SES, clear what it shows.

Each is a form. Another site could make the user's browser send one too. So a form is accepted only
with the token in our forms, which no other site can read.
"""

from __future__ import annotations

import secrets
import smtplib
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sandbox.ses.errors import SesError
from sandbox.ses.faults import EVENTS, Fault, make_fault
from sandbox.smtp.access import curl_command, openssl_command, smtp_session, swaks_command

from .off_loop import off_loop
from .page import Console, Endpoint, read_number
from .sample_mail import KINDS

_MAX_FORM = 10_000  # bytes
_UNTIL_SWITCHED_OFF = 1_000_000  # times

Action = Callable[[Console, Mapping[str, str]], str]
"""Carries out a form; returns the path of the page that shows the result."""

FAULTS = {
    "TooManyRequestsException": "SES accepts no more mails this second: the mail is retried.",
    "LimitExceededException": "The daily quota is used up: mail is parked.",
    "SendingPausedException": "Sending is paused for the account: mail is parked.",
    "AccountSuspendedException": "The account is suspended: mail is parked.",
    "MessageRejected": "SES rejects the mail permanently: the recipient fails, with a notice.",
    "InternalServiceErrorException": "SES has an internal error: the mail is retried.",
    "Bounce": "SES accepts the mail and it bounces: no more mail goes there.",
    "Complaint": "SES accepts the mail and its recipient complains: no more mail goes there.",
}
"""The kinds of fault that have a switch, each with its consequence."""


def send(console: Console, _request: Request) -> Response:
    """The page with connection details, and a button that sends a test mail."""
    smtp, code = console.content.smtp, console.content.code
    return console.render(
        "send.html",
        title="Send a mail",
        section="send",
        has_forms=True,
        kinds=KINDS,
        smtp=smtp,
        code=code,
        swaks=swaks_command(smtp, code),
        curl=curl_command(smtp, code),
        openssl=openssl_command(smtp),
        session="\n".join(smtp_session(smtp, code)),
    )


def faults(console: Console, _request: Request) -> Response:
    """The faults of SES, each with a switch."""
    left: Sequence[Fault] = ()
    problem = ""
    try:
        left = console.content.faults.left()
    except SesError as error:
        problem = error.message
    return console.render(
        "faults.html",
        title="Faults",
        section="faults",
        live="faults",
        has_forms=True,
        kinds=FAULTS,
        events=EVENTS,
        left={kind: [one for one in left if one.kind == kind] for kind in FAULTS},
        others=[one for one in left if one.kind not in FAULTS],
        many=_UNTIL_SWITCHED_OFF // 2,
        problem=problem,
        file=console.content.faults.path,
    )


def action_endpoint(console: Console, action: Action) -> Endpoint:
    """An endpoint that checks a form's token, runs the action, and redirects."""

    async def answer(request: Request) -> Response:
        form = await _read_form(request)
        if not secrets.compare_digest(form.get("token", "").encode(), console.token.encode()):
            raise HTTPException(
                HTTPStatus.FORBIDDEN,
                "This form is from an earlier run of the sandbox. Reload the page.",
            )
        return RedirectResponse(
            await off_loop(lambda: action(console, form)), HTTPStatus.SEE_OTHER
        )

    return answer


async def _read_form(request: Request) -> Mapping[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_FORM:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        found = parse_qs(body.decode(), max_num_fields=20, keep_blank_values=True)
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The request is not a form.") from None
    return {name: values[-1] for name, values in found.items()}


def send_test(console: Console, form: Mapping[str, str]) -> str:
    """Send a test mail; return the path of its page."""
    try:
        message_id = console.content.mailer.send(
            form.get("kind", ""), form.get("recipient", "").strip()
        )
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"Nothing was sent: {error}.") from None
    except smtplib.SMTPException as error:
        raise HTTPException(HTTPStatus.BAD_GATEWAY, f"Mail not accepted: {error}") from None
    return f"/incoming/{quote(message_id, safe='')}"


def switch_fault(console: Console, form: Mapping[str, str]) -> str:
    """Switch one kind of fault on or off, or all of them off."""
    kind = form.get("kind", "")
    recipient = form.get("recipient", "").strip() or None
    times = read_number(form.get("times", ""), otherwise=_UNTIL_SWITCHED_OFF)

    if form.get("to") == "on" and kind in EVENTS and recipient is None:
        # Without a recipient, the device's incoming mail would meet the fault (`device_hop`).
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"Name the recipient of the {kind}.")

    def change(left: Sequence[Fault]) -> list[Fault]:
        if form.get("to") == "all-off":
            return []
        kept = [one for one in left if one.kind != kind]
        if form.get("to") == "on" and kind in FAULTS:
            return [*kept, make_fault(kind, times=times, recipient=recipient)]
        return kept

    console.content.faults.change(change)
    return "/faults"


def clear(console: Console, _form: Mapping[str, str]) -> str:
    """Hide the mails that are finished."""
    console.content.clear()
    return "/"
