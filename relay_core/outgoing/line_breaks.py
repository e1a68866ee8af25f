"""Where long names and sentences may be broken: in text within 78 columns, in HTML by `wbr`.

A line of a text has at most 78 characters (RFC 5322 section 2.1.1), here columns of a terminal:
a wide character of East Asia takes two (Unicode Standard Annex 11). Names of files are made of
parts, with dots, hyphens and underscores between them; there a reader would break them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from html import escape

COLUMNS = 78

# What stays in one piece: up to a hyphen or an underscore, up to a dot, or the rest.
_PART = re.compile(r"\.?[^-_.]*[-_]*|\.", re.DOTALL)
_BLANKS_OR_WORD = re.compile(r" +|[^ ]+")
_LONG_NAME = 20  # characters; a shorter one fits on any screen


def wrapped(text: str, *, inset: str = "") -> Iterator[str]:
    """The lines of a sentence, as wide as `COLUMNS` at most; all but the first begin with `inset`.

    A line ends at a blank (U+0020), whose place it takes, and within a word only if that is wider
    than a line. A URL is never broken: one that is wider is a line of its own.
    """
    if columns(text) <= COLUMNS:
        yield text.rstrip(" ")
        return
    line, gap = "", ""
    for piece in _BLANKS_OR_WORD.findall(text):
        if piece.startswith(" "):
            gap = piece
            continue
        is_whole = columns(inset + piece) <= COLUMNS or "://" in piece
        for part in [piece] if is_whole else _narrow(piece, COLUMNS - columns(inset)):
            if columns(line + gap + part) <= COLUMNS:
                line += gap + part
            elif line:
                yield line
                line = inset + part
            else:
                line = part
            gap = ""
    yield line


def _narrow(word: str, room: int) -> Iterator[str]:
    """The parts of a word, none wider than that."""
    for part in _PART.findall(word):
        piece = ""
        for character in part:
            if columns(piece + character) > room:
                yield piece
                piece = ""
            piece += character
        if piece:
            yield piece


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def breakable_html(name: str) -> str:
    """A name as HTML that says where it may be broken (`wbr`), if it is long."""
    if len(name) <= _LONG_NAME:
        return escape(name)
    return "<wbr>".join(escape(part) for part in _PART.findall(name) if part)
