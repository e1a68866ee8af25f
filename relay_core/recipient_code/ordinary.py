"""Markers that may be ordinary words: where one stands around a list, and where it is prose.

A log says `eth0:RX:100`, and names addresses as well. So such a marker is a delimiter only in a
pair around a list: one address or group at least, and nothing else but words with an at-sign that
are meant as one. Any other place of it is text: it is not cut, it is no error, and it does not end
what another marker opens.

Most prose is told from a list by its first and last words, which costs a tenth of reading it. What
the search may cost in a mail is bounded (`Allowance.ordinary`).
"""

from __future__ import annotations

import re

from relay_core.html.text import VisibleText

from .allowance import Allowance
from .delimiters import AT_SIGN, Delimiter, find_delimiters
from .entries import Item
from .grammar import may_be_wrapped, parse_list
from .mailto_links import find_links, may_hold_links
from .markers import Markers, may_be_ordinary
from .spelling import as_read
from .words import LINE_END, says_something

LONGEST_LIST = 1 << 16
"""How many characters between two markers are read as a list.

A thousand addresses have less, and one word of some megabytes would take its memory a hundredfold.
"""

LONGEST_NAME = 128
"""How many characters, without blanks, stand before the first at-sign behind an ordinary word."""

_COST = 15  # to look at a delimiter costs as much as to read so many characters
_BRACKETS = "<(["
# A group, or an address with a domain of two labels of which the last one is no number.
_ENTRY = re.compile(r"(?<![\w.+&#~^$'-])@|@[^@]*\.\w*[^\W\d_]")
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
            and _is_list(visible, *list_between(opening, one), ordinary, may_link=may_link)
        ):
            counting += [opening, one]
            opening = None
        else:
            opening = one if one.opens else None
    return counting


def list_between(opening: Delimiter, closing: Delimiter) -> tuple[int, int]:
    """Where what stands between two delimiters begins and ends."""
    return opening.end, max(opening.end, closing.closing_start)


def _find(text: str, markers: Markers) -> list[Delimiter]:
    return list(find_delimiters(text, markers)) if markers else []


def _is_list(
    visible: VisibleText, start: int, end: int, allowance: Allowance, *, may_link: bool
) -> bool:
    if end > start + LONGEST_LIST:
        return False
    links = find_links(visible, start, end) if may_link else []
    text = visible.text
    between = as_read(text[start:end])
    if not links and not _may_be_list(text, start, between):
        return False
    if not allowance.takes_code(end - start):
        return False
    items = parse_list(text, start, end, links)
    return any(one.entry for one in items) and all(
        _is_whole(text, one) if one.entry else _is_meant(text, one) for one in items
    )


def _is_meant(text: str, item: Item) -> bool:
    """Whether each word of what is no entry has an at-sign."""
    return all("@" in word for word in as_read(text[item.start : item.end]).split())


def _is_whole(text: str, item: Item) -> bool:
    """Whether only a mailer can have broken an address, and not two lines of a log make one."""
    written = text[item.start : item.end]
    return any(mark in written for mark in _BRACKETS) or all(
        may_be_wrapped(text, item.start + one.start()) for one in LINE_END.finditer(written)
    )


def _may_be_list(text: str, start: int, between: str) -> bool:
    """Whether the words before the first at-sign and behind the last one may be part of a list.

    Before an address in brackets stands a name, behind a line end the rest of an address.
    """
    if not _ENTRY.search(between):
        return False
    first, last = between.find("@"), between.rfind("@")
    head, at_word = between[:first], _AT_WORD.match(between, first)
    words = head.split()
    if sum(map(len, words)) > LONGEST_NAME:
        return False
    before = words if head[-1:].isspace() else words[:-1]
    named = (words[-1] if words else "") + (at_word[0] if at_word else "")
    if (
        any(map(says_something, before))
        and not any(mark in named or mark in head for mark in _BRACKETS)
        and not LINE_END.search(head)
    ):
        return False
    last_word = _AT_WORD.match(between, last)
    tail = between[last_word.end() :] if last_word else ""
    if any(mark in tail for mark in "([>"):
        return True
    behind = sum(map(says_something, tail.split()))
    if not behind or not last_word:
        return True
    is_wrapped = LINE_END.search(tail) and may_be_wrapped(text, start + last_word.end())
    return behind == 1 and bool(is_wrapped)
