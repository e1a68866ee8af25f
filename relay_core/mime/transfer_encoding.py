"""The transfer encodings, and which of them a field names (RFC 2045 section 6).

Devices misspell them, and name some that were never registered.
"""

from __future__ import annotations

import re
from enum import StrEnum


class TransferEncoding(StrEnum):
    """The Content-Transfer-Encodings (RFC 2045 section 6.1), and one that was never registered."""

    SEVEN_BIT = "7bit"
    EIGHT_BIT = "8bit"
    BINARY = "binary"
    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"
    UUENCODE = "x-uuencode"


IDENTITY = frozenset(
    {TransferEncoding.SEVEN_BIT, TransferEncoding.EIGHT_BIT, TransferEncoding.BINARY}
)
"""The encodings under which content stands as it is."""

_ENCODING_TOKEN = re.compile(r"[A-Za-z0-9_-]+")
_NAMES = {
    **{str(encoding): encoding for encoding in TransferEncoding},
    "7-bit": TransferEncoding.SEVEN_BIT,
    "8-bit": TransferEncoding.EIGHT_BIT,
    "base-64": TransferEncoding.BASE64,
    "base64url": TransferEncoding.BASE64,
    "quotedprintable": TransferEncoding.QUOTED_PRINTABLE,
    "uue": TransferEncoding.UUENCODE,
    "uuencode": TransferEncoding.UUENCODE,
    "uuencoded": TransferEncoding.UUENCODE,
    "x-uu": TransferEncoding.UUENCODE,
    "x-uue": TransferEncoding.UUENCODE,
}


def parse_transfer_encoding(value: str) -> TransferEncoding | None:
    """The encoding that a Content-Transfer-Encoding field names, or None if unknown.

    Quotes, comments and stray semicolons around the word do not matter.
    """
    if (plain := _NAMES.get(value.lower())) is not None:
        return plain
    without_comments = re.sub(r"\([^()]*\)", " ", value)
    match = _ENCODING_TOKEN.search(without_comments)
    if match is None:
        return None
    return _NAMES.get(match.group().lower())
