"""A text without some of its spans, and the way back from what is left to the whole.

What is looked for in a text that was cut is found at places of that text. To cut again means to
know where those places were before. All spans here are sorted and disjoint, in characters.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from relay_core.errors import Span


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Any spans sorted, empty ones left out, and those that touch or overlap made one."""
    merged: list[Span] = []
    for span in sorted(spans):
        if span.start >= span.end:
            continue
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def cut(text: str, spans: Iterable[Span]) -> str:
    """The text without those spans."""
    pieces = []
    position = 0
    for start, end in spans:
        pieces.append(text[position:start])
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def joints_of(removed: Iterable[Span]) -> tuple[int, ...]:
    """The places in what is left of a text at which the spans were that are no longer there."""
    places: list[int] = []
    missing = 0
    for start, end in removed:
        places.append(start - missing)
        missing += end - start
    return tuple(places)


def in_whole(spans: Iterable[Span], removed: Sequence[Span]) -> tuple[Span, ...]:
    """Where spans of what is left of a text, without `removed`, lie in the whole of it.

    A span takes in what was removed from its inside:
    `cut(text, merge([*removed, *in_whole(spans, removed)])) == cut(cut(text, removed), spans)`.
    """
    # Where in the cut text each removed span was, and how much is missing from there on.
    places: list[int] = []
    missing = [0]
    for start, end in removed:
        places.append(start - missing[-1])
        missing.append(missing[-1] + end - start)

    def whole(place: int) -> int:
        return place + missing[bisect_right(places, place)]

    return tuple(Span(whole(start), whole(end - 1) + 1) for start, end in spans)
