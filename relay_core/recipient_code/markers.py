"""The markers: the words around a code, and the spellings that a reader recognizes."""

from __future__ import annotations

import re
from functools import lru_cache

from relay_core.text.possessive import possessive

from .spelling import spellings

Markers = tuple[str, ...]
"""The words that may enclose a code: the long one and, if configured, the short one.

A code has the same marker on both sides.
"""

LINE_ENDS = r"\n\r\v\f\x85\u2028\u2029"
BLANK_IN_LINE = rf"[^\S{LINE_ENDS}]"
# One line end: after a <br>, the line end in the source is not visible.
ONE_LINE_END = r"(?>\r\n|\u2028(?:\r\n|[\n\r])?|[\n\r\u2029])"
# A marker may be wrapped like other text: one line end, and the next line's indent.
WRAP = rf"(?:{BLANK_IN_LINE}{{0,4}}{ONE_LINE_END}{BLANK_IN_LINE}{{0,4}})?"
COLON = rf"\\?{spellings(':')}"


@lru_cache(maxsize=8)
def marker_pattern(markers: Markers) -> re.Pattern[str]:
    """A marker word, in any case, wrapped or not."""
    words = (WRAP.join(spellings_of(marker)) for marker in _longest_first(markers))
    return re.compile("|".join(words), re.IGNORECASE)


@lru_cache(maxsize=8)
def attribute_pattern(markers: Markers) -> re.Pattern[str]:
    """A marker in an HTML attribute; an ordinary word only with a colon and a later at-sign."""
    patterns = []
    for marker in _longest_first(markers):
        word = WRAP.join(spellings_of(marker))
        if may_be_ordinary(marker):
            word = rf"(?:{COLON}{word}(?![^\W_])|(?<![^\W_]){word}{COLON})"
            # From the last one before an at-sign, so nothing is read twice.
            word += possessive(rf"(?!{word})[^@]", "*") + "@"
        patterns.append(word)
    return re.compile("|".join(patterns), re.IGNORECASE)


@lru_cache(maxsize=8)
def near_miss_pattern(markers: Markers) -> re.Pattern[str]:
    """Text that a person may mistake for a marker, with a little context."""
    patterns = []
    for marker in _longest_first(markers):
        words = re.findall(r"[A-Za-z0-9]+", marker)
        loose = r"[\W_]{0,8}".join(map(re.escape, words)) or re.escape(marker)
        if may_be_ordinary(marker):
            loose = rf"(?<![^\W_])(?:{loose}\s{{0,3}}:|(?<=:){loose}(?![^\W_]))"
        patterns.append(loose)
    return re.compile(rf".{{0,20}}(?:{'|'.join(patterns)}).{{0,60}}", re.IGNORECASE)


def may_be_ordinary(marker: str) -> bool:
    """Whether a marker is so short that it may be an ordinary word: fewer than eight letters."""
    return sum(map(str.isalnum, marker)) < 8


def _longest_first(markers: Markers) -> list[str]:
    """The markers in the order in which they are tried at one place."""
    return sorted(markers, key=len, reverse=True)


def spellings_of(marker: str) -> list[str]:
    """The marker's characters in each of their spellings.

    Markdown converters escape an underscore or treat it as emphasis, shown as a star or, in HTML,
    not at all. A short marker without its underscores would be an ordinary word.
    """
    letters = []
    for index, character in enumerate(marker):
        one = spellings(character)
        if not character.isalnum():
            one = rf"\\?{one}"
        if character == "_" and 0 < index < len(marker) - 1:
            unseen = "" if may_be_ordinary(marker) else "?"
            one = rf"(?:{one}|\*{{1,3}}){unseen}"
        letters.append(one)
    return letters
