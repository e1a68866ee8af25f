"""Where in a text the recipient codes are, and what they say.

A delimiter is the marker word with a colon on one side at least. The right colon makes it
fit to open a code, the left one to close it. One that opens is paired with the next one if
that closes; the list in between is read by the grammar. Three cases need a decision:

* *Whose is the first colon?* In `Line2:Marker:[…]:Marker:` the colon belongs to `Line2:`;
  that code lacks its own first colon. So a colon right after a word stays with the word.
* *A delimiter is missing.* The code is malformed: it has no entries and one error. It reaches
  over what reads as its list, that is, over entries and other words with an `@` up to the
  first text without one, and never beyond its paragraph or the next delimiter. A pair is
  rejected in the same way if there is prose between the two and not only a list, or if the
  second one rather opens a code of its own.
* *Is it a mention?* The marker with no colon, with only the left one and nothing to close, or
  with only the right one (`Marker: see the manual`) and no address behind it, is prose.

Each stretch between two delimiters is read at most twice, so finding takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.html.text import VisibleText, read_text

from .allowance import Allowance
from .entries import Address, CodeError, Item, RecipientCode, format_entry
from .grammar import parse_list
from .mailto_links import find_links
from .spelling import spellings

_LINE_ENDS = r"\n\r\v\f\x85\u2028\u2029"
_BLANK_IN_LINE = rf"[^\S{_LINE_ENDS}]"
# One line end: behind a <br>, that of the source does not show.
_ONE_LINE_END = r"(?>\r\n|\u2028(?:\r\n|[\n\r])?|[\n\r\u2029])"
# A marker may be wrapped like anything else: one line end, and the next line's indent.
_WRAP = rf"(?:{_BLANK_IN_LINE}{{0,4}}{_ONE_LINE_END}{_BLANK_IN_LINE}{{0,4}})?"
_PARAGRAPH_END = re.compile(rf"{_ONE_LINE_END}{_BLANK_IN_LINE}*+{_ONE_LINE_END}")
_LINE_END = re.compile(rf"[{_LINE_ENDS}]")
_LIST_BEGINS = re.compile(r"\s{0,8}(?:\[|[^\s@,;]{0,64}@)")
_SEVERAL_WORDS = re.compile(rf"\S{_BLANK_IN_LINE}+\S")
_WORD = re.compile(r"\S+")
_COLON = rf"\\?{spellings(':')}"
# Emphasis may stand between a marker and its colons, as a backslash before them.
_EMPHASIS = r"[*_~`\\]"
_BEFORE = re.compile(
    rf"(?:(?P<colon>{_COLON}){_EMPHASIS}{{0,3}})?(?P<gap>\s{{0,8}}{_EMPHASIS}{{0,6}})\Z"
)


LONGEST_LIST = 1 << 16
"""How many characters between two markers are read as a list.

A thousand addresses have less, and one word of some megabytes would take its memory a hundredfold.
"""


class FoundCode(NamedTuple):
    """A code, and the range of the visible text that it takes up."""

    code: RecipientCode
    start: int
    end: int


class _Delimiter(NamedTuple):
    """A marker with its colons, by its range as an opening and its range as a closing.

    `whole` is an opening that has a first colon, be it that of the word before.
    """

    start: int
    end: int
    closing_start: int
    closing_end: int
    opens: bool
    closes: bool
    whole: bool


@lru_cache(maxsize=8)
def marker_pattern(marker: str) -> re.Pattern[str]:
    """The marker word, in any case, wrapped or not."""
    return re.compile(_WRAP.join(_letters(marker)), re.IGNORECASE)


@lru_cache(maxsize=8)
def near_miss_pattern(marker: str) -> re.Pattern[str]:
    """What a person may take for the marker, and a little of what stands around it."""
    words = re.findall(r"[A-Za-z0-9]+", marker)
    loose = r"[\W_]{0,8}".join(map(re.escape, words)) or re.escape(marker)
    return re.compile(rf".{{0,20}}{loose}.{{0,60}}", re.IGNORECASE)


def _letters(marker: str) -> list[str]:
    """The marker's characters in each of their spellings.

    Converters of Markdown escape an underscore or take it for emphasis, shown as a star or, in
    HTML, not at all. What is left of a short marker would be an ordinary word.
    """
    shortest = 8
    letters = []
    for index, character in enumerate(marker):
        one = spellings(character)
        if not character.isalnum():
            one = rf"\\?{one}"
        if character == "_" and 0 < index < len(marker) - 1:
            unseen = "?" if sum(map(str.isalnum, marker)) >= shortest else ""
            one = rf"(?:{one}|\*{{1,3}}){unseen}"
        letters.append(one)
    return letters


@lru_cache(maxsize=8)
def _delimiter_pattern(marker: str) -> re.Pattern[str]:
    """The marker word where it is no part of a longer word, and the colon on its right."""
    # What stands before it is looked at once its first letter is found, which is faster.
    first, *others = _letters(marker)
    word = _WRAP.join([rf"{first}(?<![^\W_].)", *others])
    colon = rf"({_EMPHASIS}{{0,6}}\s{{0,8}}{_COLON})?"
    return re.compile(rf"{word}(?!_*[^\W_]){colon}", re.IGNORECASE)


def _delimiters(text: str, marker: str) -> Iterator[_Delimiter]:
    """`opening = [":"] marker ":"`, `closing = ":" marker [":"]`: all there are, in order."""
    for match in _delimiter_pattern(marker).finditer(text):
        start = match.start()
        if _is_word(text[start - 1 : start]) and _within_a_word(text, start):
            continue
        before_colon, behind_colon = match.span(1)
        opens = behind_colon >= 0
        word_end = before_colon if opens else match.end()
        window = max(0, start - 20)
        before = _BEFORE.search(text, window, start)
        closes = before is not None and before["colon"] is not None
        blanks = 0
        closing_start = opening_start = start
        if before and closes:
            closing_start = opening_start = before.start()
            blanks = len(before["gap"]) - len(before["gap"].lstrip())
        whole = closes
        if closes and _is_word(text[closing_start - 1 : closing_start]):
            # "Line2:Marker:" is whole; "Note: Marker:" is a word, and the marker after it.
            opening_start = start
            whole = not blanks
        # A list can begin on the next line, but a code that ended there needs no colon.
        is_one_line = opens and not _LINE_END.search(text, before_colon, behind_colon)
        yield _Delimiter(
            start=opening_start,
            end=behind_colon if opens else word_end,
            closing_start=closing_start,
            closing_end=behind_colon if is_one_line else word_end,
            opens=opens,
            closes=closes,
            whole=whole,
        )


def _within_a_word(text: str, start: int) -> bool:
    """Whether letters stand before a marker, with or without underscores between."""
    return text[max(0, start - 8) : start].rstrip("_")[-1:].isalnum()


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


@lru_cache(maxsize=8)
def _regular_pattern(marker: str) -> re.Pattern[str]:
    """A code as the manual shows it: addresses with commas between them, and nothing odd."""
    address = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9.-]{1,255}"
    word = re.escape(marker)
    return re.compile(rf":(?<!\w:){word}:({address}(?:,{address}){{0,99}}):{word}:")


def _find_regular(text: str, marker: str) -> FoundCode | None:
    """The code of a text that has just one, of the form that everybody reads alike."""
    match = _regular_pattern(marker).search(text)
    if match is None:
        return None
    start, end = match.span()
    another = marker_pattern(marker)
    if another.search(text, end) or another.search(text, 0, start):
        return None
    try:
        entries = tuple(Address(addr_spec=parse_addr_spec(one)) for one in match[1].split(","))
    except InvalidAddress:
        return None
    start, end = _with_emphasis(text, start, end)
    return FoundCode(RecipientCode(entries=entries, errors=()), start, end)


def ended_by(visible: VisibleText, start: int, expected: str) -> FoundCode:
    """An error that takes up the text from `start` to its end."""
    error = _error(visible, start, len(visible.text), expected)
    return FoundCode(RecipientCode(entries=(), errors=(error,)), start, len(visible.text))


def find_codes(visible: VisibleText, marker: str, allowance: Allowance) -> list[FoundCode]:
    """Every code in the text, in order; the spans of their errors are in the source.

    Where the allowance is spent, the last of them reaches to the end of the text.
    """
    text = visible.text
    regular = _find_regular(text, marker)
    if regular and find_links(visible, regular.start, regular.end):
        regular = None  # what is between the names is not seen in the text
    if regular and allowance.takes_code(regular.end - regular.start):
        return [regular]
    delimiters = list(_delimiters(text, marker))
    found: list[FoundCode] = []
    taken = 0  # what stands before is part of a code that was found: two may share a colon
    index = 0
    while index < len(delimiters):
        opening = delimiters[index]
        following = delimiters[index + 1] if index + 1 < len(delimiters) else None
        index += 1
        if not opening.opens:
            continue
        start = max(taken, opening.start)
        list_end = max(opening.end, following.closing_start) if following else len(text)
        limit = min(list_end, opening.end + LONGEST_LIST)
        if not allowance.takes_code(limit - opening.end):
            found.append(ended_by(visible, start, "fewer or shorter recipient codes"))
            return found
        if following and following.closes and limit == list_end:
            links = find_links(visible, opening.end, list_end)
            items = parse_list(text, opening.end, list_end, links)
            a_third_closes = index + 1 < len(delimiters) and delimiters[index + 1].closes
            if _is_pair(text, opening, following, items, a_third_closes=a_third_closes):
                code = _read_code(visible, items, opening.end, list_end)
                begin, taken = _with_emphasis(text, start, following.closing_end, taken)
                found.append(FoundCode(code, begin, taken))
                index += 1
                continue
        if opening.whole or _LIST_BEGINS.match(text, opening.end):
            end = following.start if following else len(text)
            taken = _reach(text, opening.end, min(end, opening.end + LONGEST_LIST))
            expected = f'":{marker}:" at the end of the list'
            if limit < list_end:
                expected += f", which has {LONGEST_LIST} characters at most"
            error = _error(visible, start, taken, expected)
            found.append(FoundCode(RecipientCode(entries=(), errors=(error,)), start, taken))
    return found


def _with_emphasis(text: str, start: int, end: int, limit: int = 0) -> tuple[int, int]:
    """The range with the emphasis around it, which would be left around nothing."""
    while start > limit and text[start - 1] in "*_~`" and text[end : end + 1] == text[start - 1]:
        start, end = start - 1, end + 1
    return start, end


def _is_pair(
    text: str,
    opening: _Delimiter,
    closing: _Delimiter,
    items: list[Item],
    *,
    a_third_closes: bool,
) -> bool:
    """`code = opening list closing`: whether these two and what lies between are one code."""
    errors = [item for item in items if item.entry is None]
    if items and not errors:
        return True
    if a_third_closes and closing.opens and _LIST_BEGINS.match(text, closing.closing_end):
        return False
    if not opening.whole and items and not _LIST_BEGINS.match(text, opening.end):
        return False
    return not (
        _PARAGRAPH_END.search(text, opening.end, closing.closing_start)
        and any(_SEVERAL_WORDS.search(text, item.start, item.end) for item in errors)
    )


def _reach(text: str, start: int, limit: int) -> int:
    """How far a code without a closing reads as a list."""
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

    The code that `text` is; white space around it is allowed. Text that is no code, or not
    only one, gives a `RecipientCode` with one error over all of it.
    """
    visible = read_text(text)
    match find_codes(visible, marker, Allowance()):
        case [only] if not (visible.text[: only.start] + visible.text[only.end :]).strip():
            return only.code
    error = _error(visible, 0, len(visible.text), f'":{marker}:", a list and ":{marker}:"')
    return RecipientCode(entries=(), errors=(error,))


def format_code(code: RecipientCode, marker: str) -> str:
    """The inverse of `parse_code`.

    Raises:
        ValueError: if the code has errors or no entries, or if an address contains the marker
            in such a way that it would be read as the end of the code.
    """
    text = f":{marker}:{','.join(format_entry(entry) for entry in code.entries)}:{marker}:"
    if parse_code(text, marker) != code or code.errors:
        raise ValueError(f"no code can say {code}")
    return text
