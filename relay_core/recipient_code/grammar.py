"""The grammar of the recipient code, one function a production.

    code       = opening list closing
    opening    = [":"] marker ":"
    closing    = ":" marker [":"]
    list       = "[" entries "]" / entries
    entries    = [entry] *( separator [entry] )
    separator  = "," / ";" / white space
    entry      = group / name-addr / addr-spec
    group      = "@" name
    name-addr  = [phrase] "<" ["mailto:"] addr-spec ">"
    phrase     = 1*( word [white space] )

`addr-spec` is RFC 5322's (section 3.4.1), with an internationalised domain where one is
written; see `relay_core.mailbox`.

White space separates, but a mailer that wraps a line may have put it into a name or into an
address. So entries are read from the words between two commas with one rule in mind: **no
address is read that the sender may not have meant.** Two words on both sides of a line end,
neither of them an entry, are one address if they make one. If the line was so long that a
mailer may have wrapped it, and the words make an address both when they are taken apart
and when they are joined, that is an error. A word that cannot be read is an error of its
own and takes nothing else with it.

Nothing here looks further ahead than the next word, so reading takes linear time; and no list
is read beyond its first `MAX_WORDS` words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.html_text import OBJECT
from relay_core.mailbox import InvalidAddress, parse_addr_spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A recipient: an addr-spec, its domain in lower-case ASCII."""

    addr_spec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of recipients, by the name that the settings know it under."""

    name: str


Entry = Address | Group


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeError:
    """One wrong place in a code.

    `span` is in characters of the text that was searched, `expected` says what was expected
    there ("an address"), `found` is the offending text.
    """

    span: Span
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientCode:
    """What one code says: its entries in order, as often as they stand there, and its errors."""

    entries: tuple[Entry, ...]
    errors: tuple[CodeError, ...]


class Item(NamedTuple):
    """A piece of a list: an entry, or the text that is none and what was `expected` there."""

    start: int
    end: int
    entry: Entry | None
    expected: str = ""


class _Word(NamedTuple):
    """A word of the list; `wrapped` if nothing but a line end parts it from the one before."""

    start: int
    end: int
    text: str
    wrapped: bool


# A picture between two addresses is as good as a blank.
_BLANK = rf"[\s{OBJECT}]"
_LINE_END = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
# A quoted-string or what stands in angle brackets belongs to its word, blanks and commas
# included. The bounds keep a quote that never closes from being looked for far and often.
_LEXEME = re.compile(
    r"(?P<separator>[,;])"
    rf"|(?P<blank>{_BLANK}++)"
    r'|(?P<word>(?:"(?:[^"\\]|\\.){0,256}"|<(?:[^<>,;"]|"[^"\\]{0,64}+"){0,512}>|\\["\\]'
    rf"|[^\s{OBJECT},;])+)"
)
_GROUP_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_NAME_ADDR = re.compile(
    r'(?P<phrase>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)'
    r'<(?P<addr_spec>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>\Z',
    re.DOTALL,
)
MAX_WORDS = 10_000
"""How many words of a list are read, names and addresses alike; what follows is one error.

Nobody has so many recipients, and a code that fills a whole mail would take minutes to read.
"""
# Shorter lines are broken by people, not by mailers, and people do not break addresses.
_SHORTEST_WRAPPED_LINE = 60


def parse_list(text: str, start: int, end: int) -> list[Item]:
    """`list = "[" entries "]" / entries`.

    Read from `text[start:end]`. A bracket without its partner is an item with no entry.
    """
    first, last = start, end
    while first < last and _is_blank(text[first]):
        first += 1
    while first < last and _is_blank(text[last - 1]):
        last -= 1
    opened = first < last and text[first] == "["
    closed = first < last and text[last - 1] == "]" and last - first > opened
    items = list(_parse_entries(text, first + opened, last - closed))
    if opened and not closed:
        items.append(Item(last, last, None, '"]" at the end of the list'))
    if closed and not opened:
        items.append(Item(last - 1, last, None, 'no "]" at the end of a list without "["'))
    return items


def _is_blank(character: str) -> bool:
    return character.isspace() or character == OBJECT


def _parse_entries(text: str, start: int, end: int) -> Iterator[Item]:
    """`entries = [entry] *( separator [entry] )`."""
    words: list[_Word] = []
    room = MAX_WORDS
    blank = ""
    for lexeme in _LEXEME.finditer(text, start, end):
        kind = lexeme.lastgroup
        if kind == "word":
            if len(words) == room:
                # All of the field: half of it might read as an address that nobody meant.
                first = words[0].start if words else lexeme.start()
                yield Item(first, end, None, f"no more than {MAX_WORDS} words in a code")
                return
            wrapped = bool(blank) and bool(_LINE_END.search(blank))
            words.append(_Word(lexeme.start(), lexeme.end(), lexeme.group(), wrapped))
        elif kind == "separator" and words:
            room -= len(words)
            yield from _parse_field(text, words)
            words = []
        blank = lexeme.group() if kind == "blank" else ""
    if words:
        yield from _parse_field(text, words)


def _parse_field(text: str, words: list[_Word]) -> list[Item]:
    """`field = *( entry / word )`: the entries between two commas, and words that are none.

    `waiting` holds the words read so far that are no entry: they may turn out to be a phrase
    before "<", or the first half of an address.
    """
    if len(words) == 1:
        return [_parse_item(words[0].start, words[0].end, words[0].text)]
    items: list[Item] = []
    waiting: list[_Word] = []
    for word in words:
        if "<" in word.text and word.text.endswith(">"):
            phrase = _take_phrase(waiting)
            _settle(text, items, waiting)
            begin = phrase[0].start if phrase else word.start
            items.append(_parse_item(begin, word.end, word.text))
            waiting = []
            continue
        item = _parse_item(word.start, word.end, word.text)
        if word.wrapped and waiting and (joined := _join(text, waiting[-1], word, item)):
            waiting.pop()
            item = joined
        elif not item.entry:
            waiting.append(word)
            continue
        _settle(text, items, waiting)
        items.append(item)
        waiting = []
    _settle(text, items, waiting)
    return items


def _take_phrase(waiting: list[_Word]) -> list[_Word]:
    """`phrase = 1*( word [white space] )`: the words at the end of `waiting`, if no address."""
    first = len(waiting)
    while first and ("@" not in (word := waiting[first - 1].text) or word[0] == word[-1] == '"'):
        first -= 1
    phrase = waiting[first:]
    del waiting[first:]
    return phrase


def _settle(text: str, items: list[Item], words: list[_Word]) -> None:
    """Add words that are no phrase: errors, but the first may end the address before it."""
    if words and words[0].wrapped and items and (joined := _continue(text, items[-1], words[0])):
        items[-1] = joined
        words = words[1:]
    items += _as_errors(words)


def _join(text: str, before: _Word, word: _Word, item: Item) -> Item | None:
    """An address in two halves, the first of which is no entry; None if it is not that."""
    if "@" not in before.text and "@" not in word.text:
        return None
    joined = _parse_item(before.start, word.end, before.text + word.text)
    if not isinstance(joined.entry, Address):
        return None
    if item.entry is None or word.text.startswith("@"):
        return joined
    return _ambiguous(joined) if _may_be_wrapped(text, before.end) else None


def _continue(text: str, before: Item, word: _Word) -> Item | None:
    """An address whose first half is one already; None if it is not that."""
    if not isinstance(before.entry, Address):
        return None
    first_half = text[before.start : before.end]
    joined = _parse_item(before.start, word.end, first_half + word.text)
    if not isinstance(joined.entry, Address):
        return None
    if first_half.endswith(".") or word.text.startswith("."):
        return joined
    return _ambiguous(joined) if _may_be_wrapped(text, before.end) else None


def _ambiguous(joined: Item) -> Item:
    return joined._replace(entry=None, expected="an address that no line end breaks in two")


def _may_be_wrapped(text: str, line_end: int) -> bool:
    line = text[max(0, line_end - _SHORTEST_WRAPPED_LINE) : line_end]
    return len(line) == _SHORTEST_WRAPPED_LINE and not _LINE_END.search(line)


def _as_errors(words: Iterable[_Word]) -> list[Item]:
    """The words as items without an entry, one for each line."""
    items: list[Item] = []
    for word in words:
        if items and not word.wrapped:
            items[-1] = Item(items[-1].start, word.end, None, "an address")
        else:
            items.append(_parse_item(word.start, word.end, word.text))
    return items


def _parse_item(start: int, end: int, word: str) -> Item:
    try:
        # HTML writes blanks that are to stay as no-break spaces; quotes may hold such blanks.
        return Item(start, end, _parse_entry(word.replace("\u00a0", " ")))
    except InvalidAddress as error:
        return Item(start, end, None, error.expected)


def _parse_entry(word: str) -> Entry:
    """`entry = group / name-addr / addr-spec`."""
    if word.startswith("@"):
        return _parse_group(word)
    if word.endswith(">"):
        return _parse_name_addr(word)
    return Address(addr_spec=parse_addr_spec(word))


def _parse_group(word: str) -> Group:
    """`group = "@" name`."""
    name = word[1:]
    if not _GROUP_NAME.match(name):
        raise InvalidAddress(
            expected="a group's name of letters, digits, dots, hyphens or underscores after the @",
            found=word,
        )
    return Group(name=name)


def _parse_name_addr(word: str) -> Address:
    """`name-addr = [phrase] "<" ["mailto:"] addr-spec ">"`.

    Mail programs that turn HTML into text write `a@example.org<mailto:a@example.org>`: an
    address as the phrase is allowed if it is the same one.
    """
    match = _NAME_ADDR.match(word)
    if match is None:
        raise InvalidAddress(expected="an address between < and >", found=word)
    inner = match["addr_spec"]
    if '"' not in inner:
        inner = re.sub(r"\s+", "", inner)  # between brackets a line end separates nothing
    if inner[:7].lower() == "mailto:":
        inner = inner[7:]
    address = Address(addr_spec=parse_addr_spec(inner))
    phrase = match["phrase"]
    if (
        "@" in phrase
        and not phrase.startswith('"')
        and parse_addr_spec(phrase) != address.addr_spec
    ):
        raise InvalidAddress(expected="the same address before and between < and >", found=word)
    return address


def format_entry(entry: Entry) -> str:
    """An entry as it stands in a code."""
    return f"@{entry.name}" if isinstance(entry, Group) else entry.addr_spec
