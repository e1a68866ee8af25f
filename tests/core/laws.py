"""The laws of the core as functions, for the property tests and the fuzzers.

Only the standard library and the core are imported here, so that a fuzzer needs neither pytest
nor Hypothesis. A broken law raises `AssertionError`; any other exception is a
fault too.
"""

from __future__ import annotations

import email
import email.message
import email.policy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from relay_core.attachments.attachment import Action, Attachment, content_of
from relay_core.attachments.bodies import CodesFound, find_body_codes, find_codes
from relay_core.composing import prepare_mails
from relay_core.errors import LimitExceeded, MalformedMessage
from relay_core.keys import RawKey
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.plan import (
    AdmittedMail,
    IgnoredMail,
    Refused,
    RelayPlan,
    attachments_of,
    plan_admission,
    plan_deliveries,
    plan_recipients,
    plan_relay,
)
from relay_core.policy.directory import EMPTY_DIRECTORY
from relay_core.settings import Settings

SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.invalid",
    inbound_address="devices@relay.invalid",
    allowed_recipients=("*",),
)
RAW_KEY = RawKey("incoming/0123456789abcdef")
EXPIRY = datetime(2026, 11, 25, 15, 44, tzinfo=UTC)
RECIPIENT = "guard@example.org"
MAX_LINE = 998


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """The result of the whole pure path: `contents` are those of all attachments, in order."""

    plan: RelayPlan
    codes: CodesFound
    attachments: tuple[Attachment, ...]
    contents: tuple[bytes, ...]
    outgoing: bytes

    @property
    def message(self) -> Message:
        return self.plan.message

    @property
    def recipients(self) -> tuple[str, ...]:
        return self.plan.recipients


def relayed(raw: bytes, settings: Settings = SETTINGS) -> Relayed | None:
    """Plan, decode and rewrite, as the relay does; None if the bytes cannot be read at all.

    A mail that would be refused or ignored is rewritten for `RECIPIENT` nevertheless: its plan
    must be right too, as another policy may relay it.
    """
    admitted = plan_admission(raw, RAW_KEY, settings, may_lack_receipt=True)
    if admitted.message is None:
        return None
    planned: RelayPlan | Refused | IgnoredMail
    if isinstance(admitted, AdmittedMail):
        codes = admitted.codes
        planned = plan_recipients(admitted, settings, EMPTY_DIRECTORY)
    else:
        codes = find_codes(admitted.message, settings.markers, settings.limits)
        planned = admitted
    plan = (
        planned
        if isinstance(planned, RelayPlan)
        else plan_deliveries(admitted.message, admitted.mail, codes, (RECIPIENT,), settings)
    )
    attachments = attachments_of(plan.message, codes, settings)
    contents = tuple(b"".join(content_of(plan.message, one)) for one in attachments)
    return Relayed(
        plan=plan,
        codes=codes,
        attachments=attachments,
        contents=contents,
        outgoing=composed(plan, contents, settings),
    )


def relayed_in_turn(raw: bytes, settings: Settings = SETTINGS) -> str:
    """Like `relayed`, but keeping only what the relay keeps; returns the outcome."""
    planned = plan_relay(raw, RAW_KEY, settings, may_lack_receipt=True)
    if not isinstance(planned, RelayPlan):
        why = (
            planned.refusals[0].reason if isinstance(planned, Refused) else planned.ignored.reason
        )
        return str(why)
    for upload in planned.uploads:
        for _ in content_of(planned.message, upload.attachment):
            pass
    last = max((upload.attachment.index for upload in planned.uploads), default=0)
    composed(planned, [b""] * last, settings)
    return "relayed"


def composed(
    plan: RelayPlan, contents: Sequence[bytes], settings: Settings, *, page: str | None = None
) -> bytes:
    """The outgoing mail of a plan: a link for each detached attachment, or one to the page."""
    listed = [
        ListedAttachment(
            name=upload.attachment.safe_name,
            size=len(contents[upload.attachment.index - 1]),
            url=None if page else link_of(upload.attachment),
            expires_at=EXPIRY,
        )
        for upload in plan.uploads
    ]
    page_for = (lambda _recipient: page) if page else None
    return prepare_mails(plan, listed, settings, page_for=page_for)(plan.recipients[0]).raw


def link_of(attachment: Attachment) -> str:
    return f"https://files.example.com/{attachment.index}?a=1&b=2"


# --- the laws -----------------------------------------------------------------------------------


def check_any_bytes(raw: bytes) -> Relayed | None:
    """All laws for arbitrary bytes. Returns the outcome."""
    try:
        parse_message(raw, SETTINGS.limits)
    except (MalformedMessage, LimitExceeded):
        assert isinstance(plan_relay(raw, RAW_KEY, SETTINGS), Refused)
        return None
    result = relayed(raw)
    assert result is not None
    check_structure(result.message)
    check_attachments(result)
    check_outgoing(result.outgoing)
    return result


def check_structure(message: Message) -> None:
    """Spans are in order and nested; the positions of defects are inside the message."""
    length = len(message.raw)
    for entity in message.root.walk():
        assert 0 <= entity.span.start <= entity.body.start <= entity.body.end <= length
        end = entity.body.start
        for part in entity.parts:
            assert part.delimiter is not None
            assert end <= part.delimiter.start <= part.delimiter.end <= part.span.start
            end = part.body.end
        assert end <= entity.body.end
    for defect in message.defects:
        assert 0 <= defect.span.start <= defect.span.end <= length


def check_attachments(result: Relayed) -> None:
    """Numbers run from 1, keys are unique, and the stored files are those to be detached."""
    found = result.attachments
    assert list(range(1, len(found) + 1)) == [one.index for one in found]
    keys = [upload.key for upload in result.plan.uploads]
    assert len(keys) == len(set(keys))
    detached = [one.index for one in found if one.action is Action.DETACH]
    assert detached == [upload.attachment.index for upload in result.plan.uploads]
    for one in found:
        content = content_of(result.message, one)
        assert result.contents[one.index - 1] == b"".join(content)


def check_outgoing(raw: bytes) -> None:
    """Outgoing mail is valid for every server, and no parser finds a defect in it."""
    assert raw.isascii()
    assert b"\0" not in raw
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert all(len(line) <= MAX_LINE for line in lines)
    for policy in (email.policy.compat32, email.policy.default):
        found = oracle_defects(raw, policy)
        assert [] == found, found


def oracle_defects(raw: bytes, policy: email.policy.Policy[email.message.Message]) -> list[str]:
    """The name of every defect that the standard library finds in structure and content."""
    found: list[str] = []
    for part in email.message_from_bytes(raw, policy=policy).walk():
        if not part.is_multipart():
            part.get_payload(decode=True)
        found += [type(defect).__name__ for defect in part.defects]
    return found


Leaf = tuple[str, bytes | None]
"""The type of a leaf and its decoded content, None where it is a message."""


def leaves_of(message: Message) -> list[Leaf]:
    """All leaves of a mail, as the core reads it."""
    return [
        (
            leaf.media_type.full,
            None
            if leaf.media_type.type == "message"
            else _LINE_ENDS.sub(b"", b"".join(message.content(leaf))),
        )
        for leaf in message.leaves()
    ]


def leaves_of_oracle(raw: bytes) -> list[Leaf]:
    """All leaves of a mail, as the standard library reads it."""
    found: list[Leaf] = []
    pending = [email.message_from_bytes(raw, policy=email.policy.compat32)]
    while pending:
        part = pending.pop()
        content = part.get_payload(decode=True)
        if part.get_content_maintype() == "message":
            found.append((part.get_content_type(), None))
        elif part.is_multipart():
            inner = part.get_payload()
            assert isinstance(inner, list)
            pending += [one for one in reversed(inner) if isinstance(one, email.message.Message)]
        else:
            assert isinstance(content, bytes)
            found.append((part.get_content_type(), _LINE_ENDS.sub(b"", content)))
    return found


# Blanks at the end of a line are no content in quoted-printable (RFC 2045 section 6.7 (3)).
_LINE_ENDS = re.compile(rb"(?<![ \t])[ \t]+(?=\r?\n|\Z)")


def check_rewriting_is_done(result: Relayed) -> None:
    """Rewriting the outgoing mail again changes nothing.

    A text whose charset is not recognised may be so at the second reading, but no later: the
    texts beside it are labelled after the first rewriting, and their charset is a hint.
    """
    outgoing = result.outgoing
    message = parse_message(outgoing)
    if find_body_codes(message, SETTINGS.markers)[0] is not message:
        return  # a file with a code counts as a body, as no body has a code any more
    again = _rewritten_again(outgoing, result.recipients)
    if not all(result.message.text(one).reading.is_understood for one in _texts(result.message)):
        outgoing, again = again, _rewritten_again(again, result.recipients)
    assert outgoing.partition(b"\r\n\r\n")[2] == again.partition(b"\r\n\r\n")[2]


def _texts(message: Message) -> Iterator[Entity]:
    return (one for one in message.leaves() if one.media_type.type in {"text", "multipart"})


def _rewritten_again(outgoing: bytes, recipients: tuple[str, ...]) -> bytes:
    again = relayed(outgoing)
    assert again is not None
    assert again.plan.subject is None
    plan = plan_deliveries(again.message, again.plan.mail, again.codes, recipients, SETTINGS)
    assert () == plan.uploads
    return composed(plan, again.contents, SETTINGS)
