"""Encoded-words in header fields as text (RFC 2047), with the standard library.

It does not use the relay's own parser, as an independent check of what the relay wrote.
"""

from __future__ import annotations

from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header

TROUBLE = (
    *(ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(RecursionError, HeaderParseError),
)
"""Exceptions that the standard library raises for malformed mails."""


def decode_words(value: object) -> str:
    """The text with its encoded-words decoded, on one line; unchanged if it cannot be decoded."""
    text = str(value)
    with suppress(*TROUBLE):
        text = str(make_header(decode_header(text)))
    return clean(" ".join(text.split()))


def clean(text: str) -> str:
    """The text without characters that UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode()
