"""Codes that are split in a body and become whole when the text between is cut.

A code may be written in pieces around another one, or around a file in the text. When the inner
one is cut, the pieces join. Such a code names no recipients: only codes that are whole in the
received mail count. Otherwise anyone with influence on a part of the text could name recipients.
But no reader may see it either, so the text after a cut is searched again, until nothing is found.

Nested pieces take one more search for each level. They are never accidental, and a mail full of
them must not take unlimited time: after `MAX_SEARCHES` searches the text ends at the first of
them, and the result has an error.
"""

from __future__ import annotations

from dataclasses import replace

from relay_core.errors import Span
from relay_core.text.spans import cut, in_whole, joints_of, merge

from .code_search import CodeSearch
from .entries import CodeError

MAX_SEARCHES = 8


def cut_split_codes(
    text: str, removals: tuple[Span, ...], code_search: CodeSearch
) -> tuple[tuple[Span, ...], CodeError | None]:
    """The removals, and all further spans to cut so that no code is left in the text.

    There is an error only if the text had to end: it needed more than `MAX_SEARCHES` searches, or
    the allowance was spent.
    """
    rest, joints = cut(text, removals), joints_of(removals)
    for searches_left in reversed(range(MAX_SEARCHES + 1)):
        none_expected = (
            "" if searches_left else f"no code in pieces around others, {MAX_SEARCHES} deep"
        )
        seen = code_search.search(rest, joints=joints, none_expected=none_expected)
        if not seen.removals:
            break
        before = removals
        removals = merge([*before, *in_whole(seen.removals, before)])
        if seen.is_cut_short:
            (error,) = seen.codes[-1].errors
            return removals, replace(error, span=in_whole([error.span], before)[0])
        rest, joints = cut(rest, seen.removals), joints_of(seen.removals)
    return removals, None
