"""The delimiters of a text: each marker with the colons beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from .markers import COLON, LINE_ENDS, WRAP, Markers, may_be_ordinary, spellings_of
from .spelling import spellings

AT_SIGN = re.compile(spellings("@"))
_LINE_END = re.compile(rf"[{LINE_ENDS}]")
# Emphasis may be between a marker and its colons, or a backslash before them.
_EMPHASIS = r"[*_~`\\]"
_BEFORE = re.compile(
    rf"(?:(?P<colon>{COLON}){_EMPHASIS}{{0,3}})?(?P<gap>\s{{0,8}}{_EMPHASIS}{{0,6}})\Z"
)


class Delimiter(NamedTuple):
    """A marker with its colons, by its range as an opening and its range as a closing.

    `whole`: as an opening, it has a first colon, which may be that of the word before.
    """

    marker: str
    start: int
    end: int
    closing_start: int
    closing_end: int
    opens: bool
    closes: bool
    whole: bool


@lru_cache(maxsize=8)
def _delimiter_pattern(markers: Markers) -> re.Pattern[str]:
    """A marker word that is not part of a longer word, and the colon on its right.

    Each marker has a group of its own; the last group is the colon. An address may begin or end
    with an ordinary word.
    """
    words = []
    for marker in markers:
        # The text before it is checked after its first letter is found, which is faster.
        first, *others = spellings_of(marker)
        before, behind = r"(?<![^\W_].)", r"(?!_*[^\W_])"
        if may_be_ordinary(marker):
            before += rf"(?<![.+'-].)(?<!{AT_SIGN.pattern}.)"
            behind += rf"(?![\w.+'-]{{0,64}}{AT_SIGN.pattern})"
        words.append(f"({WRAP.join([first + before, *others])}{behind})")
    colon = rf"({_EMPHASIS}{{0,6}}\s{{0,8}}{COLON})?"
    return re.compile(rf"(?:{'|'.join(words)}){colon}", re.IGNORECASE)


def find_delimiters(text: str, markers: Markers) -> Iterator[Delimiter]:
    """`opening = [":"] marker ":"`, `closing = ":" marker [":"]`: all there are, in order.

    A marker without a colon is one as well, unless it may be an ordinary word.
    """
    for match in _delimiter_pattern(markers).finditer(text):
        start = match.start()
        if _is_word(text[start - 1 : start]) and _within_a_word(text, start):
            continue
        *words, colon = match.groups()
        marker = next(one for one, word in zip(markers, words, strict=True) if word is not None)
        before_colon, behind_colon = match.span(len(markers) + 1)
        opens = colon is not None
        word_end = before_colon if opens else match.end()
        window = max(0, start - 20)
        before = _BEFORE.search(text, window, start)
        closes = before is not None and before["colon"] is not None
        blanks = 0
        closing_start = opening_start = start
        if before and closes:
            closing_start = opening_start = before.start()
            blanks = len(before["gap"]) - len(before["gap"].lstrip())
        whole = closes
        if not opens and not closes and may_be_ordinary(marker):
            continue
        if closes and _is_word(text[closing_start - 1 : closing_start]):
            # "Line2:Marker:" is whole; "Note: Marker:" is a word, and the marker after it.
            opening_start = start
            whole = not blanks
        # A list can begin on the next line, but a code that ended here needs no colon.
        is_one_line = opens and not _LINE_END.search(text, before_colon, behind_colon)
        yield Delimiter(
            marker=marker,
            start=opening_start,
            end=behind_colon if opens else word_end,
            closing_start=closing_start,
            closing_end=behind_colon if is_one_line else word_end,
            opens=opens,
            closes=closes,
            whole=whole,
        )


def _within_a_word(text: str, start: int) -> bool:
    """Whether letters precede a marker, with or without underscores between."""
    return text[max(0, start - 8) : start].rstrip("_")[-1:].isalnum()


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
