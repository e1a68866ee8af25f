"""The notice to the operator about a mail that was not relayed, or not to all recipients.

The text names the stack, the mail, its sender, what is wrong, the key of the raw message, what to
do, the commands to type, and the place in the documentation. Of the mail itself it contains the
subject and the wrong part of the recipient code, never a link to an attachment.

Text of the mail is quoted safely: control characters cannot start a new line, and mail programs
make no link of it (`quoting`). So a sender cannot use a notice to deceive the operator. The
addresses of the sender and of recipients stay unchanged, so that they can be copied. The secret
addresses of the relay are removed: a notice may go to a chat.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from relay_core.addresses.secrecy import conceal
from relay_core.errors import Reason, Refusal
from relay_core.keys import MessageId
from relay_core.policy.arrival import Arrival
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Notice
from relay_core.record.manifest import MAX_LEFT_OUT
from relay_core.settings import Settings

from .quoting import quote_words

# For the reasons of refusal. An ignored mail has no notice.
_ADVICE = {
    Reason.NO_RECIPIENT_CODE: (
        "Make the device write the recipients into the body or the Subject of its mail, as\n"
        "  {code}\n"
        "or give its address default recipients: 'relayctl directory edit'."
    ),
    Reason.MALFORMED_RECIPIENT_CODE: "Correct the recipient code in the device's settings.",
    Reason.UNKNOWN_GROUP: (
        "Correct the recipient directory ('relayctl directory edit'), or the group's name in\n"
        "the device."
    ),
    Reason.RECIPIENT_NOT_ALLOWED: "If mail may go there, add it to allowedRecipients and deploy.",
    Reason.TOO_MANY_RECIPIENTS: "Name fewer recipients, or raise maxRecipients and deploy.",
    Reason.SENDER_NOT_ALLOWED: "If it is a device of yours, add it to allowedSenders and deploy.",
    Reason.SPAM: "If it is a device of yours, set spamAction to mark and deploy.",
    Reason.VIRUS: "Check the device that sent it. Take care if you open the raw message.",
    Reason.AUTHENTICATION_FAILED: "If it is a device of yours, make it send through Amazon SES.",
    Reason.MAIL_LOOP: "Remove this relay's own addresses from the recipient code.",
    Reason.MALFORMED_MESSAGE: "Check the raw message and the device that sent it.",
    Reason.LIMIT_EXCEEDED: "Make the device send smaller mails, or fewer.",
    Reason.SUBMISSION_FAILED: "Check the recipient's address, and SES's answer above.",
}

_STAYS_WRONG = frozenset(
    {
        Reason.MALFORMED_RECIPIENT_CODE,
        Reason.VIRUS,
        Reason.MAIL_LOOP,
        Reason.MALFORMED_MESSAGE,
    }
)
"""Reasons in the mail itself: the same mail is refused again."""


MAX_REPORTED_REFUSALS = 50
"""How many refusals one notice lists; it counts the others."""

MAX_DETAIL = 2000
"""Characters of a refusal's detail, or of a subject, that a notice quotes."""


def kept_refusals(refusals: Sequence[Refusal]) -> tuple[Refusal, ...]:
    """The refusals that a manifest keeps: those that a notice lists, and those with an address.

    Their details are cut to the length that a notice quotes.
    """
    return tuple(
        replace(one, detail=one.detail[:MAX_DETAIL])
        for number, one in enumerate(refusals[:MAX_LEFT_OUT])
        if number < MAX_REPORTED_REFUSALS or one.address is not None
    )


def compose_notice(
    mail: MailIdentity,
    refusals: Sequence[Refusal],
    settings: Settings,
    *,
    relayed_to: int = 0,
    headline: str | None = None,
) -> Notice:
    """The notice about one mail. `relayed_to` counts the recipients who get the mail.

    `headline` is its first sentence, where that differs from "A mail was not relayed" and similar.

    Raises:
        ValueError: if there is no refusal.
    """
    if not refusals:
        raise ValueError("a notice needs at least one refusal")
    reason, code = refusals[0].reason, " or ".join(map(_example, settings.markers))
    shown = [
        Refusal(
            reason=one.reason,
            detail=_quoted(
                conceal(one.detail, settings.secret_addresses), markers=settings.markers
            ),
        )
        for one in refusals[:MAX_REPORTED_REFUSALS]
    ]
    more = len(refusals) - len(shown)
    subject = " ".join(_quoted(mail.subject, keeps_addresses=False).split())
    exact_sender = mail.sender and conceal(mail.sender, settings.secret_addresses)
    sender = exact_sender and _quoted(exact_sender)
    if headline is not None:
        pass
    elif relayed_to:
        people = "1 recipient" if relayed_to == 1 else f"{relayed_to} recipients"
        headline = f"A mail was relayed to {people}, but not to all."
    else:
        headline = "A mail was not relayed."
    reasons = list(dict.fromkeys(refusal.reason for refusal in refusals))
    lines = [
        headline,
        "",
        f"Stack:   {settings.stack}",
        f"From:    {sender or '(no usable address)'}",
        f"Subject: {subject or '(none)'}",
        *_way(mail.arrival),
        f"Message: {mail.message_id}",
        f"Raw:     {mail.raw_key} in the incoming bucket",
        "",
        "What is wrong:",
        *(f"* {refusal.reason}: {_indented(refusal.detail)}" for refusal in shown),
        *([f"* and {more} more"] if more else []),
        "",
        "What to do:",
        *(f"* {_indented(_ADVICE[reason].format(code=code))}" for reason in reasons),
        *_commands(mail.message_id, reasons, others_have_it=relayed_to > 0),
        "",
        f"More: {settings.place_of_notices}",
    ]
    return Notice(
        reason=reason,
        sender=exact_sender,  # without quoting: subscribers filter by it
        subject=f"Mail relay {settings.stack}: {reason} ({sender or 'unknown sender'})",
        text="\n".join(lines) + "\n",
        message_id=mail.message_id,
        raw_key=mail.raw_key,
        mail_subject=subject,
        refusals=tuple(shown),
        more_refusals=more,
        relayed_to=relayed_to,
    )


def _example(marker: str) -> str:
    return f":{marker}:someone@example.org,another@example.org:{marker}:"


def _way(arrival: Arrival) -> Iterator[str]:
    """How the mail came (labels, previous address), without the address, which is a secret."""
    previous = ["a previous address"] if arrival.is_previous else []
    labels = [_quoted(f"+{one}") for one in arrival.labels]
    if words := [*previous, *labels]:
        yield f"Sent to: {' '.join(words)}"


def _commands(
    message_id: MessageId, reasons: Sequence[Reason], *, others_have_it: bool
) -> Iterator[str]:
    yield f"* See its state:              relayctl show {message_id}"
    if not _STAYS_WRONG.issuperset(reasons):
        option = " --recipient ADDRESS" if others_have_it else ""
        yield f"* After the correction, send: relayctl redeliver {message_id}{option}"


def _quoted(text: str, *, markers: tuple[str, ...] = (), keeps_addresses: bool = True) -> str:
    """Text of the mail, cut to the quoted length, without links."""
    if len(text) > MAX_DETAIL:
        text = text[:MAX_DETAIL] + "…"
    return quote_words(text, markers=markers, keeps_addresses=keeps_addresses)


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
