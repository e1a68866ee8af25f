"""Quoted-printable as content, read and written (RFC 2045 section 6.7)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from io import BytesIO

from relay_core.errors import Span

from .chunks import CHUNK


def has_irregular_quoted_printable(raw: bytes, span: Span) -> bool:
    """Whether an equals sign is followed by neither two hexadecimal digits nor a line break."""
    return _BAD_ESCAPE.search(raw, span.start, span.end) is not None


def decode_quoted_printable(raw: bytes, span: Span) -> Iterator[bytes]:
    """The decoded content of `raw[span.start:span.end]`, in chunks.

    Never fails: what is no escape stays as it is. Blanks at the end of a line are dropped
    (RFC 2045 section 6.7, rule 3).
    """
    position = span.start
    while position < span.end:
        end = _end_of_quoted_chunk(raw, position, span.end)
        lines = _TRAILING_BLANKS.sub(b"", raw[position:end])
        if lines.endswith(b"=") and raw[end : end + 1] == b"=" and end < span.end:
            lines += b"3D"  # of two equals signs in a row, the first stands for itself
        # Two things that binascii reads otherwise than a person: `==41`, and a bare CR.
        lines = _DOUBLED_ESCAPE.sub(b"=3D", lines)
        yield binascii.a2b_qp(_SOFT_BREAK_BY_CR.sub(b"", lines))
        position = end


def _end_of_quoted_chunk(raw: bytes, position: int, end: int) -> int:
    """Where a chunk may end: behind a line break, or where no escape and no blanks are cut."""
    limit = position + CHUNK
    if end <= limit:
        return end
    # An escape or a soft break never reaches beyond a line break.
    if cut := raw.rfind(b"\n", position, limit) + 1:
        return cut
    while limit > position and raw[limit - 1] in b" \t\r":
        limit -= 1
    equals = raw.rfind(b"=", max(position, limit - 2), limit)
    if equals > position and raw[equals + 1 : equals + 2] != b"=":
        limit = equals
    return limit if limit > position else raw.find(b"\n", position, end) + 1 or end


_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:[\r\n]|\Z))")
_DOUBLED_ESCAPE = re.compile(rb"=(?==)")
_SOFT_BREAK_BY_CR = re.compile(rb"=[ \t]*\r(?!\n)")

# Blanks at the end of a line were added on the way and are not content (RFC 2045 6.7 (3)).
_TRAILING_BLANKS = re.compile(rb"(?<![ \t])[ \t]+(?=\r?\n)")


def encode_quoted_printable(content: bytes) -> bytes:
    """The content in quoted-printable: CRLF line breaks, no line over 76 characters.

    Line breaks in the content, of whichever kind, are line breaks of the text.
    """
    lines = BytesIO()
    position = 0
    while position < len(content):
        end = content.rfind(b"\n", position, position + CHUNK) + 1 or len(content)
        encoded = binascii.b2a_qp(with_lf(content[position:end]), istext=True)
        lines.write(encoded.replace(b"\n", b"\r\n"))
        position = end
    return lines.getvalue()


def with_lf(content: bytes) -> bytes:
    """The content with each CRLF and each bare CR as LF."""
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
