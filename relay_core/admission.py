"""Who may send what to whom: pure and total.

Three answers are possible for a mail. `Admitted`, perhaps with marks for its subject;
`Refusal`, which the operator is told; `Ignored`, for what must never be answered at all
because an answer could start a loop (RFC 3834 section 2): mail that a relay has sent, mail
without a reverse-path, automatic replies and delivery reports.

SES adds its verdicts and Authentication-Results at the top of what it stores, below its own
Received field and above all that the sender wrote; a sender can write the same names further
down. So a verdict counts only above the second Received field, and only the first of each
name (Amazon SES guide, "Amazon SES email receiving: verdict headers").

What the verdicts mean here:

* virus FAIL is always refused; the attachments are not stored, the raw message is kept.
* spam FAIL and failed authentication take the configured action.
* GRAY, PROCESSING_FAILED, DISABLED and a missing verdict let the mail pass: SES could not
  tell, and an alarm that is held back for that is the greater harm. Links go only to
  allowed recipients in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .encoding import decode_encoded_words
from .errors import Reason, Refusal
from .header import Header
from .mailbox import InvalidAddress, Mailbox, domain_of, parse_addr_spec
from .message import Message
from .outgoing_header import LOOP_FIELD
from .recipient_code import Address, Group
from .settings import Settings, VerdictAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The mail may go on; `marks` are words to put before its subject."""

    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """The mail is dropped on purpose: no relaying, no notice, one line in the log."""

    reason: Reason
    detail: str


# --- where a mail comes from ------------------------------------------------------------------

_ANGLE = re.compile(r"(.*?)<([^<>]*)>", re.DOTALL)
_BARE_ADDRESS = re.compile(r"[^\s<>,;:()\"]+@[^\s<>,;:()\"]+")


def find_author(header: Header) -> Mailbox | None:
    """The first mailbox of From, read leniently: devices write almost anything there."""
    field = header.first("from")
    if field is None:
        return None
    # The address is looked for before encoded-words are decoded: what they hold is a name.
    text = header.value(field).decode("utf-8", "replace")
    if match := _ANGLE.search(text):
        name, address = match.groups()
    else:
        bare = _BARE_ADDRESS.search(text)
        name, address = "", bare.group() if bare else ""
    try:
        addr_spec = parse_addr_spec(address)
    except InvalidAddress:
        return None
    display_name = decode_encoded_words(name.strip().strip('"').replace('\\"', '"'))
    return Mailbox(addr_spec=addr_spec, display_name=display_name)


def find_reverse_path(header: Header) -> str | None:
    """The envelope's reverse-path as SES noted it in Return-Path: "" if null, None if absent."""
    value = header.text("return-path")
    return None if value is None else value.strip().strip("<>").strip()


def find_sender(header: Header) -> str | None:
    """The address a mail counts as sent from: From, else the reverse-path, else None."""
    if author := find_author(header):
        return author.addr_spec
    try:
        return parse_addr_spec(find_reverse_path(header) or "")
    except InvalidAddress:
        return None


# --- what SES found ----------------------------------------------------------------------------


def _ses_fields(header: Header) -> Iterator[tuple[str, str]]:
    received = 0
    for field in header.fields:
        received += field.name == "received"
        if received > 1:
            return
        yield field.name, header.text_of(field)


def _first(header: Header, name: str) -> str:
    return next((value for found, value in _ses_fields(header) if found == name), "")


_RESULT = re.compile(r"(?i)(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([a-z]+)")


def _authentication_failed(header: Header) -> bool:
    results: dict[str, set[str]] = {}
    for method, result in _RESULT.findall(_first(header, "authentication-results")):
        results.setdefault(method.lower(), set()).add(result.lower())
    if "pass" in results.get("dmarc", ()):
        return False
    passed = "pass" in results.get("spf", ()) or "pass" in results.get("dkim", ())
    return "fail" in results.get("dmarc", ()) or (
        not passed and "fail" in results.get("spf", set()) | results.get("dkim", set())
    )


# --- the answers --------------------------------------------------------------------------------


def admit(message: Message, settings: Settings) -> Admitted | Refusal | Ignored:
    """Whether a mail may be relayed at all, whoever its recipients are."""
    header = message.header
    if ignored := _never_answered(message):
        return ignored
    if _first(header, "x-ses-virus-verdict").strip().upper() == "FAIL":
        return Refusal(
            reason=Reason.VIRUS,
            detail="Amazon SES found a virus in it; its attachments were not stored",
        )
    sender = find_sender(header)
    if settings.allowed_senders and not (sender and matches(sender, settings.allowed_senders)):
        return Refusal(
            reason=Reason.SENDER_NOT_ALLOWED,
            detail=f"{sender or 'a sender without an address'} is not in allowedSenders",
        )
    marks = []
    for found, action, reason, mark, detail in (
        (
            _first(header, "x-ses-spam-verdict").strip().upper() == "FAIL",
            settings.spam_action,
            Reason.SPAM,
            "[spam?]",
            "Amazon SES takes it for spam (spamAction is refuse)",
        ),
        (
            _authentication_failed(header),
            settings.authentication_action,
            Reason.AUTHENTICATION_FAILED,
            "[sender not verified]",
            "SPF, DKIM or DMARC failed: it may be forged (authenticationAction is refuse)",
        ),
    ):
        if found and action is VerdictAction.REFUSE:
            return Refusal(reason=reason, detail=detail)
        if found and action is VerdictAction.MARK:
            marks.append(mark)
    return Admitted(marks=tuple(marks))


def _never_answered(message: Message) -> Ignored | None:
    # Devices are told to send as the relay's own sender address, so From tells no loop.
    header = message.header
    if header.first(LOOP_FIELD) is not None:
        return Ignored(reason=Reason.MAIL_LOOP, detail="a mail relay has sent it already")
    root = message.root.media_type
    report_type = root.parameters.get("report-type", "").lower()
    if root.full == "multipart/report" and report_type in _REPORTS:
        return Ignored(reason=Reason.DELIVERY_REPORT, detail=f"it is a report ({report_type})")
    if find_reverse_path(header) == "":
        return Ignored(reason=Reason.DELIVERY_REPORT, detail="its reverse-path is null")
    auto_submitted = (header.text("auto-submitted") or "").strip().lower()
    if auto_submitted.startswith("auto-replied"):
        return Ignored(reason=Reason.DELIVERY_REPORT, detail="it is an automatic reply")
    return None


_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report"})


def matches(addr_spec: str, patterns: Iterable[str]) -> bool:
    """Whether an address is one of the patterns: an address, a domain, `*.` and a domain, `*`."""
    address = addr_spec.lower()
    domain = domain_of(address)
    for pattern in patterns:
        wanted = pattern.lower()
        if wanted == "*" or wanted in {address, domain}:
            return True
        if wanted.startswith("*.") and domain.endswith(wanted[1:]):
            return True
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Whom a mail may go to, once each and in order, and why not to the others."""

    recipients: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def resolve_recipients(entries: Iterable[Address | Group], settings: Settings) -> Resolved:
    """The addresses behind a recipient code's entries, each checked."""
    recipients: dict[str, str] = {}  # by the form that tells duplicates
    refusals: list[Refusal] = []
    own = {settings.inbound_address.lower(), settings.sender_address.lower()}
    for addr_spec in _addresses(entries, settings, refusals):
        if addr_spec.lower() in own:
            refusals.append(
                Refusal(
                    reason=Reason.MAIL_LOOP,
                    detail=f"{addr_spec} is this relay's own address: mail to it would loop",
                )
            )
        elif not matches(addr_spec, settings.allowed_recipients):
            refusals.append(
                Refusal(
                    reason=Reason.RECIPIENT_NOT_ALLOWED,
                    detail=f"{addr_spec} is not in allowedRecipients",
                )
            )
        else:
            recipients.setdefault(addr_spec.lower(), addr_spec)
    if len(recipients) > settings.max_recipients:
        number = len(recipients)
        return Resolved(
            recipients=(),
            refusals=(
                Refusal(
                    reason=Reason.TOO_MANY_RECIPIENTS,
                    detail=f"{number} recipients, maxRecipients is {settings.max_recipients}",
                ),
            ),
        )
    return Resolved(recipients=tuple(recipients.values()), refusals=tuple(refusals))


def _addresses(
    entries: Iterable[Address | Group], settings: Settings, refusals: list[Refusal]
) -> Iterator[str]:
    groups = {name.lower(): members for name, members in settings.recipient_groups.items()}
    for entry in entries:
        if isinstance(entry, Address):
            yield entry.addr_spec
        elif (members := groups.get(entry.name.lower())) is not None:
            yield from members
        else:
            refusals.append(
                Refusal(
                    reason=Reason.UNKNOWN_GROUP,
                    detail=f"there is no group @{entry.name} in recipientGroups",
                )
            )
