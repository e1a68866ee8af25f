"""The same job done in different ways, and the cost of its parts alone.

The job: parse the message, decode and digest every attachment, remove the recipient code from the
text, replace the attachments by links, and write the outgoing message. The standard library's
variant does less than the core (it checks no address and makes no file name safe) and uses its
faster policy, `compat32`.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache

from benchmarks.mails import Mail
from relay_core.attachments.attachment import Action, Attachment, content_of, find_attachments
from relay_core.composing import prepare_mails
from relay_core.delivery.measured import Measured
from relay_core.keys import RawKey
from relay_core.mime import base64_accelerator
from relay_core.mime.base64_accelerator import Decoder, compiled_decoder
from relay_core.mime.chunks import CHUNK
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from relay_core.outgoing.header import Sender, compose_header
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.rewrite import rewrite_body
from relay_core.plan import RelayPlan, plan_relay
from relay_core.settings import Settings

_SETTINGS = Settings(
    stack="benchmark",
    sender_address="relay@example.com",
    inbound_address="devices@in.example.com",
    allowed_recipients=("example.org", "example.net"),
    max_entities=1_000_000,
    max_header_fields=10_000_000,
    max_attachments=1_000_000,
)
_SENDER = Sender(address=_SETTINGS.sender_address, display_name="", reply_to=())
_EXPIRY = datetime(2026, 11, 25, 16, tzinfo=UTC)
_CODE = re.compile(r"\s*:Email_Rxers_Code:.*?:Email_Rxers_Code:")


@lru_cache(maxsize=1)
def pybase64() -> Decoder:
    """pybase64's decoder.

    Raises:
        RuntimeError: if its extension is not compiled for this machine.
    """
    decoder = compiled_decoder()
    if decoder is None:
        raise RuntimeError("pybase64 has no compiled extension here, so it cannot be measured")
    return decoder


@contextmanager
def _decoding_with(decoder: Decoder) -> Iterator[None]:
    before = base64_accelerator.decode
    base64_accelerator.decode = decoder
    try:
        yield
    finally:
        base64_accelerator.decode = before


# --- the whole job ----------------------------------------------------------------------------


def relay(mail: Mail) -> bytes:
    """The relay with pybase64, as deployed.

    Raises:
        RuntimeError: if the core does not decode with pybase64 here.
    """
    if base64_accelerator.decode is not pybase64():
        raise RuntimeError("the core does not decode with pybase64")
    return relayed(mail.raw)


def relay_alone(mail: Mail) -> bytes:
    """The relay with the standard library only."""
    with _decoding_with(binascii.a2b_base64):
        return relayed(mail.raw)


def relayed(raw: bytes) -> bytes:
    """The whole core path, with a store that discards its input."""
    plan = plan_relay(raw, RawKey("incoming/benchmark"), _SETTINGS)
    if not isinstance(plan, RelayPlan):
        raise TypeError(f"the benchmark's mail must be relayed, not {plan}")
    detached = [upload.attachment for upload in plan.uploads]
    compose = prepare_mails(plan, _stored(plan.message, detached), _SETTINGS)
    return compose(plan.recipients[0]).raw


def engine(mail: Mail) -> bytes:
    """The MIME engine's part only: parse, detach, decode and digest, rewrite.

    No verdict is read, no recipient code is searched or removed, no address is checked.
    """
    message = parse_message(mail.raw, _SETTINGS.limits)
    detached = [one for one in find_attachments(message) if one.action is Action.DETACH]
    listed = _stored(message, detached)
    body = rewrite_body(message, detached=detached, removals={}, listed=listed)
    header = compose_header(
        message.header,
        sender=_SENDER,
        to=_SETTINGS.allowed_recipients,
        subject=None,
        stack=_SETTINGS.stack,
        fields=body.fields,
    )
    return header + body.content


def _stored(message: Message, detached: Sequence[Attachment]) -> list[ListedAttachment]:
    listed = []
    for attachment in detached:
        content = Measured(content_of(message, attachment))
        for _ in content:
            pass
        listed.append(
            ListedAttachment(
                name=attachment.safe_name,
                size=content.size,
                url=f"https://files.example.com/{content.sha256}",
                expires_at=_EXPIRY,
            )
        )
    return listed


def library(mail: Mail) -> bytes:
    """The same job with the standard library."""
    message = email.message_from_bytes(mail.raw, policy=email.policy.compat32)
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            raise TypeError("a leaf has content")
        if part.get_filename() is None:
            part.set_payload(_CODE.sub("", content.decode("utf-8")), "utf-8")
            continue
        text = f"https://files.example.com/{hashlib.sha256(content).hexdigest()}\n"
        for name in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"):
            del part[name]
        part["Content-Type"] = "text/plain"
        part.set_payload(text)
    return message.as_bytes()


# --- parts of it --------------------------------------------------------------------------------


def round_trip(mail: Mail) -> bytes:
    """Only the standard library's parsing and generating, everything kept.

    With the policy that its documentation recommends (`email.policy`, "default").
    """
    return email.message_from_bytes(mail.raw, policy=email.policy.default).as_bytes()


def round_trip_compat32(mail: Mail) -> bytes:
    """The same with the faster policy, which reads header fields as Python 3.2 did."""
    return email.message_from_bytes(mail.raw, policy=email.policy.compat32).as_bytes()


def decode(mail: Mail) -> int:
    """Only the base64 decoding, by the standard library, in one call."""
    return len(binascii.a2b_base64(mail.encoded))


def decode_pybase64(mail: Mail) -> int:
    """Only the base64 decoding, by pybase64, in chunks: one call would wait for memory."""
    decoder = pybase64()
    return sum(len(decoder(chunk)) for chunk in _chunks(mail.encoded))


def digest(mail: Mail) -> str:
    """Only SHA-256 of as many bytes as the attachments have."""
    sha256 = hashlib.sha256()
    for chunk in _chunks(mail.encoded[: len(mail.encoded) * 57 // 78]):
        sha256.update(chunk)
    return sha256.hexdigest()


def search(mail: Mail) -> int:
    """Only one search of the base64 for the hyphen that begins a delimiter line."""
    return mail.encoded.find(b"-")


def _chunks(content: bytes) -> Iterator[memoryview]:
    view = memoryview(content)
    position = 0
    while position < len(content):
        end = len(content)
        if end - position > CHUNK:
            end = content.rfind(b"\n", position, position + CHUNK) + 1 or position + CHUNK
        yield view[position:end]
        position = end
