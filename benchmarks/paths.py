"""The same job done in three ways: by the relay's core, by the standard library, not at all.

The job: read the message, decode and digest every attachment, take the recipient code out of
the text, put links in the attachments' place, and write what goes out. The standard library
does less of it than the core (no address is checked, no file name made safe) and uses its
faster policy, `compat32`.
"""

from __future__ import annotations

import binascii
import email
import email.policy
import hashlib
import re
from datetime import UTC, datetime

from relay_core.attachment import content_of
from relay_core.links import ListedAttachment
from relay_core.measured import Measured
from relay_core.plan import RelayPlan, plan_relay
from relay_core.ports import RawKey
from relay_core.relay import compose_mail
from relay_core.rewrite import rewrite_body
from relay_core.settings import Settings

_SETTINGS = Settings(
    stack="benchmark",
    sender_address="relay@example.com",
    inbound_address="devices@in.example.com",
    allowed_recipients=("example.org", "example.net"),
    max_entities=1_000_000,
)
_EXPIRY = datetime(2026, 11, 25, 16, tzinfo=UTC)
_CODE = re.compile(r"\s*:Email_Rxers_Code:.*?:Email_Rxers_Code:")


def relay(raw: bytes) -> bytes:
    """The whole core path, with a store that drops what it is given."""
    plan = plan_relay(raw, RawKey("incoming/benchmark"), _SETTINGS)
    if not isinstance(plan, RelayPlan):
        raise TypeError(f"the benchmark's mail must be relayed, not {plan}")
    listed = []
    for upload in plan.uploads:
        content = Measured(content_of(plan.message, upload.attachment))
        for _ in content:
            pass
        listed.append(
            ListedAttachment(
                name=upload.attachment.safe_name,
                size=content.size,
                url=f"https://files.example.com/{content.sha256}",
                expires_at=_EXPIRY,
            )
        )
    body = rewrite_body(
        plan.message,
        detached=[upload.attachment for upload in plan.uploads],
        removals=plan.removals,
        listed=listed,
    )
    return compose_mail(plan, body, plan.recipients[0], _SETTINGS).raw


def library(raw: bytes) -> bytes:
    """The standard library's way."""
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
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


def decode(encoded: bytes) -> bytes:
    """Nothing but the base64, in one call."""
    return binascii.a2b_base64(encoded)
