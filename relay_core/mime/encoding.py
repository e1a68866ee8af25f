"""Bytes to text and back: transfer encodings and encoded-words.

Rests on RFC 2045 section 6 (Content-Transfer-Encoding), RFC 2047 (encoded-words in header
fields) and on what devices send instead: base64 without padding or with padding in the
middle, line breaks where none belong, charsets that do not exist. Everything here reads
what is there and never raises on content.

Decoding goes in bounded chunks (`CHUNK` bytes of encoded content), so that a 36 MB
attachment is never in memory twice. The fast path of base64 hands each chunk as it is to
the decoder, which skips line breaks at C speed and complains about a chunk that is not a
whole number of quanta; only then is the content cleaned first.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from enum import StrEnum
from io import BytesIO
from itertools import islice

from relay_core.errors import Span
from relay_core.text.charsets import known_charset

from . import base64_decoder
from .footer import are_words, before_footer
from .header_text import decode_labelled, is_read_alike
from .uuencode import decode_uuencoded, uuencoded_data

CHUNK = 1 << 18
"""How many bytes of encoded content are decoded at a time: larger ones are no faster."""


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


# --- decoding content -----------------------------------------------------------------------


def decode_content(raw: bytes, span: Span, encoding: TransferEncoding) -> Iterator[bytes]:
    """The decoded content of `raw[span.start:span.end]`, in chunks of bounded size.

    Never raises on content: what cannot be decoded is left out (base64) or kept as it stands
    (quoted-printable).
    """
    if encoding is TransferEncoding.BASE64:
        return _decode_base64(raw, span)
    if encoding is TransferEncoding.QUOTED_PRINTABLE:
        return _decode_quoted_printable(raw, span)
    if encoding is TransferEncoding.UUENCODE:
        return _decode_uuencode(raw, span)
    return _slices(raw, span)


def _slices(raw: bytes, span: Span) -> Iterator[bytes]:
    for start in range(span.start, span.end, CHUNK):
        yield raw[start : min(start + CHUNK, span.end)]


_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BLANKS = b"\r\n \t"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64_ALPHABET) - {ord("=")})
_PROSE = re.compile(rb"[\r\n][ \t]*+[A-Za-z0-9+/=]*+[ \t]*+[^\s]")
_FINAL_PADDING = re.compile(rb"=[=\r\n \t]*\Z")


def _decode_base64(raw: bytes, span: Span) -> Iterator[bytes]:
    span = _before_words(raw, _inside_data_url(raw, span))
    if _is_base64url(raw, span):
        return _decode_loose_base64(raw, span, _FROM_BASE64URL)
    return _decode_plain_base64(raw, span)


def words_behind_base64(raw: bytes, span: Span) -> Span:
    """Words in clear behind base64, with the line break before them; empty if there are none."""
    words = Span(_before_words(raw, _inside_data_url(raw, span)).end, span.end)
    return words if are_words(raw[words.start : words.end]) else Span(span.end, span.end)


def _inside_data_url(raw: bytes, span: Span) -> Span:
    """What a script took out of a page (RFC 2397), without what stands before the data."""
    prefix = _DATA_URL.match(raw, *span)
    return Span(prefix.end(), span.end) if prefix else span


def _before_words(raw: bytes, span: Span) -> Span:
    span = before_footer(raw, span)
    padding = raw.find(b"=", *span)
    if padding < 0 or _FINAL_PADDING.match(raw, padding, span.end):
        return span
    # Behind padding, base64 goes on only in lines of base64; a footer is no content.
    prose = _PROSE.search(raw, padding, span.end)
    return Span(span.start, prose.start()) if prose else span


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
    return not any(chunk.translate(None, allowed) for chunk in _slices(raw, span))


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
            decoded = base64_decoder.decode(encoded[position:end])
        except binascii.Error:
            break
        yield decoded
        position = end
    yield from _decode_loose_base64(raw, Span(position, span.end))


def _decode_loose_base64(
    raw: bytes, span: Span, characters: bytes | None = None
) -> Iterator[bytes]:
    """What can be decoded; `characters` maps those of another alphabet to those of base64."""
    carry = b""
    for chunk in _slices(raw, span):
        written = chunk if characters is None else chunk.translate(characters)
        *closed, carry = (carry + written.translate(None, _NOT_BASE64)).split(b"=")
        # What stands between two paddings is a stream of its own, as mailers that
        # concatenate encoded blocks produce it.
        for segment in closed:
            if segment:
                yield _decode_segment(segment)
        whole = len(carry) & ~3
        if whole:
            yield base64_decoder.decode(carry[:whole])
            carry = carry[whole:]
    if carry:
        yield _decode_segment(carry)


def _decode_segment(segment: bytes) -> bytes:
    # One character beyond a quantum carries six bits, no byte: nothing to recover from it.
    usable = segment[: len(segment) - 1] if len(segment) % 4 == 1 else segment
    return base64_decoder.decode(usable + b"=" * (-len(usable) % 4))


def has_irregular_base64(raw: bytes, span: Span) -> bool:
    """Whether the content is not exactly base64 with line breaks and final padding."""
    padding = raw.find(b"=", span.start, span.end)
    core = Span(span.start, span.end if padding < 0 else padding)
    tail = raw[core.end : span.end].translate(None, _BLANKS)
    if tail not in (b"", b"=", b"=="):
        return True
    characters = len(tail)
    for chunk in _slices(raw, core):
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
    padding = raw.count(b"=", *span)
    blanks = sum(raw.count(one, *span) for one in (b"\n", b"\r", b" ", b"\t"))
    characters = span.end - span.start - blanks - padding
    if padded and (characters + padding) % 4:
        return False
    needed = -(-size * 4 // 3)
    # Of several streams in a row each is rounded up.
    return needed <= characters <= needed + (padding if padding > 2 else 0)


def has_irregular_quoted_printable(raw: bytes, span: Span) -> bool:
    """Whether an equals sign is followed by neither two digits nor a line break."""
    return _BAD_ESCAPE.search(raw, span.start, span.end) is not None


def _decode_quoted_printable(raw: bytes, span: Span) -> Iterator[bytes]:
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


def _decode_uuencode(raw: bytes, span: Span) -> Iterator[bytes]:
    return decode_uuencoded(raw, uuencoded_data(raw, span))


_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*(?:[\r\n]|\Z))")
_DOUBLED_ESCAPE = re.compile(rb"=(?==)")
_SOFT_BREAK_BY_CR = re.compile(rb"=[ \t]*\r(?!\n)")

# Blanks at the end of a line were added on the way and are not content (RFC 2045 6.7 (3)).
_TRAILING_BLANKS = re.compile(rb"(?<![ \t])[ \t]+(?=\r?\n)")


# --- encoding content -----------------------------------------------------------------------

MAX_LINE = 998
"""The longest line that may be sent, in bytes without its line break (RFC 5322 section 2.1.1)."""


def is_seven_bit_clean(content: bytes, within: Span | None = None) -> bool:
    """Whether content can be sent as it stands: ASCII, no NUL, no line over `MAX_LINE`.

    All of `content`, or what lies `within` a range of it.
    """
    span = within or Span(0, len(content))
    return (
        all(chunk.isascii() for chunk in _slices(content, span))
        and content.find(b"\0", *span) < 0
        and find_long_line(content, span) is None
    )


def find_long_line(content: bytes, within: Span | None = None) -> int | None:
    """Where the first line over `MAX_LINE` bytes starts, or None."""
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


def encode_base64(content: Iterable[bytes]) -> bytes:
    """Base64 of content in chunks: lines of 76 characters, CRLF between them, none at the end."""
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


def encode_quoted_printable(content: bytes) -> bytes:
    """Quoted-printable with CRLF line breaks, no line over 76 characters."""
    lines = BytesIO()
    position = 0
    while position < len(content):
        end = content.rfind(b"\n", position, position + CHUNK) + 1 or len(content)
        encoded = binascii.b2a_qp(_lf(content[position:end]), istext=True)
        lines.write(encoded.replace(b"\n", b"\r\n"))
        position = end
    return lines.getvalue()


def _lf(content: bytes) -> bytes:
    """Content with every line break as LF."""
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def encode_text_content(content: bytes) -> tuple[TransferEncoding, bytes]:
    """Encoded text in the transfer encoding that keeps most of it readable in transit.

    The result is 7-bit clean, its line breaks are CRLF, and no line is over 998 bytes. A text with
    control characters is base64, as their escapes in quoted-printable are taken for words like
    `status=00` that are no escapes (`relay_core.mime.mislabelled`).
    """
    if content.isascii() and b"\0" not in content:
        lines = _lf(content).replace(b"\n", b"\r\n")
        if find_long_line(lines) is None:
            return TransferEncoding.SEVEN_BIT, lines
    foreign = len(content) - len(content.translate(None, _NOT_ASCII))
    if foreign * 3 > len(content) or _CONTROL.search(content):
        return TransferEncoding.BASE64, encode_base64([content])
    return TransferEncoding.QUOTED_PRINTABLE, encode_quoted_printable(content)


_NOT_ASCII = bytes(range(128, 256))
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f\x7f]")


# --- header text ----------------------------------------------------------------------------


_ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_ENCODED_WORDS = re.compile(
    r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=(?:[ \t\r\n]*=\?[^?\s]+\?[bBqQ]\?[^?]*\?=)*"
)


def decode_encoded_words(text: str) -> str:
    """Text with its encoded-words decoded (RFC 2047).

    White space between adjacent encoded-words is dropped (section 6.2). Adjacent words of
    one charset are joined before they become text, because mailers cut in mid-character. What
    stands behind the first `MOST_WORDS` stays as it is.
    """
    if "=?" not in text:
        return text
    end = _end_of_words(text)
    return _ENCODED_WORDS.sub(lambda run: _decode_run(run.group()), text[:end]) + text[end:]


MOST_WORDS = 1000
"""How many encoded-words of a value are decoded: each may take 50 µs, and a value be 1 MB."""


def _end_of_words(text: str) -> int:
    """How far a text is decoded."""
    beyond = next(islice(_ENCODED_WORD.finditer(text), MOST_WORDS, None), None)
    return len(text) if beyond is None else beyond.start()


def _decode_run(run: str) -> str:
    return "".join(decode_labelled(content, label) for content, label in _joined_words(run))


def are_read_alike(text: str) -> bool:
    """Whether readers that take labels by the letter decode the encoded-words as they are meant.

    Of words that nobody understands all readers know as little. With more words than are decoded
    they are not.
    """
    return _end_of_words(text) == len(text) and all(
        is_read_alike(content, label)
        for run in _ENCODED_WORDS.findall(text)
        for content, label in _joined_words(run)
    )


def _joined_words(run: str) -> Iterator[tuple[bytes, str | None]]:
    """What adjacent encoded-words of one charset hold together, and that charset's label."""
    charset, pending = "", list[bytes]()
    for match in _ENCODED_WORD.finditer(run):
        word_charset, encoding, payload = match.groups()
        if word_charset.lower() != charset:
            yield b"".join(pending), charset or None
            charset = word_charset.lower()
            pending.clear()
        pending.append(_decode_payload(encoding, _payload_bytes(payload, charset)))
    yield b"".join(pending), charset or None


def _payload_bytes(payload: str, charset: str) -> bytes:
    """What stands in an encoded-word, as bytes.

    It should be ASCII. What is not is meant in the word's charset, in which it can be written
    unless it was guessed wrong: then it goes back to the bytes that it was guessed from.
    """
    if not payload.isascii():
        try:
            return payload.encode(known_charset(charset) or "utf-8")
        except UnicodeError:
            return payload.encode("cp1252", "replace")
    return payload.encode("utf-8", "replace")


def _decode_payload(encoding: str, content: bytes) -> bytes:
    if encoding in "bB":
        return b"".join(_decode_loose_base64(content, Span(0, len(content))))
    return binascii.a2b_qp(content.replace(b"\r", b"").replace(b"\n", b""), header=True)


_ENCODED_WORD_BYTES = 45
"""How many bytes of UTF-8 fit into one base64 encoded-word of at most 75 characters."""


def encode_unstructured(text: str) -> str:
    """Text as the value of an unstructured field: ASCII, folded, encoded-words where needed.

    Control characters become spaces. Lines stay within 76 characters where words allow, and
    always within 998.
    """
    clean = "".join(" " if ord(ch) < 32 or ord(ch) == 127 else ch for ch in text).strip()
    words = clean.split(" ")
    if clean.isascii() and "=?" not in clean and all(len(word) <= 70 for word in words):
        return _fold(words)
    return encode_words(clean)


def _fold(words: list[str]) -> str:
    lines, width = [""], 0
    for index, word in enumerate(words):
        if index and width + 1 + len(word) > 66 and word:
            lines.append(word)
            width = len(word)
        else:
            lines[-1] += (" " if index else "") + word
            width = len(lines[-1])
    return "\r\n ".join(lines)


def encode_words(text: str) -> str:
    """Text as encoded-words in UTF-8, one a line."""
    return "\r\n ".join(_encoded_words(text))


def _encoded_words(text: str) -> Iterator[str]:
    piece = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _ENCODED_WORD_BYTES:
            yield f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="
            piece = b""
        piece += encoded
    yield f"=?utf-8?b?{b64encode(piece).decode('ascii')}?="
