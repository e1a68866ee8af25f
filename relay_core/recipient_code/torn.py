"""Codes that stood torn in a body, and that a cut makes whole.

A code may be written in pieces around another one, or around a file in the text. Where that one
is cut the pieces meet. Nobody gets a mail by such a code: what counts is what stood in the mail as
it came, or whoever has a word in it could name recipients piece by piece. But no reader may see it
either, so what is left after a cut is looked at again, until nothing is found.

Pieces around pieces take one more look for each level. Nobody writes that by chance, and a mail
full of it must not take more than its share of time: after `MAX_LOOKS` the text ends where the
first of them stands, which is told as an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from relay_core.errors import Span
from relay_core.html_text import VisibleText
from relay_core.spans import cut, in_whole, merge

from .finding import FoundCode
from .grammar import CodeError

MAX_LOOKS = 8

Seen = tuple[VisibleText, list[FoundCode]]
"""What a reader sees of a body, and the codes in it."""

Look = Callable[[str], Seen]

Cutter = Callable[[VisibleText, Iterable[Span]], tuple[Span, ...]]
"""What gives the spans of the source to cut, for codes at ranges of the visible text."""


def cut_torn(
    text: str,
    removals: tuple[Span, ...],
    look: Look,
    cut_from: Cutter,
) -> tuple[tuple[Span, ...], CodeError | None]:
    """The removals and whatever else has to be cut from the text so that no code is left.

    The error is there only if it took more looks than `MAX_LOOKS`.
    """
    error = None
    for looks_left in reversed(range(MAX_LOOKS + 1)):
        visible, found = look(cut(text, removals))
        ranges = [Span(one.start, one.end) for one in found]
        if not ranges:
            break
        if not looks_left:
            # What stands before the first code held none, and holds none if nothing follows.
            ranges = [Span(ranges[0].start, len(visible.text))]
            error = _too_deep(visible, ranges[0], removals)
        removals = merge([*removals, *in_whole(cut_from(visible, ranges), removals)])
    return removals, error


def _too_deep(visible: VisibleText, rest: Span, removals: tuple[Span, ...]) -> CodeError:
    (span,) = in_whole([visible.source_span(*rest)], removals)
    return CodeError(
        span=span,
        expected=f"no code in pieces around other codes, {MAX_LOOKS} deep",
        found=visible.text[rest.start : rest.end],
    )
