"""Codes that are split in a body and become whole when the text between is cut.

A code may be written in pieces around another one, or around a file in the text. Where that one
is cut the pieces meet. Nobody gets a mail by such a code: what counts is what stood in the mail as
it came, or whoever has a word in it could name recipients piece by piece. But no reader may see it
either, so what is left after a cut is looked at again, until nothing is found.

Pieces around pieces take one more look for each level. Nobody writes that by chance, and a mail
full of it must not take more than its share of time: after `MAX_LOOKS` the text ends where the
first of them stands, which is told as an error.
"""

from __future__ import annotations

from dataclasses import replace

from relay_core.errors import Span
from relay_core.text.spans import cut, in_whole, joints_of, merge

from .entries import CodeError
from .looking import Looker

MAX_LOOKS = 8


def cut_torn(
    text: str, removals: tuple[Span, ...], looker: Looker
) -> tuple[tuple[Span, ...], CodeError | None]:
    """The removals and whatever else has to be cut from the text so that no code is left.

    The error is there only if the text had to end: it took more looks than `MAX_LOOKS`, or the
    allowance was spent.
    """
    rest, joints = cut(text, removals), joints_of(removals)
    for looks_left in reversed(range(MAX_LOOKS + 1)):
        none_expected = "" if looks_left else f"no code in pieces around others, {MAX_LOOKS} deep"
        seen = looker.look(rest, joints=joints, none_expected=none_expected)
        if not seen.removals:
            break
        before = removals
        removals = merge([*before, *in_whole(seen.removals, before)])
        if seen.is_cut_short:
            (error,) = seen.codes[-1].errors
            return removals, replace(error, span=in_whole([error.span], before)[0])
        rest, joints = cut(rest, seen.removals), joints_of(seen.removals)
    return removals, None
