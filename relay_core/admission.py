"""Who may send what to whom: pure and total.

Three answers are possible for a mail. `Admitted`, perhaps with marks for its subject;
`Refusal`, which the operator is told; `Ignored`, for what must never be answered at all
because an answer could start a loop (RFC 3834 section 2): mail that a relay has sent, mail
with a null reverse-path, automatic replies and delivery reports.

SES adds its verdicts and Authentication-Results at the top of what it stores, below its own
Received field and above all that the sender wrote; a sender can write the same names further
down. So a verdict counts only above the second Received field, and only the first of each
name (Amazon SES guide, "Amazon SES email receiving: verdict headers").

What the verdicts mean here:

* virus FAIL is always refused, whatever else the mail is; the attachments are not stored, the
  raw message is kept.
* virus PROCESSING_FAILED lets the mail pass with a mark in its subject. SES could not look
  into it, which broken mail of honest devices brings about as well as malice; whoever is about
  to open an attachment should know.
* spam FAIL and failed authentication take the configured action.
* Everything else (GRAY, DISABLED, any verdict that is missing, spam that could not be judged)
  lets the mail pass: nothing speaks against it, and an alarm that is held back for that is the
  greater harm. It goes to allowed recipients only in any case.

Authentication-Results (RFC 8601) also quotes what the sender chose: the name it greeted with,
its reverse-path. So a "pass" counts only outside quotes and comments, a "fail" everywhere, and
where DMARC is said to have both passed and failed, it has failed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from .directory import Directory, expand
from .encoding import decode_encoded_words
from .errors import Reason, Refusal
from .header import Header
from .mailbox import InvalidAddress, Mailbox, parse_addr_spec
from .message import Entity, Message
from .outgoing_header import LOOP_FIELD
from .patterns import matches
from .recipient_code import Entry
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

_WORD = re.compile(r"[^\s<>,;:()\"]+")


def find_author(header: Header) -> Mailbox | None:
    """The first mailbox of From, read leniently: devices write almost anything there."""
    value = header.get("from")
    if value is None:
        return None
    return _recurring(value) if len(value) <= _MAX_RECURRING else _parse_author(value)


_MAX_RECURRING = 200


def _parse_author(value: bytes) -> Mailbox | None:
    # The address is looked for before encoded-words are decoded: what they hold is a name.
    text = value.decode("utf-8", "replace")
    name, address = _split_mailbox(text)
    try:
        addr_spec = parse_addr_spec(address)
    except InvalidAddress:
        return None
    display_name = decode_encoded_words(name.strip().strip('"').replace('\\"', '"'))
    return Mailbox(addr_spec=addr_spec, display_name=display_name)


# A device writes the same into each of its mails, and a mail is asked more than once.
_recurring = lru_cache(maxsize=64)(_parse_author)


def _split_mailbox(text: str) -> tuple[str, str]:
    """The words before the first `<…>` and what it holds; else the first word with an @."""
    closing = text.find(">", text.find("<") + 1)
    opening = text.rfind("<", 0, closing) if closing >= 0 else -1
    if opening >= 0:
        return text[:opening], text[opening + 1 : closing]
    words = (match.group() for match in _WORD.finditer(text))
    return "", next((word for word in words if "@" in word[1:-1]), "")


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


_VIRUS_VERDICT = "x-ses-virus-verdict"
_SPAM_VERDICT = "x-ses-spam-verdict"
_AUTHENTICATION_RESULTS = "authentication-results"
_SES_FIELDS = frozenset({_VIRUS_VERDICT, _SPAM_VERDICT, _AUTHENTICATION_RESULTS})


def _ses_findings(header: Header) -> dict[str, str]:
    """The values of the fields that SES added, by name; "" of one that is not there."""
    received = [field.start for field in header.fields if field.name == "received"]
    end = received[1] if len(received) > 1 else header.span.end
    # As they stand: an encoded-word in one is the sender's, and must not become results.
    return {
        name: header.value(field).decode("latin-1") if field and field.start < end else ""
        for name in _SES_FIELDS
        for field in [header.first(name)]
    }


_RESULT = re.compile(r"(?i)(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([a-z]+)")
# A quoted-string, or a comment and one within it; each may lack its end.
_QUOTED_OR_COMMENT = re.compile(
    r'"(?:[^"\\]|\\.)*(?:"|\Z)|\((?:[^()]|\([^()]*+\))*(?:\)|\Z)', re.DOTALL
)


def _authentication_failed(authentication_results: str) -> bool:
    if "fail" not in authentication_results.lower():
        return False  # as in nearly every mail
    failed = {method for method, result in _results(authentication_results) if result == "fail"}
    if not failed or "dmarc" in failed:
        return bool(failed)
    unquoted = _QUOTED_OR_COMMENT.sub(" ", authentication_results)
    # DMARC passes if SPF or DKIM does, so nothing that failed beside it counts.
    return not any(result == "pass" for _, result in _results(unquoted))


def _results(text: str) -> Iterator[tuple[str, str]]:
    for method, result in _RESULT.findall(text):
        yield method.lower(), result.lower()


# --- the answers --------------------------------------------------------------------------------


def admit(message: Message, settings: Settings) -> Admitted | Refusal | Ignored:
    """Whether a mail may be relayed at all, whoever its recipients are."""
    header = message.header
    findings = _ses_findings(header)
    virus = findings[_VIRUS_VERDICT].strip().upper()
    if virus == "FAIL":
        # Before all else: telling the operator answers nobody, so it can start no loop.
        return Refusal(
            reason=Reason.VIRUS,
            detail="Amazon SES found a virus in it; its attachments were not stored",
        )
    if ignored := _never_answered(message):
        return ignored
    if settings.allowed_senders:
        sender = find_sender(header)
        if sender is None or not matches(sender, settings.allowed_senders):
            return Refusal(
                reason=Reason.SENDER_NOT_ALLOWED,
                detail=f"{sender or 'a sender without an address'} is not in allowedSenders",
            )
    marks = ["[not scanned]"] if virus == "PROCESSING_FAILED" else []
    for found, action, reason, mark, detail in (
        (
            findings[_SPAM_VERDICT].strip().upper() == "FAIL",
            settings.spam_action,
            Reason.SPAM,
            "[spam?]",
            "Amazon SES takes it for spam (spamAction is refuse)",
        ),
        (
            _authentication_failed(findings[_AUTHENTICATION_RESULTS]),
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
    if report := _report_type(message.root):
        return Ignored(reason=Reason.DELIVERY_REPORT, detail=f"it is a report ({report})")
    if find_reverse_path(header) == "":
        return Ignored(reason=Reason.DELIVERY_REPORT, detail="its reverse-path is null")
    auto_submitted = (header.text("auto-submitted") or "").strip().lower()
    if auto_submitted.startswith("auto-replied"):
        return Ignored(reason=Reason.DELIVERY_REPORT, detail="it is an automatic reply")
    return None


_REPORTS = frozenset({"delivery-status", "disposition-notification", "feedback-report"})


def _report_type(root: Entity) -> str | None:
    """Which report a mail is, by its parameter or, where that is missing, by its parts.

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
    """Whom a mail may go to, once each and in order, and why not to the others."""

    recipients: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def resolve_recipients(
    entries: Iterable[Entry], settings: Settings, directory: Directory
) -> Resolved:
    """The addresses behind entries, each checked, wherever the entries come from."""
    expansion = expand(entries, directory)
    recipients: list[str] = []
    refusals: list[Refusal] = []
    own = {settings.inbound_address.lower(), settings.sender_address.lower()}
    for addr_spec in expansion.addr_specs:
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
            recipients.append(addr_spec)
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
    return Resolved(recipients=tuple(recipients), refusals=(*refusals, *expansion.refusals))
