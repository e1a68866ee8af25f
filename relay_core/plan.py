"""The plan for a mail: what depends on the mail, the settings and the directory, as data.

`plan_relay` does no I/O and knows no clock and no environment. The same message yields the
same plan every time, keys included, which is what makes a redelivery harmless.

It goes in two steps, because most mails need no recipient directory, and should not wait for
one: `plan_admission` reads a mail and says whether it may be relayed at all, `plan_recipients`
to whom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .addresses.secrecy import conceal
from .attachments.attachment import Action, Attachment, find_attachments
from .attachments.bodies import CodesFound, find_body_codes, find_near_miss
from .attachments.file_key import file_key
from .attachments.long_text import LongText, Removals
from .attachments.safe_name import safe_name
from .errors import LimitExceeded, MalformedMessage, Reason, Refusal
from .keys import AttachmentKey, RawKey, message_id_of
from .mime.entity import Entity
from .mime.message import Message
from .mime.parsing import parse_message
from .outgoing.header import Sender
from .policy.admission import Ignored, Resolved, admit, resolve_recipients
from .policy.arrival import find_arrival
from .policy.authentication import Origin, find_origin, has_receipt
from .policy.directory import (
    EMPTY_DIRECTORY,
    Directory,
    find_default_recipients,
    find_labelled_groups,
)
from .policy.mail_identity import MailIdentity
from .policy.sender import find_sender
from .recipient_code import Group
from .settings import CodesCounted, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One attachment to store, and the key to store it under."""

    key: AttachmentKey
    attachment: Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayPlan:
    """A mail that goes out: to whom, with which texts, without which attachments.

    `removals` are the spans, in characters, to cut from the texts: recipient codes, and files
    that are in a text; or what becomes of a long text. `subject` is None where the field stays
    as it came. `refusals` say which recipients were left out, and why.
    """

    mail: MailIdentity
    message: Message
    sender: Sender
    recipients: tuple[str, ...]
    uploads: tuple[Upload, ...]
    removals: Mapping[Entity, Removals]
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
class IgnoredMail:
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


def plan_relay(
    raw: bytes,
    raw_key: RawKey,
    settings: Settings,
    directory: Directory = EMPTY_DIRECTORY,
    *,
    may_lack_receipt: bool = False,
) -> RelayPlan | Refused | IgnoredMail:
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
) -> AdmittedMail | Refused | IgnoredMail:
    """Read one mail, and decide whether it may be relayed. Never raises on content.

    What lies in the incoming bucket has SES's fields on top, and is judged by them. A file on
    somebody's desk may have none (`may_lack_receipt`); then it counts as authenticated.
    """
    message_id, limits = message_id_of(raw_key), settings.limits
    try:
        message = parse_message(raw, limits)
    except (MalformedMessage, LimitExceeded) as error:
        too_much = isinstance(error, LimitExceeded)
        reason = Reason.LIMIT_EXCEEDED if too_much else Reason.MALFORMED_MESSAGE
        unread = MailIdentity(message_id=message_id, raw_key=raw_key, sender=None, subject="")
        refusal = Refusal(reason=reason, detail=str(error))
        return Refused(mail=unread, message=None, refusals=(refusal,))
    message, codes = find_body_codes(message, settings.markers, limits)
    origin = find_origin(message.header)
    if may_lack_receipt and not has_receipt(message.header):
        origin = Origin(author=origin.author, authenticated=True)
    arrival = find_arrival(message.header, settings)
    mail = MailIdentity(
        message_id=message_id,
        raw_key=raw_key,
        sender=origin.author,
        subject=conceal(codes.subject, settings.secret_addresses),
        authenticated=origin.authenticated,
        arrival=arrival,
    )
    names_recipients = not codes.may_be_quoted and any(code.entries for code in codes.found)
    admission = admit(
        message, origin, settings, names_recipients=names_recipients, arrival=arrival
    )
    if isinstance(admission, Ignored):
        return IgnoredMail(mail=mail, message=message, ignored=admission)
    if isinstance(admission, Refusal):
        return Refused(mail=mail, message=message, refusals=(admission,))
    return AdmittedMail(mail=mail, message=message, codes=codes, marks=admission.marks)


def plan_recipients(
    admitted: AdmittedMail, settings: Settings, directory: Directory
) -> RelayPlan | Refused:
    """Decide whom an admitted mail goes to."""
    mail, message = admitted.mail, admitted.message
    resolved = find_recipients(admitted, settings, directory)
    if not resolved.recipients:
        return Refused(mail=mail, message=message, refusals=resolved.refusals)
    return plan_deliveries(
        message,
        mail,
        admitted.codes,
        resolved.recipients,
        settings,
        marks=admitted.marks,
        refusals=resolved.refusals,
    )


def find_recipients(admitted: AdmittedMail, settings: Settings, directory: Directory) -> Resolved:
    """The recipients of an admitted mail, and the refusals of the others that it names.

    The codes of the Subject count only if no body contains one; the groups that the labels of its
    address name, and then the sender's default recipients, only if there is none at all. A code
    that cannot be read names other recipients: the operator is notified, and nothing is guessed.
    """
    mail, codes = admitted.mail, admitted.codes
    counted = _COUNTED[settings.codes_counted]
    entries = [entry for code in codes.found[counted] for entry in code.entries]
    refusals = codes.refusals
    if not codes.found and (groups := find_labelled_groups(mail.arrival.labels, directory)):
        entries = list(groups)
    elif not codes.found:
        default = find_default_recipients(mail.proven_sender, directory)
        if default is None:
            missing = _no_recipients(mail, admitted.message, settings, directory)
            return Resolved(recipients=(), refusals=(missing,))
        entries, refusals = list(default.entries), default.refusals
    resolved = resolve_recipients(entries, settings, directory)
    if not refusals:
        return resolved
    return replace(resolved, refusals=resolved.refusals + refusals)


_COUNTED = {
    CodesCounted.ALL: slice(None),
    CodesCounted.FIRST: slice(1),
    CodesCounted.LAST: slice(-1, None),
}


def _no_recipients(
    mail: MailIdentity, message: Message, settings: Settings, directory: Directory
) -> Refusal:
    near_miss = find_near_miss(message, settings.markers, settings.limits)
    nearly = f" ({near_miss}, which is not a valid code)" if near_miss else ""
    codes = " or ".join(f":{marker}:…:{marker}:" for marker in settings.markers)
    labels = " or ".join(f"+{one}" for one in mail.arrival.labels)
    missing = (
        f"no recipient code {codes} is in a body or the"
        f" Subject{nearly},{f' no group has the name of the label {labels},' if labels else ''}"
        " and there are no default recipients for"
    )
    if find_default_recipients(mail.sender, directory) is None:
        return Refusal(
            reason=Reason.NO_RECIPIENT_CODE,
            detail=f"{missing} {mail.sender or 'a sender without an address'}",
        )
    return Refusal(
        reason=Reason.AUTHENTICATION_FAILED,
        detail=(
            f"{missing} {mail.sender}, because the sender is not proven: neither DMARC nor an"
            " aligned DKIM or SPF passed"
        ),
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
        for attachment in attachments_of(message, codes, settings)
        if attachment.action is Action.DETACH
    ]
    return RelayPlan(
        mail=mail,
        message=message,
        sender=find_sender(message.header, mail.sender, settings, is_proven=mail.authenticated),
        recipients=recipients,
        uploads=tuple(
            Upload(key=file_key(mail.message_id, attachment), attachment=attachment)
            for attachment in detached
        ),
        removals=codes.removals,
        subject=subject if marks or codes.subject_changed else None,
        refusals=refusals,
    )


def _without_secrets(attachment: Attachment, secrets: tuple[str, ...]) -> Attachment:
    """The attachment under a name that recipients may know."""
    shown_name = attachment.filename or attachment.safe_name
    if (name := conceal(shown_name, secrets)) == shown_name:
        return attachment
    return replace(
        attachment, safe_name=safe_name(name, attachment.content_type, attachment.index)
    )


def attachments_of(
    message: Message, codes: CodesFound, settings: Settings
) -> tuple[Attachment, ...]:
    """The attachments of a mail, with what its texts were found to hold, within its budget."""
    return find_attachments(
        message,
        inline_image_limit=settings.inline_image_limit,
        most=settings.max_attachments,
        files=codes.files,
        long_texts={
            entity: replace(one, secrets=settings.secret_addresses)
            for entity, one in codes.removals.items()
            if isinstance(one, LongText)
        },
    )
