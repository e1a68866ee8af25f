"""The token in a download link: short, unguessable, and the same at every try.

A token is for one recipient of one message. It is

    base64url( message-ref ‖ recipient-tag ‖ mac )      8 + 6 + 16 bytes, 40 characters

where message-ref and recipient-tag are digests that say nothing by themselves, and the mac is
HMAC-SHA-256 (RFC 2104) over both, cut to 128 bits (NIST SP 800-107 section 5.3.3). Nothing secret
is stored: whoever has the key makes the token again, and whoever has not cannot make any. A token
is checked before anything is looked up, in a time that does not depend on it, so that a guess
tells nothing about which messages there are.

Keys are rotated: what is issued is made with the current key, what was issued with the one before
is accepted until its link is over.
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
"""What a token calls its message: 16 hexadecimal digits."""

KEY_BYTES = 32
_REF_BYTES, _TAG_BYTES, _MAC_BYTES = 8, 6, 16
_TOKEN_LENGTH = (_REF_BYTES + _TAG_BYTES + _MAC_BYTES) * 4 // 3
_PURPOSE = b"mail-relay download link 1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKeys:
    """The key that tokens are made with, and the one before it, if that still counts.

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
        return "LinkKeys(…)"  # keys are in no log


def parse_link_keys(document: str) -> LinkKeys:
    """The keys from JSON: `{"current": base64, "previous": base64 or null}`.

    Raises:
        ValueError: if they cannot be read; the message holds nothing of them.
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
            'the link keys are no JSON object {"current": …, "previous": …}'
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaim:
    """What a genuine token says: which message, and which of its recipients."""

    message_ref: MessageRef
    recipient_tag: str


def message_ref(message_id: MessageId) -> MessageRef:
    """What tokens call a message."""
    return MessageRef(sha256(message_id.encode()).digest()[:_REF_BYTES].hex())


def recipient_tag(recipient: str, renewal: int = 0) -> str:
    """What tokens call a recipient of a message; letter case makes no difference.

    `renewal` counts the links that were issued after the first: each has a tag of its own. No
    address holds a NUL, so no recipient's tag is that of another's renewal.
    """
    counted = f"\0{renewal}" if renewal else ""
    return sha256((recipient.lower() + counted).encode()).digest()[:_TAG_BYTES].hex()


def issue_token(
    message_id: MessageId, recipient: str, keys: LinkKeys, renewal: int = 0
) -> LinkToken:
    """The token of one recipient of one message, the first or one of those that follow it."""
    claim = bytes.fromhex(message_ref(message_id) + recipient_tag(recipient, renewal))
    return LinkToken(base64.urlsafe_b64encode(claim + _mac(claim, keys.current)).decode())


def read_token(text: str, keys: LinkKeys) -> TokenClaim | None:
    """What a token says, or None if it was not made with one of the keys."""
    token = _decoded(text)
    claim, mac = token[:-_MAC_BYTES], token[-_MAC_BYTES:]
    # Both are compared, whatever the first says: the time shows nothing.
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
    """The bytes of a token; of what is none, bytes that no key has made, at the same cost."""
    nothing = bytes(_REF_BYTES + _TAG_BYTES + _MAC_BYTES)
    if len(text) != _TOKEN_LENGTH:
        return nothing
    try:
        # Of a multiple of four characters every bit counts: no two texts are the same token.
        return base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return nothing
