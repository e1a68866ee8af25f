"""Content out of its transfer encoding (RFC 2045 section 6).

Decoding goes in bounded chunks. It reads what is there and never raises on content.
"""

from __future__ import annotations

from collections.abc import Iterator

from relay_core.errors import Span

from .base64_content import decode_base64
from .chunks import in_chunks
from .quoted_printable import decode_quoted_printable
from .transfer_encoding import TransferEncoding
from .uuencode import decode_uuencoded, uuencoded_data


def decode_content(raw: bytes, span: Span, encoding: TransferEncoding) -> Iterator[bytes]:
    """The decoded content of `raw[span.start:span.end]`, in chunks of bounded size.

    Never fails: what cannot be decoded is left out (base64) or kept as it is (quoted-printable).
    Under 7bit, 8bit and binary the content is the bytes themselves (RFC 2045 section 6.2).
    """
    if encoding is TransferEncoding.BASE64:
        return decode_base64(raw, span)
    if encoding is TransferEncoding.QUOTED_PRINTABLE:
        return decode_quoted_printable(raw, span)
    if encoding is TransferEncoding.UUENCODE:
        return _decode_uuencode(raw, span)
    return in_chunks(raw, span)


def _decode_uuencode(raw: bytes, span: Span) -> Iterator[bytes]:
    return decode_uuencoded(raw, uuencoded_data(raw, span))
