"""The signature by which a receiver verifies that a request is from this stack, and recent.

The convention of Standard Webhooks (its specification, "Signature scheme"), for which libraries
exist: three headers, `webhook-id`, `webhook-timestamp` (seconds since 1970) and
`webhook-signature`, which is `v1,` and the base64 of HMAC-SHA-256 over

    <webhook-id>.<webhook-timestamp>.<body>

under the secret key. A receiver computes the same, compares in constant time, and refuses a
timestamp that is more than five minutes off. `verify` does it, as an example and for the tests.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

KEY_PREFIX = "whsec_"
_MIN_KEY, _MAX_KEY = 24, 64  # bytes
TOLERANCE = 300
"""Seconds that a timestamp may be off."""


def parse_key(text: str) -> bytes:
    """The key in its written form: `whsec_` and the base64 of 24 to 64 bytes.

    Raises:
        ValueError: if it is not so; the text is not in the message.
    """
    if not text.startswith(KEY_PREFIX):
        raise ValueError(f"must begin with {KEY_PREFIX}")
    try:
        key = base64.b64decode(text.removeprefix(KEY_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError(f"must be base64 behind {KEY_PREFIX}") from None
    if not _MIN_KEY <= len(key) <= _MAX_KEY:
        raise ValueError(f"must hold {_MIN_KEY} to {_MAX_KEY} bytes")
    return key


def sign(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The headers that go with a body; `timestamp` in seconds since 1970."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{_mac(key, message_id, str(timestamp), body)}",
    }


def verify(key: bytes, *, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a request was signed with this key, and lately; names of `headers` in lower case.

    `webhook-signature` may hold several signatures with blanks between them.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isascii() or not timestamp.isdecimal():
        return False
    if abs(now - int(timestamp)) > TOLERANCE:
        return False
    expected = f"v1,{_mac(key, message_id, timestamp, body)}".encode()
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected, one.encode()) for one in given)


def _mac(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
