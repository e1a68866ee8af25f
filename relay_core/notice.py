"""What the operator reads about a mail that was not, or not wholly, relayed.

The text says what came, from whom, what was wrong, where the raw message lies and what to
do; it never holds a link to an attachment or any of the mail's content beyond its subject
and the offending part of the recipient code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import Reason, Refusal
from .manifest import MessageId
from .ports import Notice, RawKey


@dataclass(frozen=True, slots=True, kw_only=True)
class MailIdentity:
    """What a notice and the log call a mail. `sender` is an addr-spec, or None."""

    message_id: MessageId
    raw_key: RawKey
    sender: str | None
    subject: str


_ADVICE = {
    Reason.NO_RECIPIENT_CODE: (
        "Let the device write the recipients into the body of its mail, as\n"
        "  :{marker}:someone@example.org,another@example.org:{marker}:"
    ),
    Reason.MALFORMED_RECIPIENT_CODE: "Correct the recipient code in the device's settings.",
    Reason.UNKNOWN_GROUP: "Add the group to recipientGroups, or correct its name in the device.",
    Reason.RECIPIENT_NOT_ALLOWED: "If mail may go there, add it to allowedRecipients and deploy.",
    Reason.TOO_MANY_RECIPIENTS: "Name fewer recipients, or raise maxRecipients and deploy.",
    Reason.SENDER_NOT_ALLOWED: "If it is a device of yours, add it to allowedSenders and deploy.",
    Reason.SPAM: "If it is a device of yours, set spamAction to mark and deploy.",
    Reason.VIRUS: "Look at the device that sent it. Do not open the raw message carelessly.",
    Reason.AUTHENTICATION_FAILED: "If it is a device of yours, let it send through Amazon SES.",
    Reason.MAIL_LOOP: "Take this relay's own addresses out of the recipient code.",
    Reason.DELIVERY_REPORT: "Nothing.",
    Reason.MALFORMED_MESSAGE: "Look at the raw message and at the device that sent it.",
    Reason.LIMIT_EXCEEDED: "Let the device send smaller mails.",
    Reason.SUBMISSION_FAILED: "Check the recipient's address, then send the mail again.",
}


def compose_notice(
    mail: MailIdentity, refusals: Sequence[Refusal], *, marker: str, relayed_to: int = 0
) -> Notice:
    """The notice about one mail. `relayed_to` counts the recipients who get it all the same.

    Raises:
        ValueError: if there is no refusal to tell.
    """
    if not refusals:
        raise ValueError("a notice needs something to tell")
    reason = refusals[0].reason
    if relayed_to:
        people = "1 recipient" if relayed_to == 1 else f"{relayed_to} recipients"
        headline = f"A mail was relayed to {people}, but not to all."
    else:
        headline = "A mail was not relayed."
    reasons = list(dict.fromkeys(refusal.reason for refusal in refusals))
    lines = [
        headline,
        "",
        f"From:    {mail.sender or '(no usable address)'}",
        f"Subject: {mail.subject or '(none)'}",
        f"Message: {mail.message_id}",
        f"Raw:     {mail.raw_key} in the incoming bucket",
        "",
        "What was wrong:",
        *(f"* {refusal.reason}: {_indented(refusal.detail)}" for refusal in refusals),
        "",
        "What to do:",
        *(f"* {_indented(_ADVICE[reason].format(marker=marker))}" for reason in reasons),
    ]
    return Notice(
        reason=reason,
        sender=mail.sender,
        subject=f"Mail relay: {reason} ({mail.sender or 'unknown sender'})",
        text="\n".join(lines) + "\n",
    )


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
