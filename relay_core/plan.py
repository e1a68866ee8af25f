"""What the relay decides about a mail before it acts: everything, as data.

`plan_relay` does no I/O and knows no clock and no environment. The same message yields the
same plan every time, keys included, which is what makes a redelivery harmless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .admission import Ignored, admit, find_author, find_sender, resolve_recipients
from .attachment import Action, Attachment, find_attachments, find_bodies
from .errors import LimitExceeded, MalformedMessage, Reason, Refusal, Span
from .manifest import MessageId
from .message import Entity, Message, parse_message
from .notice import MailIdentity
from .outgoing_header import Sender
from .ports import AttachmentKey, RawKey
from .recipient_code import RecipientCode, find_in_html, find_in_text, format_error
from .rewrite import cut
from .settings import Settings


class Outcome(StrEnum):
    """How one mail ended, short of an error that sends it back to the queue."""

    RELAYED = "relayed"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """What was done with one mail, for the log and the metrics.

    `reason` and `detail` tell why a mail was refused or ignored. `submitted` counts the
    recipients whose mail was taken now, `already_submitted` those an earlier delivery of the
    same message had served, `failed` those that can never be served. `attachments` and
    `attachment_bytes` count what was detached.
    """

    message_id: MessageId
    outcome: Outcome
    reason: Reason | None = None
    detail: str = ""
    submitted: int = 0
    already_submitted: int = 0
    failed: int = 0
    attachments: int = 0
    attachment_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One attachment to store, and the key to store it under."""

    key: AttachmentKey
    attachment: Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPlan:
    """A mail that goes out: to whom, with which texts, without which attachments.

    `removals` are the spans, in characters, to cut from the texts: recipient codes, and files
    that stand in a text. `subject` is None where the field stays as it came. `refusals` tell
    which recipients were left out, and why.
    """

    mail: MailIdentity
    message: Message
    sender: Sender
    recipients: tuple[str, ...]
    uploads: tuple[Upload, ...]
    removals: Mapping[Entity, tuple[Span, ...]]
    subject: str | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A mail that does not go out, and why. The operator gets a notice.

    `message` is None where the bytes could not be read as one.
    """

    mail: MailIdentity
    message: Message | None
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A mail that is ignored on purpose, and why. The log gets a line."""

    mail: MailIdentity
    message: Message
    ignored: Ignored


def message_id_of(raw_key: RawKey) -> MessageId:
    """The relay's name for a mail: the last component of its key, harmless in other keys."""
    return MessageId(re.sub(r"[^A-Za-z0-9._=-]", "_", raw_key.rpartition("/")[2]) or "_")


def plan_relay(raw: bytes, raw_key: RawKey, settings: Settings) -> RelayPlan | Refused | Dropped:
    """Decide everything about one mail. Never raises on content."""
    message_id = message_id_of(raw_key)
    try:
        message = parse_message(raw, settings.limits)
    except (MalformedMessage, LimitExceeded) as error:
        too_much = isinstance(error, LimitExceeded)
        reason = Reason.LIMIT_EXCEEDED if too_much else Reason.MALFORMED_MESSAGE
        unread = MailIdentity(message_id=message_id, raw_key=raw_key, sender=None, subject="")
        refusal = Refusal(reason=reason, detail=str(error))
        return Refused(mail=unread, message=None, refusals=(refusal,))
    codes = find_codes(message, settings.recipient_marker)
    mail = MailIdentity(
        message_id=message_id,
        raw_key=raw_key,
        sender=find_sender(message.header),
        subject=codes.subject,
    )
    admission = admit(message, settings)
    if isinstance(admission, Ignored):
        return Dropped(mail=mail, message=message, ignored=admission)
    if isinstance(admission, Refusal):
        return Refused(mail=mail, message=message, refusals=(admission,))
    if not codes.found:
        detail = (
            f"no body holds a code :{settings.recipient_marker}:…:{settings.recipient_marker}:"
        )
        missing = Refusal(reason=Reason.NO_RECIPIENT_CODE, detail=detail)
        return Refused(mail=mail, message=message, refusals=(missing,))
    resolved = resolve_recipients(
        [entry for code in codes.found for entry in code.entries], settings
    )
    refusals = resolved.refusals + codes.refusals
    if not resolved.recipients:
        return Refused(mail=mail, message=message, refusals=refusals)
    return plan_deliveries(
        message,
        mail,
        codes,
        resolved.recipients,
        settings,
        marks=admission.marks,
        refusals=refusals,
    )


def plan_deliveries(
    message: Message,
    mail: MailIdentity,
    codes: CodesFound,
    recipients: tuple[str, ...],
    settings: Settings,
    *,
    marks: Sequence[str] = (),
    refusals: tuple[Refusal, ...] = (),
) -> RelayPlan:
    """The mail as it goes out to those recipients, whoever named them.

    `marks` are words to put before the subject.
    """
    subject = " ".join([*marks, codes.subject])
    detached = [
        attachment
        for attachment in find_attachments(message, inline_image_limit=settings.inline_image_limit)
        if attachment.action is Action.DETACH
    ]
    return RelayPlan(
        mail=mail,
        message=message,
        sender=_sender(message, settings),
        recipients=recipients,
        uploads=tuple(
            Upload(key=_key(mail.message_id, attachment), attachment=attachment)
            for attachment in detached
        ),
        removals=_removals(codes, detached),
        subject=subject if marks or codes.subject_changed else None,
        refusals=refusals,
    )


def _removals(codes: CodesFound, detached: Sequence[Attachment]) -> dict[Entity, tuple[Span, ...]]:
    removals = {entity: list(spans) for entity, spans in codes.removals.items()}
    for attachment in detached:
        if attachment.embedded is not None:
            removals.setdefault(attachment.entity, []).append(attachment.embedded.span)
    return {entity: _merged(spans) for entity, spans in removals.items()}


def _merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans sorted, those that touch or overlap made one."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def _key(message_id: MessageId, attachment: Attachment) -> AttachmentKey:
    return AttachmentKey(f"attachments/{message_id}/{attachment.index}/{attachment.safe_name}")


def _sender(message: Message, settings: Settings) -> Sender:
    author = find_author(message.header)
    if author is None:
        return Sender(address=settings.sender_address, display_name="", reply_to=None)
    return Sender(
        address=settings.sender_address,
        display_name=author.display_name or author.addr_spec,
        reply_to=author.addr_spec,
    )


# --- the recipient codes of a message -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesFound:
    """The codes that count, what was wrong with them, and where to cut them from the texts.

    A code in text/plain counts before one in text/html, which usually says the same again.
    `removals` are sorted, disjoint spans, in characters of each body's text. A code in the
    subject is taken out; it does not count.
    """

    found: tuple[RecipientCode, ...]
    refusals: tuple[Refusal, ...]
    removals: Mapping[Entity, tuple[Span, ...]]
    subject: str
    subject_changed: bool


def find_codes(message: Message, marker: str) -> CodesFound:
    """Find the recipient codes in every body."""
    removals: dict[Entity, tuple[Span, ...]] = {}
    plain: list[RecipientCode] = []
    html: list[RecipientCode] = []
    refusals: dict[tuple[str, str], Refusal] = {}
    for entity in find_bodies(message):
        is_html = entity.media_type.full == "text/html"
        text = message.text(entity).text
        found = (find_in_html if is_html else find_in_text)(text, marker)
        (html if is_html else plain).extend(found.codes)
        if found.removals:
            removals[entity] = found.removals
        for code in found.codes:
            for error in code.errors:
                # The HTML usually repeats what the text got wrong: told once is enough.
                detail = format_error(text, error)
                refusals.setdefault(
                    (error.expected, error.found),
                    Refusal(reason=Reason.MALFORMED_RECIPIENT_CODE, detail=detail),
                )
    counting = plain if any(code.entries for code in plain) else plain + html
    subject = message.header.text("subject") or ""
    in_subject = find_in_text(subject, marker).removals
    return CodesFound(
        found=tuple(counting),
        refusals=tuple(refusals.values()),
        removals=removals,
        subject=" ".join(cut(subject, in_subject).split()),
        subject_changed=bool(in_subject),
    )
