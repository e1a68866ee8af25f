"""The reference number of a mail: short enough to be read out on a telephone.

It is the first 40 bits of the message's reference in tokens (`tokens.message_ref`), in Crockford's
base32, which has no I, L, O and U: `K7Q2-MX4P`. It grants no access, and no sender can choose it.
"""

from __future__ import annotations

import base64
import re

from relay_core.keys import MessageId

from .tokens import LinkToken, MessageRef, message_ref

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HEX_DIGITS, _CHARACTERS = 10, 8
_REFERENCE = re.compile(rf"([{_ALPHABET}]{{4}})-?([{_ALPHABET}]{{4}})\Z")
# Letters that are misread or mistyped for a digit (Crockford, "Base 32", decoding).
_MISREAD = str.maketrans("ILO", "110")


def reference_of(ref: MessageRef) -> str:
    """The reference number of the message with that reference in tokens."""
    number = int(ref[:_HEX_DIGITS], 16)
    text = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS)))
    return f"{text[:4]}-{text[4:]}"


def reference(message_id: MessageId) -> str:
    """The reference number of a message."""
    return reference_of(message_ref(message_id))


def reference_in(token: LinkToken) -> str:
    """The reference number of the message that a token names. The token may be forged."""
    # A token begins with the message's reference.
    return reference_of(MessageRef(base64.urlsafe_b64decode(token[: _HEX_DIGITS + 2]).hex()))


def parse_reference(text: str) -> str | None:
    """A typed reference number, in the form of `reference`; None if it is not one."""
    found = _REFERENCE.match(text.strip().upper().translate(_MISREAD))
    return f"{found[1]}-{found[2]}" if found else None
