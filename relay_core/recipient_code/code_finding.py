"""Finds the recipient codes in a text and reads them.

A delimiter is the marker word with a colon on at least one side. With the right colon it can open
a code, with the left one it can close it. An opening is paired with the next delimiter if that can
close; the grammar reads the list between them. Four cases need a decision:

* *The owner of the first colon.* In `Line2:Marker:[…]:Marker:` the colon belongs to `Line2:`; the
  code has no first colon of its own. So a colon directly after a word stays with the word.
* *A missing delimiter.* The code is malformed: it has no entries and one error. Its span covers
  the text that reads as its list: entries and other words with an `@`, up to the first text
  without one, at most to the end of its paragraph or the next delimiter. A pair is rejected in the
  same way if there is prose between the two, or if the second one opens a code of its own.
* *A mention.* The marker is prose if it has no colon, only the left one and no code to close, or
  only the right one (`Marker: see the manual`) and no address after it. So is a marker that may be
  an ordinary word (`eth0:RX:100`) and is not one of a pair around a list (`ordinary_markers`).
* *Two markers.* A code is closed by the marker that opened it. If the other marker counts, the
  code before it has no end.

The text between two delimiters is read at most twice, so the search takes linear time.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.html.text import VisibleText, read_text

from .allowance import Allowance
from .candidate_regions import may_hold
from .code_delimiters import Delimiter
from .entries import Address, CodeError, Item, RecipientCode, format_entry
from .grammar import parse_list
from .mailto_links import find_links
from .markers import BLANK_IN_LINE, ONE_LINE_END, Markers, marker_pattern, may_be_ordinary
from .ordinary_markers import MAX_LIST_LENGTH, find_counting, list_between

_PARAGRAPH_END = re.compile(rf"{ONE_LINE_END}{BLANK_IN_LINE}*+{ONE_LINE_END}")
_LIST_BEGINS = re.compile(r"\s{0,8}(?:\[|[^\s@,;]{0,64}@)")
_SEVERAL_WORDS = re.compile(rf"\S{BLANK_IN_LINE}+\S")
_WORD = re.compile(r"\S+")


class FoundCode(NamedTuple):
    """A code, and its range in the visible text."""

    code: RecipientCode
    start: int
    end: int


@lru_cache(maxsize=8)
def _regular_pattern(marker: str) -> re.Pattern[str]:
    """A code as the manual shows it: plain addresses, separated by commas."""
    address = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9.-]{1,255}"
    word = re.escape(marker)
    return re.compile(rf":(?<!\w:){word}:({address}(?:,{address}){{0,99}}):{word}:")


def _find_regular(text: str, markers: Markers, allowance: Allowance) -> FoundCode | None:
    """The only code of a text, if it has the regular form; else None."""
    for marker in markers:
        if match := _regular_pattern(marker).search(text):
            break
    else:
        return None
    start, end = match.span()
    # What joins the two pieces is part of no marker.
    if others := may_hold(f"{text[:start]}\0{text[end:]}", markers):
        another = marker_pattern(others)
        if another.search(text, end) or another.search(text, 0, start):
            return None
    try:
        entries = tuple(Address(addr_spec=parse_addr_spec(one)) for one in match[1].split(","))
    except InvalidAddress:
        return None
    if not (allowance.ordinary if may_be_ordinary(marker) else allowance).takes_code(end - start):
        return None
    start, end = _with_emphasis(text, start, end)
    return FoundCode(RecipientCode(entries=entries, errors=()), start, end)


def ended_by(visible: VisibleText, start: int, expected: str) -> FoundCode:
    """An error whose span is the text from `start` to its end."""
    error = _error(visible, start, len(visible.text), expected)
    return FoundCode(RecipientCode(entries=(), errors=(error,)), start, len(visible.text))


def find_codes(visible: VisibleText, markers: Markers, allowance: Allowance) -> list[FoundCode]:
    """Every code in the text, in order; the spans of their errors are in the source.

    If the allowance is spent, the last one reaches to the end of the text.
    """
    text = visible.text
    regular = _find_regular(text, markers, allowance)
    # The addresses of links with a name as text are not in the visible text.
    if regular and not find_links(visible, regular.start, regular.end):
        return [regular]
    delimiters = find_counting(visible, markers, allowance)
    found: list[FoundCode] = []
    index = 0
    while index < len(delimiters):
        opening, following, third = [*delimiters[index : index + 3], None, None][:3]
        index += 1
        if opening is None or not opening.opens:
            continue
        # The text before is part of a code that was found: two codes may share a colon.
        taken = found[-1].end if found else 0
        list_end = max(opening.end, following.closing_start) if following else len(text)
        limit = min(list_end, opening.end + MAX_LIST_LENGTH)
        if not may_be_ordinary(opening.marker) and not allowance.takes_code(limit - opening.end):
            start = max(taken, opening.start)
            found.append(ended_by(visible, start, "fewer or shorter recipient codes"))
            return found
        code = _read_pair(visible, opening, following, third, taken=taken, allowance=allowance)
        index += code is not None
        if code := code or _read_unclosed(visible, opening, following, taken):
            found.append(code)
    return found


def _closes(closing: Delimiter, opening: Delimiter) -> bool:
    return closing.closes and closing.marker == opening.marker


def _read_pair(
    visible: VisibleText,
    opening: Delimiter,
    closing: Delimiter | None,
    third: Delimiter | None,
    *,
    taken: int,
    allowance: Allowance,
) -> FoundCode | None:
    """The code between two delimiters, if it is one."""
    if closing is None or not _closes(closing, opening):
        return None
    _, list_end = list_between(opening, closing)
    if list_end > opening.end + MAX_LIST_LENGTH:
        return None
    links = find_links(visible, opening.end, list_end)
    items = parse_list(visible.text, opening.end, list_end, links)
    if not _is_pair(visible, opening, closing, third, items=items, allowance=allowance):
        return None
    code = _read_code(visible, items, opening.end, list_end)
    start = max(taken, opening.start)
    return FoundCode(code, *_with_emphasis(visible.text, start, closing.closing_end, taken))


def _read_unclosed(
    visible: VisibleText, opening: Delimiter, following: Delimiter | None, taken: int
) -> FoundCode | None:
    """An error over the list of a code without an end; None if the delimiter is a mention."""
    text = visible.text
    if not opening.whole and not _LIST_BEGINS.match(text, opening.end):
        return None
    end = following.start if following else len(text)
    reach = _reach(text, opening.end, min(end, opening.end + MAX_LIST_LENGTH))
    expected = f'":{opening.marker}:" at the end of the list'
    if (following.closing_start if following else len(text)) > opening.end + MAX_LIST_LENGTH:
        expected += f", which has {MAX_LIST_LENGTH} characters at most"
    start = max(taken, opening.start)
    error = _error(visible, start, reach, expected)
    return FoundCode(RecipientCode(entries=(), errors=(error,)), start, reach)


def _with_emphasis(text: str, start: int, end: int, limit: int = 0) -> tuple[int, int]:
    """The range with the emphasis around it, which would be empty after the cut."""
    while start > limit and text[start - 1] in "*_~`" and text[end : end + 1] == text[start - 1]:
        start, end = start - 1, end + 1
    return start, end


def _is_pair(
    visible: VisibleText,
    opening: Delimiter,
    closing: Delimiter,
    third: Delimiter | None,
    *,
    items: list[Item],
    allowance: Allowance,
) -> bool:
    """`code = opening list closing`: whether these two and the text between are one code."""
    if (items and all(item.entry for item in items)) or may_be_ordinary(opening.marker):
        return True  # delimiters of an ordinary word count only as pairs around a list
    if third and _opens_another(visible, closing, third, allowance):
        return False
    text = visible.text
    if not opening.whole and items and not _LIST_BEGINS.match(text, opening.end):
        return False
    return not _is_prose(text, opening, closing, items)


def _opens_another(
    visible: VisibleText, closing: Delimiter, third: Delimiter, allowance: Allowance
) -> bool:
    """Whether the second of three delimiters opens a code that the third one closes."""
    start, end = closing.closing_end, third.closing_start
    if not closing.opens or not _closes(third, closing) or end > start + MAX_LIST_LENGTH:
        return False
    if not _LIST_BEGINS.match(visible.text, start):
        return False
    if not allowance.takes_code(max(0, end - start)):
        return True
    items = parse_list(visible.text, start, end, find_links(visible, start, end))
    return not _is_prose(visible.text, closing, third, items)


def _is_prose(text: str, opening: Delimiter, closing: Delimiter, items: list[Item]) -> bool:
    """Whether there are two paragraphs between two delimiters, and words that are no entry."""
    return _PARAGRAPH_END.search(text, opening.end, closing.closing_start) is not None and any(
        _SEVERAL_WORDS.search(text, item.start, item.end) for item in items if item.entry is None
    )


def _reach(text: str, start: int, limit: int) -> int:
    """The end of the text that reads as the list of a code without a closing."""
    paragraph_end = _PARAGRAPH_END.search(text, start, limit)
    end = max(start, paragraph_end.start() if paragraph_end else limit)
    reach = start
    for item in parse_list(text, start, end):
        if item.entry:
            reach = item.end
            continue
        for word in _WORD.finditer(text, item.start, item.end):
            if "@" not in word.group():
                return reach
            reach = word.end()
    if text[reach : reach + 1] == "]":
        return reach + 1
    return reach


def _read_code(visible: VisibleText, items: list[Item], start: int, end: int) -> RecipientCode:
    errors = [
        _error(visible, item.start, item.end, item.expected)
        for item in items
        if item.entry is None
    ]
    if not items:
        errors = [_error(visible, start, end, "an address")]
    return RecipientCode(
        entries=tuple(item.entry for item in items if item.entry), errors=tuple(errors)
    )


def _error(visible: VisibleText, start: int, end: int, expected: str) -> CodeError:
    return CodeError(
        span=visible.source_span(start, end), expected=expected, found=visible.text[start:end]
    )


def parse_code(text: str, marker: str) -> RecipientCode:
    """`code = opening list closing`.

    Parses `text` as one code; white space around it is allowed. Other text gives a
    `RecipientCode` with one error over all of it.
    """
    visible = read_text(text)
    match find_codes(visible, (marker,), Allowance()):
        case [only] if not (visible.text[: only.start] + visible.text[only.end :]).strip():
            return only.code
    error = _error(visible, 0, len(visible.text), f'":{marker}:", a list and ":{marker}:"')
    return RecipientCode(entries=(), errors=(error,))


def format_code(code: RecipientCode, marker: str) -> str:
    """The inverse of `parse_code`.

    Raises:
        ValueError: if the code has errors or no entries, or if the marker in an address would be
            read as the end of the code.
    """
    text = f":{marker}:{','.join(format_entry(entry) for entry in code.entries)}:{marker}:"
    if parse_code(text, marker) != code or code.errors:
        raise ValueError(f"no code can say {code}")
    return text
