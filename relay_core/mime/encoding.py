"""In which transfer encoding content is sent: as it is, or in one that takes its place."""

from __future__ import annotations

import re

from relay_core.errors import Span

from .base64_content import encode_base64
from .chunks import in_chunks
from .quoted_printable import encode_quoted_printable, with_lf
from .transfer_encoding import TransferEncoding

MAX_LINE = 998
"""The longest line that may be sent, in bytes without its line break (RFC 5322 section 2.1.1)."""


def is_seven_bit_clean(content: bytes, within: Span | None = None) -> bool:
    """Whether content can be sent as it is: ASCII, no NUL, no line over `MAX_LINE`.

    That is 7bit (RFC 2045 section 2.7). `within` restricts the question to a range of `content`.
    """
    span = within or Span(0, len(content))
    return (
        all(chunk.isascii() for chunk in in_chunks(content, span))
        and content.find(b"\0", *span) < 0
        and find_long_line(content, span) is None
    )


def find_long_line(content: bytes, within: Span | None = None) -> int | None:
    """The offset of the first line over `MAX_LINE` bytes, without its line break; None if none.

    LF and CR both end a line. `within` restricts the question to a range of `content`.
    """
    # From one line break to the last one that is still near enough: no list of lines is made.
    position, end = within or Span(0, len(content))
    while end - position > MAX_LINE:
        limit = position + MAX_LINE + 1
        found = content.rfind(b"\n", position, limit)
        if found < 0:
            found = content.rfind(b"\r", position, limit)
        if found < 0:
            return position
        position = found + 1
    return None


def encode_text_content(content: bytes) -> tuple[TransferEncoding, bytes]:
    """Encoded text in the transfer encoding that keeps most of it readable in transit.

    The result is 7-bit clean, its line breaks are CRLF, and no line is over 998 bytes. A text with
    control characters is base64, as their escapes in quoted-printable are taken for words like
    `status=00` that are no escapes (`relay_core.mime.mislabelled`).
    """
    if content.isascii() and b"\0" not in content:
        lines = with_lf(content).replace(b"\n", b"\r\n")
        if find_long_line(lines) is None:
            return TransferEncoding.SEVEN_BIT, lines
    foreign = len(content) - len(content.translate(None, _NOT_ASCII))
    if foreign * 3 > len(content) or _CONTROL.search(content):
        return TransferEncoding.BASE64, encode_base64([content])
    return TransferEncoding.QUOTED_PRINTABLE, encode_quoted_printable(content)


_NOT_ASCII = bytes(range(128, 256))
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")
