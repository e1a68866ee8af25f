"""The recipient code: whom a device wants its mail to go to, written into the mail's body.

    :Email_Rxers_Code:alice@example.org,Bob <bob@example.org>,@night-shift:Email_Rxers_Code:

The marker word is configurable and matched in any case; there may be a second, short one. The
list may stand in `[ ]`, run over several lines, and be marked up in HTML. `find_in_text` and
`find_in_html` find every code of a body, tell what each says, and which spans to cut so that no
reader sees it; `find_in_source` does the same for a text that is only there as bytes.

Errors are values: one bad address takes nothing else with it, and a code without an end is
reported without its addresses. `grammar` says how a list is read, `entry_grammar` how one entry in
it, and `entries` what both find. `marker_choice` says which markers an operator may choose,
`markers` what is taken for one; `delimiters` finds them with their colons, `ordinary` leaves out
those that are ordinary words in prose. `finding` tells where codes are, `skimming` where it is
worth while to look for them. `looking` puts these two together. `words` splits a list, in
whichever `spelling` its signs are, and `mailto_links` has the addresses that HTML shows by a name
alone. `error_text` shows the place of an error. `cutting` says what is cut with a code. Text that
is cut can leave two halves of another code side by side: `torn` finds these. `allowance` bounds
how much work a mail may cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.text.source import TextSource
from relay_core.text.spans import merge

from .allowance import Allowance
from .entries import Address, CodeError, Entry, Group, RecipientCode
from .error_text import format_error
from .finding import format_code, parse_code
from .looking import Looker
from .markers import Markers, near_miss_pattern
from .skimming import ORDINARY, Grain, find_regions
from .torn import MAX_LOOKS, cut_torn

__all__ = [
    "MAX_LOOKS",
    "Address",
    "Allowance",
    "CodeError",
    "Entry",
    "Found",
    "Grain",
    "Group",
    "Markers",
    "RecipientCode",
    "find_in_html",
    "find_in_source",
    "find_in_text",
    "format_code",
    "format_error",
    "near_miss_pattern",
    "parse_code",
]


class Found(NamedTuple):
    """The codes of one body, and the sorted, disjoint spans to cut from it.

    All spans, those of errors included, are in characters of the text that was searched, or in
    offsets of the source.
    """

    codes: tuple[RecipientCode, ...]
    removals: tuple[Span, ...]


_NOTHING = Found(codes=(), removals=())


def find_in_text(
    text: str, markers: Markers, *, files: Sequence[Span] = (), allowance: Allowance | None = None
) -> Found:
    """The codes of a plain-text body.

    A code that has a line to itself takes the line with it; all other text stays as it is.
    `files` are spans that are cut as well, be they in a code or not. The `allowance` is that of
    the mail; without one there is a new one.
    """
    return _find(text, files, Looker(markers, False, allowance or Allowance(), ORDINARY))


def find_in_html(
    html: str, markers: Markers, *, files: Sequence[Span] = (), allowance: Allowance | None = None
) -> Found:
    """The codes of an HTML body, whatever tags and character references they are written with.

    Cutting the removals leaves markup that is nested as well as it was before: an element
    goes with both its tags or with none. `files` are spans that are cut as well.
    """
    return _find(html, files, Looker(markers, True, allowance or Allowance(), ORDINARY))


def _find(text: str, files: Sequence[Span], looker: Looker) -> Found:
    seen = looker.look(text)
    if not seen.removals and not files:
        return _NOTHING
    codes = list(seen.codes)
    removals = merge([*files, *seen.removals]) if files else seen.removals
    removals, error = cut_torn(text, removals, looker)
    if error and not seen.is_cut_short:  # one reason why the text ends is enough
        codes.append(RecipientCode(entries=(), errors=(error,)))
    return Found(codes=tuple(codes), removals=removals)


def find_in_source(
    source: TextSource, markers: Markers, *, allowance: Allowance, grain: Grain = ORDINARY
) -> Found:
    """The codes of a text that is only read where one may be, a region at a time.

    What is found is what `find_in_text` and `find_in_html` find, but that regions do not know of
    each other: an element that begins far before a code and ends far behind it is left as it is.
    """
    looker = Looker(markers, source.is_html, allowance, grain)
    codes: list[RecipientCode] = []
    removals: list[Span] = []
    for region in find_regions(source, markers, grain):
        if not region.is_certain and allowance.ordinary.is_spent:
            continue
        text = source.text(region.start, region.end)
        found = _find(text, (), looker)
        codes += (_moved(code, source, region.start, text) for code in found.codes)
        removals += source.spans_of(region.start, text, found.removals)
        if found.codes and allowance.is_spent:
            removals.append(Span(region.end, source.end))
            break
    return Found(codes=tuple(codes), removals=merge(removals))


def _moved(code: RecipientCode, source: TextSource, start: int, text: str) -> RecipientCode:
    """A code whose errors have their places in the source instead of in a region of it."""
    errors = (
        replace(error, span=source.spans_of(start, text, (error.span,))[0])
        for error in code.errors
    )
    return replace(code, errors=tuple(errors))
