"""What the relay decides about a mail before it acts: everything, as data.

`plan_relay` does no I/O and knows no clock and no environment. The same message yields the
same plan every time, keys included, which is what makes a redelivery harmless.

It goes in two steps, because most mails need no recipient directory, and should not wait for
one: `plan_admission` reads a mail and says whether it may be relayed at all, `plan_recipients`
to whom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .admission import Ignored, admit, resolve_recipients
from .attachment import (
    Action,
    Attachment,
    find_attachments,
    find_bodies,
    find_embedded,
    safe_name,
)
from .authentication import Origin, find_origin, has_receipt
from .author import find_name, find_replies
from .directory import EMPTY_DIRECTORY, Directory, find_default_recipients
from .errors import LimitExceeded, MalformedMessage, Reason, Refusal, Span
from .mailbox import Mailbox, domain_of
from .manifest import MessageId
from .message import Entity, Message, parse_message
from .notice import MailIdentity
from .outgoing_header import Sender
from .ports import AttachmentKey, RawKey
from .recipient_code import (
    MAX_LOOKS,
    Group,
    RecipientCode,
    find_in_html,
    find_in_text,
    format_error,
)
from .secrecy import conceal
from .settings import CodesCounted, Settings
from .spans import cut


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedMail:
    """A mail that may be relayed, whoever its recipients turn out to be.

    `marks` are words to put before its subject.
    """

    mail: MailIdentity
    message: Message
    codes: CodesFound
    marks: tuple[str, ...]

    @property
    def needs_directory(self) -> bool:
        """Whether its recipients depend on the recipient directory."""
        return not self.codes.found or any(
            isinstance(entry, Group) for code in self.codes.found for entry in code.entries
        )


def message_id_of(raw_key: RawKey) -> MessageId:
    """The relay's name for a mail: the last component of its key, harmless in other keys."""
    return MessageId(re.sub(r"[^A-Za-z0-9._=-]", "_", raw_key.rpartition("/")[2]) or "_")


def plan_relay(
    raw: bytes,
    raw_key: RawKey,
    settings: Settings,
    directory: Directory = EMPTY_DIRECTORY,
    *,
    may_lack_receipt: bool = False,
) -> RelayPlan | Refused | Dropped:
    """Decide everything about one mail. Never raises on content.

    With `may_lack_receipt` a mail that SES has not received yet is planned as if its device
    had handed it to SES, which proves its author (see `plan_admission`).
    """
    admitted = plan_admission(raw, raw_key, settings, may_lack_receipt=may_lack_receipt)
    if isinstance(admitted, AdmittedMail):
        return plan_recipients(admitted, settings, directory)
    return admitted


def plan_admission(
    raw: bytes, raw_key: RawKey, settings: Settings, *, may_lack_receipt: bool = False
) -> AdmittedMail | Refused | Dropped:
    """Read one mail, and decide whether it may be relayed. Never raises on content.

    What lies in the incoming bucket has SES's fields on top, and is judged by them. A file on
    somebody's desk may have none (`may_lack_receipt`); then it counts as authenticated.
    """
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
    origin = find_origin(message.header)
    if may_lack_receipt and not has_receipt(message.header):
        origin = Origin(author=origin.author, authenticated=True)
    mail = MailIdentity(
        message_id=message_id,
        raw_key=raw_key,
        sender=origin.author,
        subject=conceal(codes.subject, settings.secret_addresses),
        authenticated=origin.authenticated,
    )
    admission = admit(message, origin, settings)
    if isinstance(admission, Ignored):
        return Dropped(mail=mail, message=message, ignored=admission)
    if isinstance(admission, Refusal):
        return Refused(mail=mail, message=message, refusals=(admission,))
    return AdmittedMail(mail=mail, message=message, codes=codes, marks=admission.marks)


def plan_recipients(
    admitted: AdmittedMail, settings: Settings, directory: Directory
) -> RelayPlan | Refused:
    """Decide whom an admitted mail goes to.

    The sender's default recipients get it only if no body holds any code. A code that cannot be
    read names somebody else: it is told to the operator, not answered with a guess.
    """
    mail, message, codes = admitted.mail, admitted.message, admitted.codes
    counted = _COUNTED[settings.codes_counted]
    entries = [entry for code in codes.found[counted] for entry in code.entries]
    refusals = codes.refusals
    if not codes.found:
        default = find_default_recipients(mail.proven_sender, directory)
        if default is None:
            missing = _nobody_named(mail, settings, directory)
            return Refused(mail=mail, message=message, refusals=(missing,))
        entries, refusals = list(default.entries), default.refusals
    resolved = resolve_recipients(entries, settings, directory)
    refusals = resolved.refusals + refusals
    if not resolved.recipients:
        return Refused(mail=mail, message=message, refusals=refusals)
    return plan_deliveries(
        message,
        mail,
        codes,
        resolved.recipients,
        settings,
        marks=admitted.marks,
        refusals=refusals,
    )


_COUNTED = {
    CodesCounted.ALL: slice(None),
    CodesCounted.FIRST: slice(1),
    CodesCounted.LAST: slice(-1, None),
}


def _nobody_named(mail: MailIdentity, settings: Settings, directory: Directory) -> Refusal:
    marker = settings.recipient_marker
    missing = (
        f"no body holds a code :{marker}:…:{marker}:, and there are no default recipients for"
    )
    if find_default_recipients(mail.sender, directory) is None:
        return Refusal(
            reason=Reason.NO_RECIPIENT_CODE,
            detail=f"{missing} {mail.sender or 'a sender without an address'}",
        )
    return Refusal(
        reason=Reason.AUTHENTICATION_FAILED,
        detail=f"{missing} a mail that only says that it is from {mail.sender}: neither DMARC nor"
        " an aligned DKIM or SPF passed",
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
        _without_secrets(attachment, settings.secret_addresses)
        for attachment in find_attachments(message, inline_image_limit=settings.inline_image_limit)
        if attachment.action is Action.DETACH
    ]
    return RelayPlan(
        mail=mail,
        message=message,
        sender=_sender(message, mail, settings),
        recipients=recipients,
        uploads=tuple(
            Upload(key=_key(mail.message_id, attachment), attachment=attachment)
            for attachment in detached
        ),
        removals=codes.removals,
        subject=subject if marks or codes.subject_changed else None,
        refusals=refusals,
    )


def _without_secrets(attachment: Attachment, secrets: tuple[str, ...]) -> Attachment:
    """The attachment under a name that recipients may know."""
    name = conceal(attachment.filename or "", secrets)
    if name == (attachment.filename or ""):
        return attachment
    return replace(
        attachment, safe_name=safe_name(name, attachment.content_type, attachment.index)
    )


def _key(message_id: MessageId, attachment: Attachment) -> AttachmentKey:
    return AttachmentKey(f"attachments/{message_id}/{attachment.index}/{attachment.safe_name}")


# Domains that lead nowhere, or only within the network that a device stands in (RFC 6761,
# RFC 6762, RFC 8375, ICANN's reservation of "internal", and what Linux calls itself).
_NOWHERE = re.compile(
    r"(?:^|\.)(?:invalid|test|localhost|local|internal|home\.arpa|localdomain)\Z"
)


_ADDRESS_LIKE = re.compile(r"[^\s@]@[^\s@.]++\.[^\s@]")


def _sender(message: Message, mail: MailIdentity, settings: Settings) -> Sender:
    """Who the mail is from: the device as it calls itself, under the relay's address.

    Many devices fill in one address for From and To. No recipient may learn the inbound one.
    """
    name = find_name(message.header)
    if conceal(name, settings.secret_addresses) != name:
        name = ""
    elif name.lower() == settings.sender_address.lower():
        name = ""  # it stands there anyway
    elif mail.sender and _ADDRESS_LIKE.search(name) and mail.sender.lower() not in name.lower():
        name = mail.sender  # the one address that a recipient sees must not be another's
    return Sender(
        address=settings.sender_address,
        display_name=name,
        reply_to=tuple(_replies(message, mail, settings)) if mail.authenticated else (),
    )


def _replies(message: Message, mail: MailIdentity, settings: Settings) -> Iterator[Mailbox]:
    """Whom an answer reaches: whom the device names, else the device (RFC 5322 section 3.6.2).

    Addresses of the relay's own are left out, and those that lead nowhere.
    """

    def is_reachable(mailbox: Mailbox) -> bool:
        addr_spec = mailbox.addr_spec
        return (
            addr_spec.lower() != settings.sender_address.lower()
            and conceal(addr_spec, settings.secret_addresses) == addr_spec
            and not _NOWHERE.search(domain_of(addr_spec))
        )

    named = [one for one in find_replies(message.header) if is_reachable(one)]
    if named:
        yield from named
    elif mail.sender and is_reachable(author := Mailbox(addr_spec=mail.sender)):
        yield author


# --- the recipient codes of a message -----------------------------------------------------------

MAX_ERRORS_TOLD = 20
"""How many different errors in the codes of one mail are told; the rest is counted.

A code of some megabytes can hold a million errors, and nobody reads beyond the first few.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesFound:
    """The codes that count, what was wrong with them, and what to cut from the texts.

    A code in text/plain counts before one in text/html or another text, which usually says the
    same again.
    `removals` are sorted, disjoint spans, in characters of each body's text: the codes, and
    the files that stand in it. A code in the subject is taken out; it does not count.
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
    others: list[RecipientCode] = []
    refusals: dict[tuple[str, str], Refusal] = {}
    untold = 0
    for entity in find_bodies(message):
        full = entity.media_type.full
        text = message.text(entity).text
        files = [file.span for file in find_embedded(message, entity)]
        find = find_in_html if full == "text/html" else find_in_text
        found = find(text, marker, files=files)
        (plain if full == "text/plain" else others).extend(found.codes)
        if found.removals:
            removals[entity] = found.removals
        for code in found.codes:
            for error in code.errors:
                # The HTML usually repeats what the text got wrong: told once is enough.
                what = (error.expected, error.found)
                if what in refusals:
                    continue
                if len(refusals) == MAX_ERRORS_TOLD:
                    untold += 1
                    continue
                refusals[what] = Refusal(
                    reason=Reason.MALFORMED_RECIPIENT_CODE, detail=format_error(text, error)
                )
    told = list(refusals.values())
    if untold:
        detail = f"{untold} more places in the recipient codes cannot be read"
        told.append(Refusal(reason=Reason.MALFORMED_RECIPIENT_CODE, detail=detail))
    counting = plain if any(code.entries for code in plain) else plain + others
    subject = _one_line(message.header.text("subject") or "")
    shown_subject = _without_codes(subject, marker)
    return CodesFound(
        found=tuple(counting),
        refusals=tuple(told),
        removals=removals,
        subject=shown_subject,
        subject_changed=shown_subject != subject,
    )


def _without_codes(line: str, marker: str) -> str:
    """The words of a line, one blank apart, without codes.

    Words that move together may make a code whole, as any cut may. A line that shows one after
    so many cuts as this was written for that, and is left out.
    """
    words = line
    for _ in range(MAX_LOOKS):
        removals = find_in_text(words, marker).removals
        if not removals:
            return words
        words = _one_line(cut(words, removals))
    return ""


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _one_line(text: str) -> str:
    """The words of a text, one blank apart, as they will stand in a field."""
    return " ".join(_CONTROL.sub(" ", text).split())
