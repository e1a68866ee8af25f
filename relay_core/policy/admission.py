"""Whether a mail is relayed, and to which recipients. The functions are pure and total.

There are three answers for a mail:

* `Admitted`, which may have marks for its subject.
* `Refusal`, which is reported to the operator.
* `Ignored`, for mail whose answer could start a loop (RFC 3834 section 2): mail that this relay
  has sent, mail with a null reverse-path and without recipients, automatic replies and delivery
  reports. Also for mail by a label in `closedLabels`, which one notice a week reports.

Some devices send with a null reverse-path. Automatic answers to the relay's mail never contain a
recipient code, because no code is in outgoing mail.

SES adds its verdicts and Authentication-Results at the top of the stored mail, below its own
Received field and above the sender's fields. A sender can write fields of the same names further
down. So a verdict counts only above the second Received field, and only the first of each name
(Amazon SES guide, "Amazon SES email receiving: verdict headers").

The effect of the verdicts:

* virus FAIL is always refused. The attachments are not stored; the raw message is kept.
* virus PROCESSING_FAILED admits the mail with a mark in its subject. SES could not scan it, which
  broken mail of honest devices causes as well as malice. The mark warns the recipients before they
  open an attachment.
* spam FAIL takes the configured action, and so does mail that is not authenticated.
* Every other verdict (GRAY, DISABLED, a missing one, spam that could not be judged) admits the
  mail: it is no evidence against the mail, and a lost alarm is the greater harm. The mail still
  goes to allowed recipients only.

The sender of a mail is what SES proved (`relay_core.policy.authentication`), not what From says.
Where a rule depends on From, a mail that is not authenticated has no sender: it does not match
`allowedSenders`, has no default recipients, and does not count against the limit of a device.
Otherwise, `authenticationAction` decides about such a mail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from relay_core.addresses.mailbox import domain_of
from relay_core.addresses.patterns import matches
from relay_core.addresses.subaddress import split_label
from relay_core.errors import Reason, Refusal
from relay_core.mime.entity import Entity
from relay_core.mime.header import Header
from relay_core.mime.message import Message
from relay_core.outgoing.relay_marks import is_loop
from relay_core.recipient_code import Entry
from relay_core.settings import Settings, VerdictAction

from .arrival import UNKNOWN_ARRIVAL, Arrival
from .authentication import Origin
from .directory import Directory, expand


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The mail may be relayed; `marks` are words to put before its subject."""

    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The mail is ignored: it is not relayed and causes no notice, only a line in the log."""

    reason: Reason
    detail: str


def find_reverse_path(header: Header) -> str | None:
    """The envelope's reverse-path, which SES wrote to Return-Path: "" if null, None if absent."""
    value = header.text("return-path")
    return None if value is None else value.strip().strip("<>").strip()


# --- what SES found ----------------------------------------------------------------------------


_VIRUS_VERDICT = "x-ses-virus-verdict"
_SPAM_VERDICT = "x-ses-spam-verdict"
_VERDICTS = frozenset({_VIRUS_VERDICT, _SPAM_VERDICT})


def _verdicts(header: Header) -> dict[str, str]:
    """The values of SES's verdicts, in upper case, by name; "" for a missing one."""
    received = [field.start for field in header.fields if field.name == "received"]
    end = received[1] if len(received) > 1 else header.span.end
    return {
        name: header.value(field).decode("latin-1").strip().upper()
        if field and field.start < end
        else ""
        for name in _VERDICTS
        for field in [header.first(name)]
    }


# --- the answers --------------------------------------------------------------------------------


def admit(
    message: Message,
    origin: Origin,
    settings: Settings,
    *,
    names_recipients: bool = False,
    arrival: Arrival = UNKNOWN_ARRIVAL,
) -> Admitted | Refusal | Ignored:
    """Whether a mail may be relayed at all, independent of its recipients.

    `names_recipients`: it has a recipient code that can be read. `arrival` is the address by which
    it came.
    """
    verdicts = _verdicts(message.header)
    virus = verdicts[_VIRUS_VERDICT]
    if virus == "FAIL":
        # Before all other rules: a notice to the operator is no answer and can start no loop.
        return Refusal(
            reason=Reason.VIRUS,
            detail="Amazon SES found a virus in it; its attachments were not stored",
        )
    if ignored := _never_answered(message, settings.stack, names_recipients=names_recipients):
        return ignored
    if label := arrival.closed_label:
        detail = f"it came by the label +{label}, which is in closedLabels"
        return Ignored(reason=Reason.CLOSED_LABEL, detail=detail)
    if refusal := _not_from_an_allowed_sender(origin, settings):
        return refusal
    marks = ["[not scanned]"] if virus == "PROCESSING_FAILED" else []
    for found, action, reason, mark, detail in (
        (
            verdicts[_SPAM_VERDICT] == "FAIL",
            settings.spam_action,
            Reason.SPAM,
            "[spam?]",
            "Amazon SES classified it as spam (spamAction is refuse)",
        ),
        (
            not origin.authenticated,
            settings.authentication_action,
            Reason.AUTHENTICATION_FAILED,
            "[sender not verified]",
            f"{_not_proven(origin)}: it may be forged (authenticationAction is refuse)",
        ),
    ):
        if found and action is VerdictAction.REFUSE:
            return Refusal(reason=reason, detail=detail)
        if found and action is VerdictAction.MARK:
            marks.append(mark)
    return Admitted(marks=tuple(marks))


def _not_from_an_allowed_sender(origin: Origin, settings: Settings) -> Refusal | None:
    if not settings.allowed_senders:
        return None
    if origin.author is None or not matches(origin.author, settings.allowed_senders):
        return Refusal(
            reason=Reason.SENDER_NOT_ALLOWED,
            detail=f"{origin.author or 'a sender without an address'} is not in allowedSenders",
        )
    if not origin.authenticated:
        return Refusal(
            reason=Reason.AUTHENTICATION_FAILED,
            detail=(
                f"{_not_proven(origin)}; with allowedSenders set, only mail with a proven sender"
                " is relayed"
            ),
        )
    return None


def _not_proven(origin: Origin) -> str:
    """The sentence that says what SES did not prove."""
    if origin.author is None:
        return "From names no single address, and SPF did not pass for the reverse-path"
    return f"neither DMARC nor an aligned DKIM or SPF passed for {domain_of(origin.author)}"


def _never_answered(message: Message, stack: str, *, names_recipients: bool) -> Ignored | None:
    # Devices are configured to send as the relay's own sender address, so From shows no loop.
    header = message.header
    if is_loop(header, stack):
        return Ignored(reason=Reason.MAIL_LOOP, detail="it was sent by this relay")
    if report := _report_type(message.root):
        return Ignored(reason=Reason.DELIVERY_REPORT, detail=f"it is a report ({report})")
    if find_reverse_path(header) == "" and not names_recipients:
        return Ignored(reason=Reason.DELIVERY_REPORT, detail="its reverse-path is null")
    auto_submitted = (header.text("auto-submitted") or "").strip().lower()
    if auto_submitted.startswith("auto-replied"):
        return Ignored(reason=Reason.DELIVERY_REPORT, detail="it is an automatic reply")
    return None


_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report"})


def _report_type(root: Entity) -> str | None:
    """The type of report that a mail is, by its parameter or, where that is missing, by its parts.

    RFC 6522 section 3 (report-type), RFC 3464, RFC 8098, RFC 5965.
    """
    if root.media_type.full != "multipart/report":
        return None
    named = root.media_type.parameters.get("report-type", "").lower()
    held = {
        part.media_type.full.removeprefix("message/")
        for part in root.parts
        if part.media_type.full.startswith("message/")
    }
    return next(iter(sorted(_REPORTS & {named, *held})), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The recipients that a mail may go to, once each and in order, and the other refusals."""

    recipients: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def resolve_recipients(
    entries: Iterable[Entry], settings: Settings, directory: Directory
) -> Resolved:
    """The addresses of entries, groups expanded, each checked against the policy."""
    expansion = expand(entries, directory)
    recipients: list[str] = []
    refusals: list[Refusal] = []
    sender = settings.sender_address.lower()
    for addr_spec in expansion.addr_specs:
        if addr_spec.lower() == sender or split_label(addr_spec, settings.secret_addresses):
            refusals.append(
                Refusal(
                    reason=Reason.MAIL_LOOP,
                    detail=f"{addr_spec} is this relay's own address: mail to it would loop",
                    address=addr_spec,
                )
            )
        elif not matches(addr_spec, settings.allowed_recipients):
            refusals.append(
                Refusal(
                    reason=Reason.RECIPIENT_NOT_ALLOWED,
                    detail=f"{addr_spec} is not in allowedRecipients",
                    address=addr_spec,
                )
            )
        else:
            recipients.append(addr_spec)
    if len(recipients) > settings.max_recipients:
        number = len(recipients)
        return Resolved(
            recipients=(),
            refusals=(
                Refusal(
                    reason=Reason.TOO_MANY_RECIPIENTS,
                    detail=(
                        f"it names {number} recipients, but maxRecipients is"
                        f" {settings.max_recipients}"
                    ),
                ),
            ),
        )
    return Resolved(recipients=tuple(recipients), refusals=(*refusals, *expansion.refusals))
