"""Base64 as content, read and written (RFC 2045 section 6.8, RFC 4648).

Read is also what devices send instead: base64 without padding or with padding in the middle, line
breaks where none belong, the alphabet of URLs, a data URL, words in clear or a checksum behind it.

The fast path hands each chunk as it is to the decoder, which skips line breaks at C speed and
complains about a chunk that is not a whole number of quanta; only then is the content cleaned
first.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from io import BytesIO

from relay_core.abnf import BASE64
from relay_core.errors import Span

from . import base64_accelerator
from .base64_footer import are_words, before_footer
from .chunks import CHUNK, in_chunks

_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BLANKS = b"\r\n \t"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64_ALPHABET) - {ord("=")})
_PROSE = re.compile(rb"[\r\n][ \t]*+[%b=]*+[ \t]*+[^\s]" % BASE64.encode())
_FINAL_PADDING = re.compile(rb"=[=\r\n \t]*\Z")
_CHECKSUM = re.compile(rb"[\r\n]=[%b]{4}[\r\n \t]*+\Z" % BASE64.encode())


def decode_base64(raw: bytes, span: Span) -> Iterator[bytes]:
    """The decoded content of `raw[span.start:span.end]`, in chunks of bounded size.

    A data URL's prefix (RFC 2397) and words in clear after the base64 are left out; the alphabet
    of RFC 4648 section 5 is recognised. Never fails: what is no base64 is skipped.
    """
    span = _before_words(raw, _inside_data_url(raw, span))
    if _is_base64url(raw, span):
        return decode_loose_base64(raw, span, _FROM_BASE64URL)
    return _decode_plain_base64(raw, span)


def text_after_base64(raw: bytes, span: Span) -> Span:
    """The span of the words in clear after base64, with the line break before them.

    Offsets are into `raw`. Without such words it is the empty span at the end.
    """
    words = Span(_before_words(raw, _inside_data_url(raw, span)).end, span.end)
    return words if are_words(raw[words.start : words.end]) else Span(span.end, span.end)


def _inside_data_url(raw: bytes, span: Span) -> Span:
    """What a script took out of a page (RFC 2397), without what precedes the data."""
    prefix = _DATA_URL.match(raw, *span)
    return Span(prefix.end(), span.end) if prefix else span


def _before_words(raw: bytes, span: Span) -> Span:
    span = before_footer(raw, span)
    padding = raw.find(b"=", *span)
    if padding < 0 or _FINAL_PADDING.match(raw, padding, span.end):
        return span
    span = _before_checksum(raw, span)
    # Behind padding, base64 goes on only in lines of base64; a footer is no content.
    prose = _PROSE.search(raw, padding, span.end)
    return Span(span.start, prose.start()) if prose else span


def _before_checksum(raw: bytes, span: Span) -> Span:
    """The span without the line of a checksum that ends OpenPGP's armor (RFC 9580 section 6.1)."""
    start = raw.rfind(b"=", *span) - 1
    is_one = start >= span.start and _CHECKSUM.match(raw, start, span.end)
    return Span(span.start, start) if is_one else span


_DATA_URL = re.compile(
    rb"[ \t\r\n\"']*+(?:data:)?(?:[a-z]+/[!-+\--~]{1,200};)?base64,", re.IGNORECASE
)
_BASE64URL = b"-_"
_AMONG_BLANKS = re.compile(rb"[-_][ \t]++[^\s]|[^\s][ \t]++[-_]")
_FROM_BASE64URL = bytes.maketrans(_BASE64URL, b"+/")


def _is_base64url(raw: bytes, span: Span) -> bool:
    """Whether the content is written with the two other characters of RFC 4648 section 5."""
    # One of these stands within the first lines of nearly every file: the search ends there.
    if any(raw.find(one, *span) >= 0 for one in (b"/", b"+")):
        return False
    if all(raw.find(one, *span) < 0 for one in (b"-", b"_")):
        return False
    if _AMONG_BLANKS.search(raw, *span):
        return False  # words with hyphens between them, or junk
    padding = raw.find(b"=", *span)
    if padding >= 0 and _FINAL_PADDING.match(raw, padding, span.end) is None:
        return False  # what follows the padding is something else
    allowed = _BASE64_ALPHABET + _BASE64URL + b"=" + _BLANKS
    return not any(chunk.translate(None, allowed) for chunk in in_chunks(raw, span))


def _decode_plain_base64(raw: bytes, span: Span) -> Iterator[bytes]:
    position = span.start
    padding = raw.find(b"=", span.start, span.end)
    is_final = padding < 0 or _FINAL_PADDING.match(raw, padding, span.end) is not None
    regular_end = span.end if is_final else padding
    encoded = memoryview(raw)
    while position < regular_end:
        end = regular_end
        if regular_end - position > CHUNK:
            # A chunk that ends at a line break usually holds whole quanta: 76 is a multiple of 4.
            end = raw.rfind(b"\n", position, position + CHUNK) + 1
        if end <= position:
            break
        try:
            decoded = base64_accelerator.decode(encoded[position:end])
        except binascii.Error:
            break
        yield decoded
        position = end
    yield from decode_loose_base64(raw, Span(position, span.end))


def decode_loose_base64(
    raw: bytes, span: Span, characters: bytes | None = None
) -> Iterator[bytes]:
    """The decoded content of a span that need not be regular, in chunks.

    Characters of no alphabet are skipped, and padding ends a stream, after which another begins.
    `characters` is a table for `bytes.translate` from another alphabet to that of base64.
    Never fails: a last character that is not enough for a byte is dropped.
    """
    carry = b""
    for chunk in in_chunks(raw, span):
        written = chunk if characters is None else chunk.translate(characters)
        *closed, carry = (carry + written.translate(None, _NOT_BASE64)).split(b"=")
        # What stands between two paddings is a stream of its own, as mailers that
        # concatenate encoded blocks produce it.
        for segment in closed:
            if segment:
                yield _decode_segment(segment)
        whole = len(carry) & ~3
        if whole:
            yield base64_accelerator.decode(carry[:whole])
            carry = carry[whole:]
    if carry:
        yield _decode_segment(carry)


def _decode_segment(segment: bytes) -> bytes:
    # One character beyond a quantum carries six bits, no byte: nothing to recover from it.
    usable = segment[: len(segment) - 1] if len(segment) % 4 == 1 else segment
    return base64_accelerator.decode(usable + b"=" * (-len(usable) % 4))


def has_irregular_base64(raw: bytes, span: Span) -> bool:
    """Whether the content is not exactly base64 (RFC 2045 section 6.8).

    That is: the alphabet, blanks and line breaks, padding at the end alone, whole groups of four.
    """
    padding = raw.find(b"=", span.start, span.end)
    core = Span(span.start, span.end if padding < 0 else padding)
    tail = raw[core.end : span.end].translate(None, _BLANKS)
    if tail not in (b"", b"=", b"=="):
        return True
    characters = len(tail)
    for chunk in in_chunks(raw, core):
        between = chunk.translate(None, _BASE64_ALPHABET)
        if between.translate(None, _BLANKS):
            return True
        characters += len(chunk) - len(between)
    return characters % 4 != 0


def is_whole_base64(raw: bytes, span: Span, size: int, *, padded: bool) -> bool:
    """Whether each character of the content counts in the `size` bytes that it decodes to.

    With `padded` the last group of four has to be whole, too.
    """
    if prefix := _DATA_URL.match(raw, *span):
        span = Span(prefix.end(), span.end)
    span = _before_checksum(raw, span)
    padding = raw.count(b"=", *span)
    blanks = sum(raw.count(one, *span) for one in (b"\n", b"\r", b" ", b"\t"))
    characters = span.end - span.start - blanks - padding
    if padded and (characters + padding) % 4:
        return False
    needed = -(-size * 4 // 3)
    # Of several streams in a row each is rounded up.
    return needed <= characters <= needed + (padding if padding > 2 else 0)


def encode_base64(content: Iterable[bytes]) -> bytes:
    """Base64 of the joined chunks: lines of 76 characters (RFC 2045 section 6.8).

    CRLF is between the lines and not at the end.
    """
    encoded = BytesIO()
    rest = b""
    for chunk in content:
        rest += chunk
        whole = len(rest) - len(rest) % _BASE64_LINE
        encoded.write(_base64_lines(rest[:whole]))
        rest = rest[whole:]
    encoded.write(_base64_lines(rest))
    encoded.truncate(max(encoded.tell() - 2, 0))
    return encoded.getvalue()


_BASE64_LINE = 57
"""How many bytes fit into a line of 76 characters."""


def _base64_lines(content: bytes) -> bytes:
    encoded = b64encode(content)
    return b"".join(encoded[i : i + 76] + b"\r\n" for i in range(0, len(encoded), 76))
