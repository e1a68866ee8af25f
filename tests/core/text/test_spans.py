"""Laws of spans: removing them twice is the same as removing them once."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.text.spans import cut, in_whole, merge

NUMBERS = st.integers(0, 20)
SPANS = st.lists(st.builds(Span, NUMBERS, NUMBERS), max_size=5)
TEXT = "abcdefghijklmnopqrst"


def within(spans: list[Span], length: int) -> tuple[Span, ...]:
    return merge(Span(start, min(end, length)) for start, end in spans)


@given(SPANS)
def test_merged_spans_are_sorted_and_apart_and_hold_the_same(spans: list[Span]) -> None:
    merged = merge(spans)
    edges = [edge for span in merged for edge in span]
    assert sorted(set(edges)) == edges
    assert {place for span in spans for place in range(*span)} == {
        place for span in merged for place in range(*span)
    }


@given(SPANS)
def test_a_cut_leaves_what_is_in_no_span(spans: list[Span]) -> None:
    merged = within(spans, len(TEXT))
    kept = [
        character
        for place, character in enumerate(TEXT)
        if not any(start <= place < end for start, end in merged)
    ]
    assert "".join(kept) == cut(TEXT, merged)


@given(SPANS, SPANS)
@example([Span(0, 5), Span(7, 9)], [Span(0, 1), Span(1, 3)])
def test_to_cut_twice_is_to_cut_once(first: list[Span], second: list[Span]) -> None:
    removed = within(first, len(TEXT))
    rest = cut(TEXT, removed)
    spans = within(second, len(rest))
    both = merge([*removed, *in_whole(spans, removed)])
    assert cut(rest, spans) == cut(TEXT, both)
