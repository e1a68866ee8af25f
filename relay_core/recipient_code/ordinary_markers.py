"""Markers that may be ordinary words: delimiters around a list, or words in prose.

A log has text such as `eth0:RX:100`, and addresses too. So such a marker is a delimiter only in a
pair around a list. The list has at least one address or group, and otherwise only words with an
at-sign that are meant as addresses. Over several lines, a pair has all four colons, and does not
begin two lines of a log. At any other place the marker is text: it is not cut, it is no error, and
it does not close a code of the other marker.

Most prose is recognized by its first and last words, at a tenth of the cost of reading it as a
list. The cost of the search in a mail is limited (`Allowance.ordinary`).
"""

from __future__ import annotations

import re
from itertools import takewhile

from relay_core.html.text import PARAGRAPH_SEPARATOR, VisibleText

from .allowance import Allowance
from .code_delimiters import AT_SIGN, Delimiter, find_delimiters
from .entries import Address, Group, Item
from .grammar import may_be_wrapped, parse_list
from .mailto_links import find_links, may_hold_links
from .markers import LINE_ENDS, Markers, may_be_ordinary
from .spelling import as_read
from .words import COMMENT, LINE_END, has_content

MAX_LIST_LENGTH = 1 << 16
"""How many characters between two markers are read as a list.

A thousand addresses have less, and a word of some megabytes would need a hundred times its size in
memory.
"""

MAX_NAME_LENGTH = 128
"""How many characters, without blanks, are before the first at-sign after an ordinary word."""

MAX_WORDS_OF_A_NAME = 5

_COST = 15  # characters: the cost of examining a delimiter
_BRACKETS = "<(["
# A group, or an address whose domain has two labels, the last of which is not a number.
_ENTRY = re.compile(r"(?<![\w.+&#~^$'-])@|@[^@]*\.\w*[^\W\d_]")
_TOP_LABEL = re.compile(r"\.(?:[a-z]{2,63}|xn--[a-z0-9-]+)\Z")
_COMMENT = re.compile(COMMENT)
_MAX_PREFIX_LENGTH = 20  # characters of a mark of quotation, a number or a label before an entry
_MARKS = rf"(?:(?![{LINE_ENDS}])[\W_])*"
_LINE_ENDS = re.compile(rf"{_MARKS}(?:[{LINE_ENDS}]|\Z)")
_AT_WORD = re.compile(r"@\S*")


def find_counting(visible: VisibleText, markers: Markers, allowance: Allowance) -> list[Delimiter]:
    """The delimiters that count, in order; those of ordinary words are pairs around a list.

    Where the allowance for ordinary words is spent, they are prose.
    """
    text, ordinary = visible.text, allowance.ordinary
    certain = tuple(one for one in markers if not may_be_ordinary(one))
    may_link = may_hold_links(visible)
    if len(certain) == len(markers) or not (may_link or AT_SIGN.search(text)):
        return _find(text, certain)
    counting: list[Delimiter] = []
    opening: Delimiter | None = None
    for one in find_delimiters(text, markers):
        if not may_be_ordinary(one.marker):
            counting.append(one)
            opening = None
            continue
        if not ordinary.takes_text(_COST):
            rest = _find(text, certain)
            return counting + [other for other in rest if other.start >= one.start]
        if (
            opening is not None
            and one.closes
            and one.marker == opening.marker
            and _is_list(visible, opening, one, ordinary, may_link=may_link)
        ):
            counting += [opening, one]
            opening = None
        else:
            opening = one if one.opens else None
    return counting


def list_between(opening: Delimiter, closing: Delimiter) -> tuple[int, int]:
    """The start and the end of the text between two delimiters."""
    return opening.end, max(opening.end, closing.closing_start)


def _find(text: str, markers: Markers) -> list[Delimiter]:
    return list(find_delimiters(text, markers)) if markers else []


def _is_list(
    visible: VisibleText,
    opening: Delimiter,
    closing: Delimiter,
    allowance: Allowance,
    *,
    may_link: bool,
) -> bool:
    start, end = list_between(opening, closing)
    if end > start + MAX_LIST_LENGTH:
        return False
    text = visible.text
    between = as_read(text[start:end])
    if LINE_END.search(between) and not _is_delimiter_pair(text, opening, closing):
        return False
    links = find_links(visible, start, end) if may_link else []
    if not links and not _may_be_list(text, start, between):
        return False
    if not allowance.takes_code(end - start):
        return False
    items = parse_list(text, start, end, links)
    edges = [start, *(edge for one in items for edge in (one.start, one.end)), end]
    return (
        any(map(_may_receive, items))
        and all(_is_whole(text, one) if one.entry else _is_plausible(text, one) for one in items)
        and not any(
            _has_more_text(text[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)
        )
    )


def _may_receive(item: Item) -> bool:
    """Whether it is a group, or an address whose top-level domain may exist."""
    return isinstance(item.entry, Group) or (
        isinstance(item.entry, Address) and bool(_TOP_LABEL.search(item.entry.addr_spec))
    )


def _has_more_text(gap: str) -> bool:
    """Whether text between two items is more than separators, labels, marks and comments."""
    return any(map(has_content, _COMMENT.sub(" ", gap).split()))


def _is_delimiter_pair(text: str, opening: Delimiter, closing: Delimiter) -> bool:
    """Whether two delimiters have all four colons, and do not begin two lines of a log."""
    has_first_colon = opening.closes and opening.start == opening.closing_start
    if not has_first_colon or not closing.opens or text[closing.end : closing.end + 1].isalnum():
        return False
    return not all(
        _begins_line(text, one.closing_start) and not _LINE_ENDS.match(text, one.end)
        for one in (opening, closing)
    )


def _begins_line(text: str, place: int) -> bool:
    """Whether only marks, a number or a label are before it on its line, as before an entry."""
    start = max(0, place - _MAX_PREFIX_LENGTH)
    *ended, prefix = LINE_END.split(text[start:place])
    return bool(ended or start == 0) and not _has_more_text(prefix)


def _is_plausible(text: str, item: Item) -> bool:
    """Whether each word of an item that is not an entry has an at-sign."""
    return all("@" in word for word in as_read(text[item.start : item.end]).split())


def _is_whole(text: str, item: Item) -> bool:
    """Whether only a mailer can have broken it: it is not joined from two lines or two cells."""
    written = text[item.start : item.end]
    before = takewhile(lambda word: "@" not in word, as_read(written).split())
    if PARAGRAPH_SEPARATOR in written or sum(1 for _ in before) > MAX_WORDS_OF_A_NAME:
        return False
    return any(mark in written for mark in _BRACKETS) or all(
        may_be_wrapped(text, item.start + one.start()) for one in LINE_END.finditer(written)
    )


def _may_be_list(text: str, start: int, between: str) -> bool:
    """Whether the words before the first at-sign and after the last one may be part of a list.

    A name may precede an address in brackets; the rest of an address may follow a line end.
    """
    if not _ENTRY.search(between):
        return False
    first, last = between.find("@"), between.rfind("@")
    head, at_word = between[:first], _AT_WORD.match(between, first)
    words = head.split()
    if sum(map(len, words)) > MAX_NAME_LENGTH:
        return False
    before = words if head[-1:].isspace() else words[:-1]
    named = (words[-1] if words else "") + (at_word[0] if at_word else "")
    if (
        any(map(has_content, before))
        and not any(mark in named or mark in head for mark in _BRACKETS)
        and not LINE_END.search(head)
    ):
        return False
    last_word = _AT_WORD.match(between, last)
    tail = between[last_word.end() :] if last_word else ""
    if any(mark in tail for mark in "([>"):
        return True
    behind = sum(map(has_content, tail.split()))
    if not behind or not last_word:
        return True
    is_wrapped = LINE_END.search(tail) and may_be_wrapped(text, start + last_word.end())
    return behind == 1 and bool(is_wrapped)
