"""The spans to cut so that no trace of a code is left, and nothing else is lost.

In plain text, a code is cut character by character; its line is cut too if the code is alone on
it. In HTML, a line is also the text between two `<br>` or block edges. The rules for tags:

* An element that contains only code, such as a paragraph or a mailto anchor, is cut with it.
* Elements that show nothing but have an effect stay, even inside the cut: `<link>`, `<meta>`,
  `<base>`, and the target of a link.
* Other tags inside the cut are cut if both tags of the element are inside, and stay otherwise: an
  element that was opened before the code is still closed after it.
* An element around or across the code that names one of its addresses or the marker in an
  attribute loses its two tags and keeps the rest of its content.

Cuts are ranges of the visible text; the last step converts them to spans of the source.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape
from urllib.parse import unquote

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.errors import Span
from relay_core.html.text import (
    LINE_SEPARATOR,
    PARAGRAPH_SEPARATOR,
    VOID_ELEMENTS,
    Tag,
    VisibleText,
)
from relay_core.text.spans import merge

from .markers import Markers, attribute_pattern

# Without their cells, rows would shift; the others are required in a document.
_FRAME = frozenset({"html", "head", "body", "td", "th"})
_ADDRESS_LIKE = re.compile(r"[^\s\"'<>()\[\]:?,;&=]++")  # if it has an "@" in it
_UNSEEN = frozenset({"link", "meta", "base"})
_TARGET = re.compile(r"\s(?:name|id)\s*=", re.IGNORECASE)
_HREF = re.compile(r"\shref\s*=", re.IGNORECASE)
_NOT_BLANK = re.compile(r"\S+")


def cut_from_text(visible: VisibleText, codes: Iterable[Span]) -> tuple[Span, ...]:
    """The spans of the source to cut, for codes at these ranges of the visible text."""
    cuts = _take_lines(visible.text, merge(codes), "\n\r")
    return merge(visible.source_span(*cut) for cut in cuts)


def cut_from_html(
    visible: VisibleText, codes: Iterable[Span], markers: Markers
) -> tuple[Span, ...]:
    """The spans of the source to cut, for codes at these ranges of the visible text."""
    codes = merge(codes)
    if not codes:
        return ()
    cuts = _take_lines(visible.text, codes, LINE_SEPARATOR + PARAGRAPH_SEPARATOR)
    cuts = _take_lines(visible.text, cuts, "\n\r")
    ranges = merge(visible.source_span(*cut) for cut in cuts)
    naming = _naming_tags(visible, codes, markers)
    staying = _staying_tags(visible)
    return merge(
        [
            *_without_lasting_tags(visible, ranges, frozenset(naming), frozenset(staying)),
            *_emptied_elements(visible, cuts, staying),
            *naming,
        ]
    )


def _staying_tags(visible: VisibleText) -> list[int]:
    """The tags that have an effect without showing anything, by their index, sorted."""
    staying: list[int] = []
    for index, tag in enumerate(visible.tags):
        if tag.name in _UNSEEN:
            staying.append(index)
        elif tag.name == "a" and not tag.closing and visible.partners[index] >= 0:
            span = tag.start, tag.end
            if _TARGET.search(visible.source, *span) and not _HREF.search(visible.source, *span):
                staying += [index, visible.partners[index]]
    return sorted(staying)


@lru_cache(maxsize=4)
def _line_patterns(breaks: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Blanks within a line, and blanks up to its end."""
    blanks = rf"[^\S{breaks}]*+"
    return re.compile(blanks), re.compile(rf"{blanks}(?:\r\n|[{breaks}]|\Z)")


def _take_lines(text: str, cuts: tuple[Span, ...], breaks: str) -> tuple[Span, ...]:
    """The cuts; one that leaves only blanks on its line is extended to the whole line.

    A line ends at one of the characters `breaks`, which is cut with it.
    """
    if not cuts:
        return ()
    gap, line_end = _line_patterns(breaks)
    taken: list[Span] = []
    limit = 0  # the text before it belongs to an earlier cut
    index = 0
    while index < len(cuts):
        first = index
        while index + 1 < len(cuts) and gap.fullmatch(
            text, cuts[index].end, cuts[index + 1].start
        ):
            index += 1
        index += 1
        start = cuts[first].start
        while start > limit and text[start - 1].isspace() and text[start - 1] not in breaks:
            start -= 1
        end = line_end.match(text, cuts[index - 1].end)
        if end and (start == 0 or text[start - 1] in breaks):
            taken.append(Span(start, end.end()))
        else:
            taken.extend(cuts[first:index])
        limit = taken[-1].end
    return tuple(taken)


def _elements(visible: VisibleText, staying: list[int]) -> Iterator[tuple[Tag, Tag]]:
    """The start and end tags of every element that has both, in the order of their start tags.

    Without those that hold a tag that stays.
    """
    for index, (tag, partner) in enumerate(zip(visible.tags, visible.partners, strict=True)):
        if partner < 0 or tag.closing:
            continue
        if bisect_left(staying, index) == bisect_right(staying, partner):
            yield tag, visible.tags[partner]


def _emptied_elements(
    visible: VisibleText, cuts: tuple[Span, ...], staying: list[int]
) -> Iterator[Span]:
    """The elements that show something before the cuts but not after, as spans of the source."""
    kept = _kept_text(visible.text, cuts)
    kept_starts = [span.start for span in kept]
    cut_ends = [cut.end for cut in cuts]
    for opening, closing in _elements(visible, staying):
        if opening.name in _FRAME or not _overlaps(cuts, cut_ends, opening.at, closing.at):
            continue
        index = bisect_left(kept_starts, closing.at)
        if index == 0 or kept[index - 1].end <= opening.at:
            yield Span(opening.start, closing.end)


def _kept_text(text: str, cuts: tuple[Span, ...]) -> list[Span]:
    """The ranges of visible text that remain, word by word."""
    edges = [0, *(edge for cut in cuts for edge in cut), len(text)]
    return [
        Span(*word.span())
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        for word in _NOT_BLANK.finditer(text, start, end)
    ]


def _overlaps(cuts: tuple[Span, ...], cut_ends: list[int], start: int, end: int) -> bool:
    index = bisect_right(cut_ends, start)
    return index < len(cuts) and cuts[index].start < end


def _naming_tags(visible: VisibleText, codes: tuple[Span, ...], markers: Markers) -> list[Span]:
    """The tags of elements around or across a code that name its addresses or the marker."""
    addresses = {
        address for code in codes for address in _addresses(visible.text[code.start : code.end])
    }
    code_ends = [code.end for code in codes]
    is_marker = attribute_pattern(markers)
    spans: list[Span] = []
    for tag, partner in zip(visible.tags, visible.partners, strict=True):
        if tag.closing:
            continue
        last = visible.tags[partner] if partner >= 0 else tag
        if not _overlaps(codes, code_ends, tag.at, last.at + (partner < 0)):
            continue
        attributes = visible.source[tag.start + 1 + len(tag.name) : tag.end - 1]
        attributes = unquote(unescape(attributes))
        if is_marker.search(attributes) or not addresses.isdisjoint(_addresses(attributes)):
            spans.append(Span(tag.start, tag.end))
            if partner >= 0:
                spans.append(Span(last.start, last.end))
    return spans


def _addresses(text: str) -> Iterator[str]:
    """The parts of a text that look like addresses, in a form for comparison."""
    for word in _ADDRESS_LIKE.findall(text):
        if "@" in word:
            try:
                yield parse_addr_spec(word).lower()
            except InvalidAddress:
                yield word.lower()


def _without_lasting_tags(
    visible: VisibleText,
    ranges: tuple[Span, ...],
    naming: frozenset[Span],
    staying: frozenset[int],
) -> Iterator[Span]:
    """The ranges of the source, without the tags in them that belong to an element outside."""
    starts = [tag.start for tag in visible.tags]
    for start, end in ranges:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        position = start
        for index in range(first, last):
            tag = visible.tags[index]
            goes = Span(tag.start, tag.end) in naming or (
                index not in staying
                and (tag.name in VOID_ELEMENTS or first <= visible.partners[index] < last)
            )
            if not goes:
                yield Span(position, tag.start)
                position = tag.end
        yield Span(position, end)
