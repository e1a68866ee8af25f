"""Encoded-words in header fields as text (RFC 2047), with the standard library.

Not with the relay's own parser: what the relay wrote is looked at with other eyes.
"""

from __future__ import annotations

from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header

TROUBLE = (
    *(ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(RecursionError, HeaderParseError),
)
"""What the standard library has been seen to raise over mails that nobody should have sent."""


def decode_words(value: object) -> str:
    """The text with its encoded-words decoded, on one line; as it stands if it cannot be read."""
    text = str(value)
    with suppress(*TROUBLE):
        text = str(make_header(decode_header(text)))
    return clean(" ".join(text.split()))


def clean(text: str) -> str:
    """The text without what has no UTF-8."""
    return text.encode("utf-8", "replace").decode()
