"""The recipient code: the recipients of a device's mail, written into the mail's body.

    :Email_Rxers_Code:alice@example.org,Bob <bob@example.org>,@night-shift:Email_Rxers_Code:

The marker word is configurable and matched in any case; there may be a second, short one. The
list may be in `[ ]`, run over several lines, and be marked up in HTML. `find_in_text` and
`find_in_html` find every code of a body, read its entries, and give the spans to cut so that no
reader sees it. `find_in_source` does the same for a text that is given as bytes.

Errors are values: a bad address does not affect the other entries, and a code without an end is
an error without addresses. The modules:

* `grammar` reads a list, `entry_grammar` one entry in it; `entries` has their results.
* `marker_choice` checks the markers that an operator chooses, `markers` has the spellings of a
  marker. `code_delimiters` finds markers with their colons, `ordinary_markers` leaves out those
  that are words in prose.
* `candidate_regions` finds the regions that may hold a code, `code_finding` the codes in them;
  `code_search` calls both.
* `words` splits a list into words, `spelling` has the variants of its characters, and
  `mailto_links` finds the addresses that HTML shows only by a name.
* `cutting` decides what is cut with a code. A cut can join two halves of another code:
  `split_codes` finds these.
* `error_text` shows the place of an error. `allowance` limits the work for one mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.text.source import TextSource
from relay_core.text.spans import merge

from .allowance import Allowance
from .candidate_regions import ORDINARY, SearchSizes, find_regions
from .code_finding import format_code, parse_code
from .code_search import CodeSearch
from .entries import Address, CodeError, Entry, Group, RecipientCode
from .error_text import format_error
from .markers import Markers, near_miss_pattern
from .split_codes import MAX_SEARCHES, cut_split_codes

__all__ = [
    "MAX_SEARCHES",
    "Address",
    "Allowance",
    "CodeError",
    "Entry",
    "Found",
    "Group",
    "Markers",
    "RecipientCode",
    "SearchSizes",
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

    All spans, including those of errors, are in characters of the searched text, or in offsets of
    the source.
    """

    codes: tuple[RecipientCode, ...]
    removals: tuple[Span, ...]


_NOTHING = Found(codes=(), removals=())


def find_in_text(
    text: str, markers: Markers, *, files: Sequence[Span] = (), allowance: Allowance | None = None
) -> Found:
    """The codes of a plain-text body.

    A code that is alone on its line is cut with the line; all other text stays unchanged. `files`
    are spans that are cut as well, inside or outside of a code. The `allowance` is that of the
    mail; the default is a new one.
    """
    return _find(text, files, CodeSearch(markers, False, allowance or Allowance(), ORDINARY))


def find_in_html(
    html: str, markers: Markers, *, files: Sequence[Span] = (), allowance: Allowance | None = None
) -> Found:
    """The codes of an HTML body, with any tags and character references in them.

    The cuts keep the nesting of the markup: of an element, both tags are cut or none. `files` are
    spans that are cut as well.
    """
    return _find(html, files, CodeSearch(markers, True, allowance or Allowance(), ORDINARY))


def _find(text: str, files: Sequence[Span], code_search: CodeSearch) -> Found:
    seen = code_search.search(text)
    if not seen.removals and not files:
        return _NOTHING
    codes = list(seen.codes)
    removals = merge([*files, *seen.removals]) if files else seen.removals
    removals, error = cut_split_codes(text, removals, code_search)
    if error and not seen.is_cut_short:  # one error about the cut end of the text is enough
        codes.append(RecipientCode(entries=(), errors=(error,)))
    return Found(codes=tuple(codes), removals=removals)


def find_in_source(
    source: TextSource, markers: Markers, *, allowance: Allowance, sizes: SearchSizes = ORDINARY
) -> Found:
    """The codes of a text of which only regions that may hold a code are read, one by one.

    The result is that of `find_in_text` or `find_in_html`, except that each region is read by
    itself: an element that begins far before a code and ends far after it stays unchanged.
    """
    code_search = CodeSearch(markers, source.is_html, allowance, sizes)
    codes: list[RecipientCode] = []
    removals: list[Span] = []
    for region in find_regions(source, markers, sizes):
        if not region.is_certain and allowance.ordinary.is_spent:
            continue
        text = source.text(region.start, region.end)
        found = _find(text, (), code_search)
        codes += (_moved(code, source, region.start, text) for code in found.codes)
        removals += source.spans_of(region.start, text, found.removals)
        if found.codes and allowance.is_spent:
            removals.append(Span(region.end, source.end))
            break
    return Found(codes=tuple(codes), removals=merge(removals))


def _moved(code: RecipientCode, source: TextSource, start: int, text: str) -> RecipientCode:
    """The code with the spans of its errors moved from the region to the source."""
    errors = (
        replace(error, span=source.spans_of(start, text, (error.span,))[0])
        for error in code.errors
    )
    return replace(code, errors=tuple(errors))
