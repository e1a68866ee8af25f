"""The recipient code: whom a device wants its mail to go to, written into the mail's body.

    :Email_Rxers_Code:alice@example.org,Bob <bob@example.org>,@night-shift:Email_Rxers_Code:

The marker word is configurable and matched in any case. The list may stand in `[ ]`, run
over several lines, and be marked up in HTML. `find_in_text` and `find_in_html` find every
code of a body, tell what each says, and which spans to cut so that no reader sees it.

Errors are values: one bad address takes nothing else with it, and a code without an end is
reported without its addresses. `grammar` says how a list is read, `finding` where codes are,
`cutting` what goes with them, `torn` what becomes of a code that a cut makes whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.html_text import read_html, read_text
from relay_core.spans import merge

from .cutting import cut_from_html, cut_from_text
from .finding import find_codes, format_code, marker_pattern, parse_code
from .grammar import Address, CodeError, Entry, Group, RecipientCode
from .report import format_error
from .torn import MAX_LOOKS, Cutter, Look, Seen, cut_torn

__all__ = [
    "MAX_LOOKS",
    "Address",
    "CodeError",
    "Entry",
    "Found",
    "Group",
    "RecipientCode",
    "find_in_html",
    "find_in_text",
    "format_code",
    "format_error",
    "parse_code",
]


class Found(NamedTuple):
    """The codes of one body, and the sorted, disjoint spans to cut from it.

    All spans, those of errors included, are in characters of the text that was searched.
    """

    codes: tuple[RecipientCode, ...]
    removals: tuple[Span, ...]


_NOTHING = Found(codes=(), removals=())


def find_in_text(text: str, marker: str, *, files: Sequence[Span] = ()) -> Found:
    """The codes of a plain-text body.

    A code that has a line to itself takes the line with it; all other text stays as it is.
    `files` are spans that are cut as well, be they in a code or not.
    """
    return _find(text, files, partial(_look_at_text, marker=marker), cut_from_text)


def find_in_html(html: str, marker: str, *, files: Sequence[Span] = ()) -> Found:
    """The codes of an HTML body, whatever tags and character references they are written with.

    Cutting the removals leaves markup that is nested as well as it was before: an element
    goes with both its tags or with none. `files` are spans that are cut as well.
    """
    look = partial(_look_at_html, marker=marker)
    return _find(html, files, look, partial(cut_from_html, marker=marker))


_BLANK = read_text("")


def _look_at_text(text: str, marker: str) -> Seen:
    if text.isascii() and not marker_pattern(marker).search(text):
        return _BLANK, []  # no character is invisible, so nothing is hidden
    visible = read_text(text)
    return visible, find_codes(visible, marker)


def _look_at_html(html: str, marker: str) -> Seen:
    visible = read_html(html)
    return visible, find_codes(visible, marker)


def _find(text: str, files: Sequence[Span], look: Look, cut_from: Cutter) -> Found:
    visible, found = look(text)
    if not found and not files:
        return _NOTHING
    codes = [one.code for one in found]
    removals = cut_from(visible, [Span(one.start, one.end) for one in found])
    if files:
        removals = merge([*files, *removals])
    removals, error = cut_torn(text, removals, look, cut_from)
    if error:
        codes.append(RecipientCode(entries=(), errors=(error,)))
    return Found(codes=tuple(codes), removals=removals)
