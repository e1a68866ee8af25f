"""Files that stand uuencoded in a text (POSIX `uuencode`, historic `x-uuencode`).

Before MIME, a file went into the text itself: a line `begin 644 name`, lines of data, a line
`end`. Controllers with old firmware still send their logs that way. A data line is a length
character (32 plus the number of bytes, at most 45 by custom, 63 by format) and four characters
for every three bytes, each 32 plus six bits; a grave accent may stand for a blank, and blanks
at the end of a line may have been lost on the way.

A block counts only if a data line follows its first line; it may lack its `end` if it is cut
off at the end of the text.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import Span

# What stands before the word is looked at once the word is found, which is faster.
_FIRST_LINE = (
    r"begin (?<![^\r\n]begin )[0-7]{3,4}(?!\S)[ \t]*+(?P<name>[^\r\n]{0,255})(?:\r\n?|\n)"
)
_BEGIN = re.compile(_FIRST_LINE)
_BLOCK = re.compile(
    _FIRST_LINE + r"(?P<data>(?:[!-M][ -`]{1,124}+(?:\r\n?|\n))+)"
    r"(?:[ `]?[ \t]*(?:\r\n?|\n))?"
    r"(?:end[ \t]*(?:(?:\r\n?|\n)|\Z)|\Z)",
)
_LINES_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UuencodedFile:
    """A file in a text: `span` is the whole block, `data` its data lines, in characters.

    `filename` is None where the first line names none.
    """

    filename: str | None
    span: Span
    data: Span


def find_uuencoded(text: str) -> tuple[UuencodedFile, ...]:
    """Every uuencoded file in the text, in order. Time is linear in the text's length."""
    if "begin " not in text:
        return ()
    return tuple(
        UuencodedFile(
            filename=(match["name"] or "").strip() or None,
            span=Span(*match.span()),
            data=Span(*match.span("data")),
        )
        for match in _BLOCK.finditer(text)
    )


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
    """The name that the first line `begin` in the text gives, or None."""
    match = _BEGIN.search(text)
    return (match["name"] or "").strip() or None if match else None


def decode_uuencoded(text: str, data: Span) -> Iterator[bytes]:
    """The bytes that the data lines hold, in chunks. Never fails: a bad line gives what it can."""
    decoded: list[bytes] = []
    for line in re.finditer(r"[^\r\n]+", text[data.start : data.end]):
        decoded.append(_decode_line(line.group()))
        if len(decoded) == _LINES_AT_ONCE:
            yield b"".join(decoded)
            decoded.clear()
    yield b"".join(decoded)


def _decode_line(line: str) -> bytes:
    size = (ord(line[0]) - 32) & 63
    # Some encoders put a checksum character behind the data; lost blanks count as zero.
    characters = 1 + (size + 2) // 3 * 4
    try:
        return binascii.a2b_uu(line[:characters].encode("latin-1", "replace"))
    except binascii.Error:
        return b""
