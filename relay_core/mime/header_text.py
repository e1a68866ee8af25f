"""Raw bytes of header fields as text, wherever they stand: subjects, names of people and of files.

Nobody labels them. They should be UTF-8 (RFC 6532), and are anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from relay_core.errors import Span
from relay_core.text.charset_guess import guess_charset
from relay_core.text.charset_labels import known_charset, registered_codec
from relay_core.text.charsets import decode_bytes, is_one_byte
from relay_core.text.reading import Reading, decode_text, find_reading


def decode_header_bytes(value: bytes, charsets: Sequence[str] = ()) -> str:
    """A header field's bytes as text.

    They are read as `relay_core.text.reading` reads a text without a label: ISO-2022-JP by its
    escapes, else UTF-8, which may be cut within its last character, else a charset that an
    encoded-word beside them names, else one of `charsets`, which are the labels of the mail's
    texts, else what fits best.
    """
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    likely = (*_charsets_of_words(value), *charsets)
    return _as_read(value, find_reading(value, Span(0, len(value)), None, likely))


_WORD = re.compile(rb"=\?([!-)+->@-~]{1,40})(?:\*[!->@-~]{0,20})?\?[bBqQ]\?")
_MAX_WORDS = 20


def _charsets_of_words(value: bytes) -> Iterator[str]:
    """The labels of the charsets that the first encoded-words of a value name, but for UTF-8."""
    words = islice(_WORD.finditer(value), _MAX_WORDS)
    for label in dict.fromkeys(word[1].decode("ascii") for word in words):
        if known_charset(label) not in {None, "ascii", "utf-8"}:
            yield label


def _as_read(value: bytes, reading: Reading) -> str:
    if is_one_byte(reading.charset) and (text := _cut_utf8(value)) is not None:
        return text
    return decode_bytes(value, reading.charset if reading.is_understood else guess_charset(value))


def _cut_utf8(value: bytes) -> str | None:
    """Text in UTF-8 that was cut within its last character, with U+FFFD in its place."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as error:
        is_cut = error.reason == "unexpected end of data" and not value[: error.start].isascii()
        return value.decode("utf-8", "replace") if is_cut else None
    return None


def decode_labelled(content: bytes, label: str | None) -> str:
    """The text of bytes with the label of a charset, as in an encoded-word. Never fails.

    A label that is wrong counts as none (see `decode_header_bytes`).
    """
    decoded = decode_text(content, label)
    if decoded.reading.is_understood:
        return decoded.text
    if content.isascii():
        return decode_bytes(content, (label and known_charset(label)) or "ascii")
    return _as_read(content, decoded.reading)


def is_read_alike(content: bytes, label: str | None) -> bool:
    """Whether a reader that decodes strictly by the label gets the text of `decode_labelled`."""
    decoded = decode_text(content, label)
    if label is None or not decoded.reading.is_understood:
        return True
    codec = registered_codec(label)
    try:
        return codec is not None and content.decode(codec) == decoded.text
    except UnicodeDecodeError:
        return False
