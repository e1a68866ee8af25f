"""Uuencoded files in a text (POSIX `uuencode`, historic `x-uuencode`).

Before MIME, a file went into the text itself: a line `begin 644 name`, lines of data, a line
`end`. Controllers with old firmware still send their logs that way. A data line is a length
character (32 plus the number of bytes, at most 45 by custom, 63 by format) and four characters
for every three bytes, each 32 plus six bits; a grave accent may stand for a blank, and blanks
at the end of a line may have been lost on the way.

A block counts only if a data line follows its first line; it may lack its `end`, or a part of it,
if it is cut off at the end of the text.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from relay_core.errors import Span
from relay_core.text.possessive import possessive

# What precedes the word is checked after the word is found, which is faster.
_FIRST_LINE = (
    r"begin (?<![^\r\n]begin )[0-7]{3,4}(?!\S)[ \t]*+(?P<name>[^\r\n]{0,255})(?:\r\n?|\n)"
)
_BEGIN = re.compile(_FIRST_LINE)
_BLOCK = (
    _FIRST_LINE + "(?P<data>" + possessive(r"[!-M][ -`]{1,124}+(?:\r\n?|\n|\Z)", "+") + ")"
    r"(?:[ `]?[ \t]*(?:\r\n?|\n|\Z))?"
    # The text may be cut off within the last word, or behind one character of a line.
    r"(?:(?P<end>end)[ \t]*(?:(?:\r\n?|\n)|\Z)|(?:en?|[!-M])?[ \t\r\n]*+\Z)"
)
_TEXT_BLOCK = re.compile(_BLOCK)
_BYTES_BLOCK = re.compile(_BLOCK.encode("ascii"))
_TEXT_LINE = re.compile(r"[^\r\n]+")
_BYTES_LINE = re.compile(rb"[^\r\n]+")
_BYTES_BEGIN = re.compile(_FIRST_LINE.encode("ascii"))
_BYTES_END = re.compile(rb"(?<=[\r\n])(?:end[ \t]*+(?:[\r\n]|\Z)|en?[ \t\r\n]*+\Z)")
_LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UuencodedFile:
    """A file in a text: `span` is the whole block, `data` its data lines, in characters.

    In a text that is only there as bytes they are in bytes. `filename` is None where the first
    line names none. `has_end` is False where the text is cut off before the last line.
    """

    filename: str | None
    span: Span
    data: Span
    has_end: bool


def find_uuencoded(text: str, *, most: int | None = None) -> tuple[UuencodedFile, ...]:
    """Every uuencoded file in the text, in order, or the first `most`.

    Time is linear in the text's length.
    """
    if "begin " not in text:
        return ()
    return tuple(
        UuencodedFile(
            filename=(match["name"] or "").strip() or None,
            span=Span(*match.span()),
            data=Span(*match.span("data")),
            has_end=match["end"] is not None,
        )
        for match in islice(_TEXT_BLOCK.finditer(text), most)
    )


def find_uuencoded_in_bytes(text: bytes, within: Span, *, most: int) -> tuple[UuencodedFile, ...]:
    """The first `most` uuencoded files in a range of a text in a charset that extends ASCII.

    Spans are in bytes, offsets into `text`.
    """
    return tuple(
        UuencodedFile(
            filename=(match["name"] or b"").decode("utf-8", "replace").strip() or None,
            span=Span(*match.span()),
            data=Span(*match.span("data")),
            has_end=match["end"] is not None,
        )
        for match in islice(_BYTES_BLOCK.finditer(text, *within), most)
    )


def without_uuencoded(text: str) -> str:
    """The text without the uuencoded files in it."""
    return _TEXT_BLOCK.sub("", text) if "begin " in text else text


def uuencoded_data(text: bytes, within: Span) -> Span:
    """The span of the data lines in a range that is one file, also without `begin` or `end`."""
    if files := find_uuencoded_in_bytes(text, within, most=1):
        return files[0].data
    begin = _BYTES_BEGIN.search(text, *within)
    start = begin.end() if begin else within.start
    end = _BYTES_END.search(text, start, within.end)
    return Span(start, end.start() if end else within.end)


def quote_uuencoded(text: str) -> str:
    """The text with a blank before the first line of every file, which makes it words.

    For a text from which something was cut: what only now looks like a file was none.
    """
    pieces = []
    position = 0
    for file in find_uuencoded(text):
        pieces += [text[position : file.span.start], " "]
        position = file.span.start
    return "".join([*pieces, text[position:]])


def find_uuencoded_name(text: str) -> str | None:
    """The file name in the first `begin` line of the text; None if there is no line or no name."""
    match = _BEGIN.search(text)
    return (match["name"] or "").strip() or None if match else None


def decode_uuencoded(text: str | bytes, data: Span) -> Iterator[bytes]:
    """The bytes of the data lines, in chunks of at most `_LINES_AT_ONCE` lines.

    `data` is in characters or bytes, as `text` is. Never fails: a wrong line holds nothing.
    """
    decoded: list[bytes] = []
    for line, is_cut in _lines(text, data):
        decoded.append(_decode_line(line, is_cut=is_cut))
        if len(decoded) == _LINES_AT_ONCE:
            yield b"".join(decoded)
            decoded.clear()
    yield b"".join(decoded)


def _lines(text: str | bytes, data: Span) -> Iterator[tuple[bytes, bool]]:
    """Each line, and whether the whole text is cut off in it."""
    end = len(text)
    if isinstance(text, bytes):
        return ((one.group(), one.end() == end) for one in _BYTES_LINE.finditer(text, *data))
    return (
        (one.group().encode("latin-1", "replace"), one.end() == end)
        for one in _TEXT_LINE.finditer(text, *data)
    )


def _decode_line(line: bytes, *, is_cut: bool) -> bytes:
    size = (line[0] - 32) & 63
    # What follows says nothing: some encoders put a checksum there, or fill the last group of four
    # with what they like. Lost blanks count as zero, but not where the rest is missing.
    characters = 1 - (-4 * size // 3)
    try:
        decoded = binascii.a2b_uu(line[:characters])
    except binascii.Error:
        return b""
    return decoded[: (len(line) - 1) * 3 // 4] if is_cut else decoded
