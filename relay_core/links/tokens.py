"""The token in a download link: short, unguessable, and the same at every retry.

A token is for one recipient of one message. It is

    base64url( message-ref ‖ recipient-tag ‖ mac )      8 + 6 + 16 bytes, 40 characters

where message-ref and recipient-tag are digests, and the mac is HMAC-SHA-256 (RFC 2104) over both,
truncated to 128 bits (NIST SP 800-107 section 5.3.3). Tokens are not stored: the key is necessary
and sufficient to make them. A token is checked before any lookup, in constant time, so a guess
reveals nothing about which messages exist.

Keys are rotated: tokens are made with the current key, and tokens made with the previous key are
accepted until their links end.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import NewType

from relay_core.keys import MessageId

LinkToken = NewType("LinkToken", str)
"""A token as part of the URL: 40 characters of base64url (RFC 4648 section 5)."""

MessageRef = NewType("MessageRef", str)
"""The reference of a message in tokens: 16 hexadecimal digits."""

KEY_BYTES = 32
_REF_BYTES, _TAG_BYTES, _MAC_BYTES = 8, 6, 16
_TOKEN_LENGTH = (_REF_BYTES + _TAG_BYTES + _MAC_BYTES) * 4 // 3
_PURPOSE = b"mail-relay download link 1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKeys:
    """The key that tokens are made with, and the previous one, if it is still accepted.

    Raises:
        ValueError: if a key is shorter than `KEY_BYTES`.
    """

    current: bytes
    previous: bytes | None = None

    def __post_init__(self) -> None:
        for key in (self.current, self.previous):
            if key is not None and len(key) < KEY_BYTES:
                raise ValueError(f"a link key has at least {KEY_BYTES} bytes")

    def __repr__(self) -> str:
        return "LinkKeys(…)"  # keys must not be logged


def parse_link_keys(document: str) -> LinkKeys:
    """The keys from JSON: `{"current": base64, "previous": base64 or null}`.

    Raises:
        ValueError: if they cannot be read; its message contains no part of a key.
    """
    try:
        data = json.loads(document)
        current, previous = data["current"], data.get("previous")
        return LinkKeys(
            current=base64.b64decode(current, validate=True),
            previous=base64.b64decode(previous, validate=True) if previous else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            'the link keys are not a JSON object {"current": …, "previous": …}'
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaim:
    """The content of a genuine token: its message, and the recipient."""

    message_ref: MessageRef
    recipient_tag: str


def message_ref(message_id: MessageId) -> MessageRef:
    """The reference of a message in tokens."""
    return MessageRef(sha256(message_id.encode()).digest()[:_REF_BYTES].hex())


def recipient_tag(recipient: str, renewal: int = 0) -> str:
    """The tag of a recipient in tokens; letter case makes no difference.

    `renewal` counts the links issued after the first: each has a tag of its own. An address has
    no NUL, so the tag of a recipient never equals the tag of another recipient's renewal.
    """
    counted = f"\0{renewal}" if renewal else ""
    return sha256((recipient.lower() + counted).encode()).digest()[:_TAG_BYTES].hex()


def issue_token(
    message_id: MessageId, recipient: str, keys: LinkKeys, renewal: int = 0
) -> LinkToken:
    """The token of one recipient of one message: the first one, or that of a renewal."""
    claim = bytes.fromhex(message_ref(message_id) + recipient_tag(recipient, renewal))
    return LinkToken(base64.urlsafe_b64encode(claim + _mac(claim, keys.current)).decode())


def read_token(text: str, keys: LinkKeys) -> TokenClaim | None:
    """The content of a token, or None if it was not made with one of the keys."""
    token = _decoded(text)
    claim, mac = token[:-_MAC_BYTES], token[-_MAC_BYTES:]
    # Both are always compared, so that the time does not reveal the result.
    is_current = hmac.compare_digest(mac, _mac(claim, keys.current))
    is_previous = hmac.compare_digest(mac, _mac(claim, keys.previous or keys.current))
    if not (is_current or is_previous):
        return None
    return TokenClaim(
        message_ref=MessageRef(claim[:_REF_BYTES].hex()), recipient_tag=claim[_REF_BYTES:].hex()
    )


def _mac(claim: bytes, key: bytes) -> bytes:
    return hmac.digest(key, _PURPOSE + claim, "sha256")[:_MAC_BYTES]


def _decoded(text: str) -> bytes:
    """The bytes of a token; for other text, bytes that never match a key, at the same cost."""
    nothing = bytes(_REF_BYTES + _TAG_BYTES + _MAC_BYTES)
    if len(text) != _TOKEN_LENGTH:
        return nothing
    try:
        # In a multiple of four characters every bit counts, so each token has one spelling.
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return nothing
