"""A fast first pass over a text for the places where a marker may be.

A reader sees a marker also if tags, character references, invisible characters or line ends are in
it. Computing the visible text costs some microseconds a tag, and nearly all of a long text has no
code. So a first pass handles thousands of tags with a few calls of C code. It removes the tags,
the blanks and invisible content from a piece of the text, decodes the references that matter, and
searches for the marker's letters in the rest. It finds each place that shows the marker, and a few
others. Only these places, with the text around them, are read closely. A marker that may be an
ordinary word is searched with a colon, and with an at-sign or a link soon after it.

Parts of a marker that are more than `SearchSizes.reach` apart in the source are no marker. A code
is also searched only up to that distance, since no real code is longer.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from html.entities import html5
from io import StringIO
from typing import AnyStr, NamedTuple

from relay_core.html.markup import Patterns, patterns_for_bytes, patterns_for_text
from relay_core.html.text import INVISIBLE_CHARACTERS
from relay_core.text.charsets import decode_bytes
from relay_core.text.source import TextSource

from .markers import Markers, may_be_ordinary
from .spelling import as_read


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSizes:
    """The sizes of the search, in characters or bytes of the source.

    `piece` is the approximate size of a piece of the first pass. `reach` is the longest code, and
    the amount around a marker that is read closely. `region` is the most that is read closely at
    once.
    """

    piece: int = 1 << 15
    reach: int = 1 << 16
    region: int = 1 << 18


ORDINARY = SearchSizes()


def may_hold(text: str, markers: Markers) -> Markers:
    """Those of the markers that may be in a text: all that are, and seldom another."""
    folded = _folded(text)
    return tuple(one for one in markers if _folded(one) in folded)


class Region(NamedTuple):
    """A part of a source to read closely; not `is_certain` if only for an ordinary word."""

    start: int
    end: int
    is_certain: bool


def find_regions(
    source: TextSource, markers: Markers, sizes: SearchSizes = ORDINARY
) -> Iterator[Region]:
    """The parts of the source to read closely, in order and disjoint.

    None begins or ends inside of a tag, a comment, a reference or a character.
    """
    folded_markers = tuple(map(_fold_marker, markers))
    if not all(one.word for one in folded_markers):
        return iter((Region(source.start, source.end, True),))
    return _find_regions(source, folded_markers, sizes)


def _fold_marker(marker: str) -> _FoldedMarker:
    word, is_certain = _folded(marker), not may_be_ordinary(marker)
    return _FoldedMarker(word if is_certain or not word else f"{word}:", is_certain)


def _find_regions(
    source: TextSource, folded_markers: tuple[_FoldedMarker, ...], sizes: SearchSizes
) -> Iterator[Region]:
    is_certain = False  # whether the region that is open shows a marker that is no ordinary word
    places = deque([source.start])  # where pieces begin that a region may begin with
    region_start, marker_end = -1, -1  # of the region that is open, if there is one
    for piece in _marked(source, folded_markers, sizes):
        start, end, marker_start = piece.start, piece.end, piece.marker_start
        if marker_start < 0 and end - start > 2 * sizes.reach:
            # One tag or comment, or the content of a script: nothing to search.
            if marker_end >= 0:
                yield Region(region_start, start, is_certain)
                marker_end = -1
            places = deque([end])
            continue
        if marker_start >= 0:
            if marker_end < 0:
                is_certain = False
                region_start = max(
                    (place for place in places if place <= marker_start - sizes.reach),
                    default=places[0],
                )
            elif end - region_start > sizes.region:
                border = _halfway(places, marker_end, marker_start)
                yield Region(region_start, border, is_certain)
                region_start = border
                is_certain = False
            marker_end = end
            is_certain = is_certain or piece.is_certain
        elif marker_end >= 0 and piece.clear_until - marker_end >= sizes.reach:
            yield Region(region_start, piece.clear_until, is_certain)
            marker_end = -1
            # Regions do not overlap.
            places = deque(place for place in places if place >= piece.clear_until)
        places.append(end)
        while len(places) > 1 and places[1] < end - 2 * sizes.reach:
            places.popleft()
    if marker_end >= 0:
        yield Region(region_start, source.end, is_certain)


def _halfway(places: Iterable[int], start: int, end: int) -> int:
    """The place nearest to the middle between two markers."""
    inside = (place for place in places if start <= place <= end)
    return min(inside, key=lambda place: abs(2 * place - start - end), default=end)


class _FoldedMarker(NamedTuple):
    """A marker as it is searched in the folded text.

    An ordinary word counts only with the colon that opens a code, and with a later at-sign or link
    to an address.
    """

    word: str
    is_certain: bool

    @property
    def room(self) -> int:
        """How many characters at the end of a piece may be part of a match in the next one."""
        return len(self.word) - 1 + (0 if self.is_certain else _NEAR)

    def waiting(self, before: str) -> str:
        """The end of the visible text so far, if it may be the beginning of a match."""
        end = before[-self.room :] if self.room else ""
        return end if self.is_certain else end[end.rfind("@") + 1 :]

    def is_in(self, shown: str, *, may_link: bool) -> bool:
        """Whether it is in a text."""
        if self.is_certain or may_link:
            return self.word in shown
        return "@" in shown and _opening(self.word).search(shown) is not None

    def may_begin_in(self, before: str) -> bool:
        """Whether a match may begin in a text and end after it."""
        end = self.waiting(before)
        starts = range(max(0, len(end) - len(self.word)), len(end))
        return any(self.word.startswith(end[at:]) for at in starts) or (
            not self.is_certain and self.word in end
        )


_NEAR = 1 << 10  # undecoded references are longer than the characters that they show


@lru_cache(maxsize=8)
def _opening(word: str) -> re.Pattern[str]:
    word = re.escape(word)
    return re.compile(rf"{word}(?:(?!{word})[^@]){{0,{_NEAR}}}@")


class _Marked(NamedTuple):
    """A searched piece. `marker_start` is -1 if no marker ends in it.

    Otherwise `marker_start` is the start of the piece in which that marker begins. `is_certain`:
    one of these markers is not an ordinary word. `clear_until` is the end, or an earlier place if
    a marker may begin after that place and end in a later piece.
    """

    start: int
    end: int
    marker_start: int
    is_certain: bool
    clear_until: int


def _marked(
    source: TextSource, folded_markers: tuple[_FoldedMarker, ...], sizes: SearchSizes
) -> Iterator[_Marked]:
    room = max(one.room for one in folded_markers)
    recent: deque[tuple[int, int, str]] = deque()  # the last visible text, less than a marker
    for start, end, shown, hidden, may_link in _pieces(source, sizes.piece):
        while recent and start - recent[0][1] > sizes.reach:
            recent.popleft()
        before = "".join(part for _, _, part in recent)
        here = [
            one
            for one in folded_markers
            if one.is_in(shown, may_link=may_link) or one.is_in(hidden, may_link=may_link)
        ]
        across = [
            one
            for one in folded_markers
            if before and one.is_in(one.waiting(before) + shown[: one.room], may_link=may_link)
        ]
        marker_start = recent[0][0] if across else start if here else -1
        is_certain = any(one.is_certain for one in here + across)
        if shown:
            recent.append((start, end, shown[-room:]))
            before = (before + shown[-room:])[-room:]
            while sum(len(part) for _, _, part in recent) - len(recent[0][2]) >= room:
                recent.popleft()
        may_continue = any(one.may_begin_in(before) for one in folded_markers)
        yield _Marked(start, end, marker_start, is_certain, recent[0][0] if may_continue else end)


class Piece(NamedTuple):
    """A range of the source, its visible text and its comments' text, folded for the search.

    Comments are included because some programs show them. `may_link`: it may have a link to an
    address.
    """

    start: int
    end: int
    shown: str
    hidden: str = ""
    may_link: bool = False


def _pieces(source: TextSource, size: int) -> Iterator[Piece]:
    if not source.is_html:
        yield from _text_pieces(source, source.start, size)
    elif isinstance(source.content, str):
        yield from _html_pieces(source, source.content, "", patterns_for_text(size), size)
    else:
        yield from _html_pieces(source, source.content, b"", patterns_for_bytes(size), size)


def _text_pieces(source: TextSource, position: int, size: int) -> Iterator[Piece]:
    while position < source.end:
        end = min(position + size, source.end)
        end = max(source.between_characters(end), position + 1)
        yield Piece(position, end, _folded(source.text(position, end)))
        position = end


# --- HTML ---------------------------------------------------------------------------------------


def _html_pieces(
    source: TextSource, html: AnyStr, nothing: AnyStr, patterns: Patterns[AnyStr], size: int
) -> Iterator[Piece]:
    position = source.start
    while position < source.end:
        found = patterns.steps.match(html, position, source.end)
        if found is None:
            # After a tag that never ends, the rest is text.
            for piece in _text_pieces(source, position, size):
                yield piece._replace(shown=_folded(_dereferenced(piece.shown)))
            return
        if found.end() - position > 4 * size and (one := patterns.step.match(html, position)):
            found = one  # a long one becomes a piece of its own
        end = found.end()
        if end < source.end:
            cut = patterns.reference_begins.search(html, max(position, end - 40), end)
            end = cut.start() if cut and cut.start() > position else end
            end = max(source.between_characters(end), position + 1)
        markup = html[position:end]
        yield Piece(
            position,
            end,
            _shown(source, markup, nothing, patterns),
            _hidden(source, markup, nothing, patterns),
            patterns.may_link.search(markup) is not None,
        )
        position = end


def _hidden(
    source: TextSource, markup: AnyStr, nothing: AnyStr, patterns: Patterns[AnyStr]
) -> str:
    """The text of the comments, each and each that begins within one by itself."""
    written = StringIO(newline="")  # a list of millions of parts would be many times their size
    for comment in patterns.comment.finditer(markup):
        position, end = comment.span(1)
        for begins in patterns.comment_begins.finditer(markup, position, end):
            if position < begins.start():
                part = markup[position : begins.start()]
                written.write(_shown(source, part, nothing, patterns) + "\0")
            position = begins.end()
        written.write(_shown(source, markup[position:end], nothing, patterns) + "\0")
    return written.getvalue()


def _shown(source: TextSource, markup: AnyStr, nothing: AnyStr, patterns: Patterns[AnyStr]) -> str:
    text = _characters(source, patterns.markup.sub(nothing, markup))
    return _folded(_dereferenced(text))


def _characters(source: TextSource, shown: str | bytes) -> str:
    return shown if isinstance(shown, str) else decode_bytes(shown, source.codec or "ascii")


# --- what the search compares -------------------------------------------------------------------

_UNSEEN = re.compile(INVISIBLE_CHARACTERS)
# Letters that a case-insensitive expression treats as equal to these.
_CASES = {"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}


def _folded(shown: str) -> str:
    """The text without blanks, line ends, emphasis and invisible characters, in lower case."""
    if shown.isascii():
        return shown.encode("ascii").translate(_LOWER, _BLANKS_AND_EMPHASIS).decode("ascii")
    shown = as_read(_UNSEEN.sub("", shown))
    for letter, plain in _CASES.items():
        shown = shown.replace(letter, plain)
    shown = "".join(shown.lower().split())
    for mark in _EMPHASIS:
        shown = shown.replace(mark, "")
    return shown


_EMPHASIS = "_*\\~`"
_LOWER = bytes(range(256)).lower()
_BLANKS_AND_EMPHASIS = b" \t\n\v\f\r\x1c\x1d\x1e\x1f" + _EMPHASIS.encode("ascii")


def _dereferenced(shown: str) -> str:
    """The text with those references decoded that may be part of a marker or invisible in it."""
    if "&" not in shown:
        return shown
    return _references().sub(lambda match: unescape(match[0]), shown)


@lru_cache(maxsize=1)
def _references() -> re.Pattern[str]:
    names = [name for name, value in html5.items() if _MARKER_LETTERS.fullmatch(_folded(value))]
    named = "|".join(sorted(names, key=len, reverse=True))
    return re.compile(rf"&(?:#[0-9]{{1,8}};?|#[xX][0-9a-fA-F]{{1,8}};?|{named})")


_MARKER_LETTERS = re.compile(r"[a-z0-9._:@-]*")
