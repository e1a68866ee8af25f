"""The search of one text: the codes that a reader sees in it, and the spans to cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.html.markup import unopened_ends
from relay_core.html.text import VisibleText, read_html, read_text
from relay_core.text.source import TextSource
from relay_core.text.spans import merge

from .allowance import Allowance
from .candidate_regions import Region, SearchSizes, find_regions, may_hold
from .code_finding import ended_by, find_codes
from .cutting import cut_from_html, cut_from_text
from .entries import CodeError, RecipientCode
from .markers import Markers, marker_pattern, may_be_ordinary


class SearchResult(NamedTuple):
    """The codes, the sorted, disjoint spans to cut, and whether the text ends with the last one.

    A code in an HTML comment is cut but has no effect: few programs show it.
    All spans are in characters of the text.
    """

    codes: tuple[RecipientCode, ...]
    removals: tuple[Span, ...]
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True)
class CodeSearch:
    """Searches the texts of a mail. Each search uses up part of the `allowance`."""

    markers: Markers
    is_html: bool
    allowance: Allowance
    sizes: SearchSizes

    def search(
        self, text: str, *, joints: Sequence[int] | None = None, none_expected: str = ""
    ) -> SearchResult:
        """Search a text, or only around the sorted places `joints` in it.

        With `none_expected`, the text ends at the first code, and the result is an error with that
        text as `expected`.
        """
        codes: list[RecipientCode] = []
        removals: list[Span] = []
        for start, end, is_certain in self._regions(text):
            if joints is not None and not _holds(joints, start, end):
                continue
            part = text[start:end]
            if not is_certain and not self._takes_ordinary(len(part), self.allowance.ordinary):
                continue
            if is_certain and not self.allowance.takes_text(len(part)):
                error = CodeError(span=Span(start, end), expected=TOO_LONG, found=part)
                codes.append(RecipientCode(entries=(), errors=(error,)))
                removals += self._rest(text, start)
                return SearchResult(tuple(codes), merge(removals), is_cut_short=True)
            visible = read_html(part) if self.is_html else read_text(part)
            found = find_codes(visible, self.markers, self.allowance)
            if none_expected and found:
                found = [ended_by(visible, found[0].start, none_expected)]
            codes += _moved((one.code for one in found), start)
            ranges = [Span(one.start, one.end) for one in found]
            removals += (Span(start + a, start + b) for a, b in self._cut(visible, ranges))
            for hidden in self._cut_from_comments(visible):
                if none_expected:
                    place = Span(start + hidden.start, end)
                    error = CodeError(span=place, expected=none_expected, found="")
                    codes.append(RecipientCode(entries=(), errors=(error,)))
                    removals += self._rest(text, place.start)
                    return SearchResult(tuple(codes), merge(removals), is_cut_short=True)
                removals.append(Span(start + hidden.start, start + hidden.end))
            if found and (none_expected or self.allowance.is_spent):
                removals += self._rest(text, end)
                return SearchResult(tuple(codes), merge(removals), is_cut_short=True)
        return SearchResult(tuple(codes), merge(removals))

    def _takes_ordinary(self, size: int, allowance: Allowance) -> bool:
        """Whether `size` characters may be read only for an ordinary word; if not, it is prose.

        In plain text only the reading of lists has a noticeable cost.
        """
        return not allowance.is_spent and (not self.is_html or allowance.takes_text(size))

    def _cut_from_comments(self, visible: VisibleText) -> Iterator[Span]:
        """The spans to cut from comments: some programs show the content of their own comments.

        If the allowance is spent, these are whole comments.
        """
        for comment in visible.comments:
            if self.allowance.comments.is_spent:
                yield comment
                continue
            place = comment.start
            for part in visible.source[comment.start : comment.end].split(_COMMENT):
                source = TextSource.of(part, is_html=True)
                for region in find_regions(source, self.markers, self.sizes):
                    for start, end in self._cut_from_comment(part, region):
                        yield Span(place + region.start + start, place + region.start + end)
                place += len(part) + len(_COMMENT)

    def _cut_from_comment(self, comment: str, region: Region) -> tuple[Span, ...]:
        html = comment[region.start : region.end]
        allowance = self.allowance.comments
        cost = len(html) + _COST_OF_COMMENT
        if not region.is_certain and not self._takes_ordinary(cost, allowance.ordinary):
            return ()
        if region.is_certain and not allowance.takes_text(cost):
            return (Span(0, len(html)),)
        inner = read_html(html)
        found = find_codes(inner, self.markers, allowance)
        return self._cut(inner, [Span(one.start, one.end) for one in found])

    def _regions(self, text: str) -> Iterable[Region]:
        if not self.is_html and len(text) <= self.sizes.reach and text.isascii():
            # Nearly all mail has no invisible character, so one search is enough.
            shown = {
                may_be_ordinary(one)
                for one in may_hold(text, self.markers)
                if (one in text or marker_pattern((one,)).search(text))
                and (not may_be_ordinary(one) or "@" in text)
            }
            return (Region(0, len(text), False in shown),) if shown else ()
        source = TextSource.of(text, is_html=self.is_html)
        return find_regions(source, self.markers, self.sizes)

    def _rest(self, text: str, start: int) -> Iterator[Span]:
        """The text after a place, except the end tags of elements that begin before it."""
        if self.is_html:
            for tag in unopened_ends(text, start):
                yield Span(start, tag.start)
                start = tag.end
        yield Span(start, len(text))

    def _cut(self, visible: VisibleText, ranges: list[Span]) -> tuple[Span, ...]:
        if not ranges:
            return ()
        if self.is_html:
            return cut_from_html(visible, ranges, self.markers)
        return cut_from_text(visible, ranges)


_COMMENT = "<!--"
_COST_OF_COMMENT = 500  # characters: the fixed cost of reading a comment
TOO_LONG = "fewer places that may be recipient codes"


def _holds(joints: Sequence[int], start: int, end: int) -> bool:
    index = bisect_left(joints, start)
    return index < len(joints) and joints[index] < end


def _moved(codes: Iterable[RecipientCode], by: int) -> Iterator[RecipientCode]:
    """The codes with the spans of their errors moved from a part of the text to the text."""
    for code in codes:
        if not by or not code.errors:
            yield code
            continue
        # Not `replace`: there may be tens of thousands, and it takes several times as long.
        errors = tuple(
            CodeError(
                span=Span(one.span.start + by, one.span.end + by),
                expected=one.expected,
                found=one.found,
            )
            for one in code.errors
        )
        yield RecipientCode(entries=code.entries, errors=errors)
