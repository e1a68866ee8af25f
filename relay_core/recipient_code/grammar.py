"""The grammar of the recipient code, one function a production.

    code       = opening list closing
    opening    = [":"] marker ":"
    closing    = ":" marker [":"]
    list       = *( entry / separator / comment / mark )     see `words.read_fields`
    entry      = marks ( group / address / name-addr / link ) marks
    marks      = *( bracket / quote / emphasis / punctuation ), in pairs where they come in pairs
    group      = "@" name
    address    = *label addr-spec
    label      = ( "mailto" / "smtp" / "email" / "to" / "cc" / "bcc" ) ":"
    name-addr  = [phrase] ( "<" / "(" / "[" ) address ( ">" / ")" / "]" )
    phrase     = 1*( word [white space] )
    link       = "[" ( phrase / address ) "](" address [title] ")"
               / "[[" address "][" phrase "]]"
               / "<" address "|" ( phrase / address ) ">"
               / what HTML shows of a mailto link

`addr-spec` is RFC 5322's (section 3.4.1) as `relay_core.addresses.mailbox` reads it, with an
internationalised domain where one is written. Of the local-parts that RFC 5322 allows, a code
says those that nobody can take for something else: they begin with a letter, a digit, "_", or "+"
and a digit, and have none of ``* / = ? ` { | }``. Others can be members of a group.

White space separates, but a mailer that wraps a line may have put it into a name or into an
address. So entries are read from the words between two separators with one rule in mind: **no
address is read that the sender may not have meant.** Two words on both sides of a line end,
neither of them an entry, are one address if they make one. If the line was so long that a
mailer may have wrapped it, and the words make an address both when they are taken apart
and when they are joined, that is an error. So is an address that begins with a mark that could
be part of it and has no partner (`{a@example.net`), two addresses where one says where the other
leads (`[a@example.net](mailto:b@example.net)`), and one that goes on beyond its domain. A word
that cannot be read is an error of its own and takes nothing else with it.

Nothing here looks further ahead than the next word, so reading takes linear time; and no list
is read beyond its first `MAX_WORDS` words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import unquote

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.errors import Span

from .spelling import as_read, without_halves
from .words import LABELS, LINE_END, MAX_WORDS, Link, Word, read_fields


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


_GROUP_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_NAME_ADDR = re.compile(
    r'(?P<phrase>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)'
    r'<(?P<addr_spec>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>\Z',
    re.DOTALL,
)
# Where an address, or a name, is followed by one in brackets.
_BRACKET = re.compile(r"\][(\[]|[<(\[|]")
_EMPHASIS = "\"'`*~"
# Some are in names of Catalan and Japanese domains.
_NO_SYMBOLS = frozenset(map(chr, range(128))) | {"\u00b7", "\u30fb"}
_UNMISTAKABLE = re.compile(r"(?:[A-Za-z0-9_]|\+(?=[0-9]))[A-Za-z0-9_.+&#~^$'-]*@")
_PLAIN_LOCAL_PART = (
    "an address that begins with a letter or digit and has none of * / = ? ` { | } before the @"
)
# Shorter lines are broken by people, not by mailers, and people do not break addresses.
_SHORTEST_WRAPPED_LINE = 60


def parse_list(text: str, start: int, end: int, links: Sequence[Link] = ()) -> list[Item]:
    """The items of `text[start:end]`: entries in order, and errors.

    `links` are the mailto links in it whose text is no address, in order.
    """
    if text.isascii():
        return _parse_list(text, start, end, links)
    base = max(0, start - _SHORTEST_WRAPPED_LINE)
    moved = [Link(one.start - base, one.end - base, one.target) for one in links]
    items = _parse_list(as_read(without_halves(text[base:end])), start - base, end - base, moved)
    return [one._replace(start=one.start + base, end=one.end + base) for one in items]


def _parse_list(text: str, start: int, end: int, links: Sequence[Link]) -> list[Item]:
    fields, unread = read_fields(text, start, end, links)
    items = [item for words in fields for item in _parse_field(text, words)]
    if unread:
        expected = f"no more than {MAX_WORDS} words in a code"
        items.append(Item(unread.start, unread.end, None, expected))
    return items


def _parse_field(text: str, words: list[Word]) -> list[Item]:
    """`field = *( entry / word )`: the entries between two separators, and words that are none.

    `waiting` holds the words read so far that are no entry: they may turn out to be a phrase
    before "<", or the first half of an address.
    """
    items: list[Item] = []
    waiting: list[Word] = []
    for word, following in zip_longest(words, words[1:]):
        if _is_quoted(word.text) and following and _is_bracketed(following):
            waiting.append(word)  # a name, be it an address
            continue
        if _is_bracketed(word):
            phrase = _take_phrase(waiting)
            _settle(text, items, waiting)
            begin = phrase[0].start if phrase else word.start
            items += _parse_word(word, begin)
            waiting = []
            continue
        item, *others = _parse_word(word, word.start)
        if word.wrapped and waiting and (joined := _join(text, waiting[-1], word, item)):
            waiting.pop()
            item, others = joined, []
        elif not item.entry:
            waiting.append(word)
            continue
        if waiting and waiting[-1].text.endswith(":"):
            _take_phrase(waiting)
        _settle(text, items, waiting)
        items += [item, *others]
        waiting = []
    _settle(text, items, waiting)
    return items


def _is_bracketed(word: Word) -> bool:
    """Whether a phrase may stand before the word."""
    return "@" in word.text and (
        ("<" in word.text and word.text.endswith(">"))
        or bool(word.marks.left and word.marks.left[0] in "<([" and word.marks.right)
    )


def _is_quoted(text: str) -> bool:
    text = text.lstrip("([{")
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def _take_phrase(waiting: list[Word]) -> list[Word]:
    """`phrase = 1*( word [white space] )`: the words at the end of `waiting`, if no address."""
    first = len(waiting)
    while first and ("@" not in (word := waiting[first - 1].text) or _is_quoted(word)):
        first -= 1
    phrase = waiting[first:]
    del waiting[first:]
    return phrase


def _settle(text: str, items: list[Item], words: list[Word]) -> None:
    """Add words that are no phrase: errors, but the first may end the address before it."""
    if words and words[0].wrapped and items and (joined := _continue(text, items[-1], words[0])):
        items[-1] = joined
        words = words[1:]
    items += _as_errors(words)


def _join(text: str, before: Word, word: Word, item: Item) -> Item | None:
    """An address in two halves, the first of which is no entry; None if it is not that."""
    if "@" not in before.text and "@" not in word.text:
        return None
    joined = _parse_word(before.joined(word), before.start)[0]
    if not isinstance(joined.entry, Address):
        return None
    if item.entry is None or word.text.startswith("@"):
        return joined
    return _ambiguous(joined) if _may_be_wrapped(text, before.end) else None


def _continue(text: str, before: Item, word: Word) -> Item | None:
    """An address whose first half is one already; None if it is not that."""
    if not isinstance(before.entry, Address):
        return None
    first_half = text[before.start : before.end]
    half = Word(start=before.start, end=before.end, text=first_half, wrapped=False)
    joined = _parse_word(half.joined(word), before.start)[0]
    if not isinstance(joined.entry, Address):
        return None
    if first_half.endswith(".") or word.text.startswith("."):
        return joined
    return _ambiguous(joined) if _may_be_wrapped(text, before.end) else None


def _ambiguous(joined: Item) -> Item:
    return joined._replace(entry=None, expected="an address that no line end breaks in two")


def _may_be_wrapped(text: str, line_end: int) -> bool:
    line = text[max(0, line_end - _SHORTEST_WRAPPED_LINE) : line_end]
    return len(line) == _SHORTEST_WRAPPED_LINE and not LINE_END.search(line)


def _as_errors(words: Iterable[Word]) -> list[Item]:
    """The words as items without an entry, one for each line."""
    items: list[Item] = []
    for word in words:
        if items and not word.wrapped:
            items[-1] = Item(items[-1].start, word.end, None, "an address")
        else:
            items += _parse_word(word, word.start)
    return items


def _parse_word(word: Word, start: int) -> list[Item]:
    """`entry = marks ( group / address / name-addr / link ) marks`.

    One item, and an error for a bracket that has no partner. What can be read as it stands is.
    """
    try:
        entry = _parse_entry(word.text)
        return [Item(start, word.end, entry)]
    except InvalidAddress as error:
        expected = error.expected
    if word.is_doubtful:
        expected = (
            f"an address without {word.unpaired or word.marks.right} around it, or in pairs of it"
        )
        return [Item(start, word.end, None, expected)]
    try:
        entry = _parse_bare(word)
    except InvalidAddress as error:
        left, bare, right = word.marks
        if "@" in bare or len(bare) + len(left) + len(right) < len(word.text):
            left = right = ""
        return [Item(start + len(left), word.end - len(right), None, error.expected)]
    items = [Item(start, word.end, entry)]
    if mark := word.missing_partner_of:
        expected = f"a partner of {mark}"
        items.append(Item(word.start, word.end, None, expected))
    return items


def _parse_entry(word: str) -> Entry:
    """`entry = group / name-addr / address`, with nothing around it."""
    if word.startswith("@"):
        return _parse_group(word)
    if word.endswith(">"):
        return _parse_name_addr(word)
    return _parse_address(word)


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
    """`name-addr = [phrase] "<" address ">"`.

    Mail programs that turn HTML into text write `a@example.org<mailto:a@example.org>`: an
    address as the phrase is allowed if it is the same one.
    """
    match = _NAME_ADDR.match(word)
    if match is None:
        raise InvalidAddress(expected="an address between < and >", found=word)
    inner = match["addr_spec"]
    if '"' not in inner:
        inner = re.sub(r"\s+", "", inner)  # between brackets a line end separates nothing
    address = _parse_address(inner)
    phrase = match["phrase"]
    if "@" in phrase and not phrase.startswith('"'):
        _check_same(_parse_address(phrase), address, word)
    return address


def _parse_bare(word: Word) -> Entry:
    """A word without the marks around it: `group / address / name-addr / link`."""
    bare = word.marks.bare
    if bare.startswith("@"):
        return _parse_group(bare)
    found = _BRACKET.search(bare)
    if found is None:
        return _parse_address(bare)
    bracket = found.group()
    before = bare[: found.start()].rstrip(_EMPHASIS)
    inner = bare[found.end() :].lstrip(_EMPHASIS + "<")
    if bracket[-1] in word.unpaired:
        raise InvalidAddress(expected=f'an address, and what closes "{bracket[-1]}"', found=bare)
    if bracket in {"|", "]["} and "@" not in inner:
        return _parse_address(before)
    address = _parse_address(inner)
    if "@" in before:
        _check_same(_parse_address(before), address, bare)
    return address


def _check_same(shown: Address, address: Address, found: str) -> None:
    if shown != address:
        raise InvalidAddress(expected="the same address before and between brackets", found=found)


def _parse_address(text: str) -> Address:
    """`address = *label addr-spec`.

    What a mailto link says about the subject (RFC 6068) is left aside, other recipients are not.
    """
    # HTML writes blanks that are to stay as no-break spaces; quotes may hold such blanks.
    text = text.replace("\u00a0", " ")
    if label := LABELS.match(text):
        text = text[label.end() :]
        if "mailto:" in label[0].lower():
            text = read_mailto(text)
    if not text.isascii() and any(map(_is_symbol, text)):
        raise InvalidAddress(expected="an address without a symbol in it", found=text)
    addr_spec = parse_addr_spec(text)
    if not _UNMISTAKABLE.match(addr_spec) or "'@" in addr_spec:
        raise InvalidAddress(expected=_PLAIN_LOCAL_PART, found=text)
    return Address(addr_spec=addr_spec)


def _is_symbol(character: str) -> bool:
    """Whether it shows as none of a name. The codec for domains takes them for letters."""
    return character not in _NO_SYMBOLS and unicodedata.category(character)[0] in "SPCZ"


def read_mailto(target: str) -> str:
    """What stands behind "mailto:" (RFC 6068 section 2) as an addr-spec, or as no address."""
    addr_spec, _, query = unquote(target).partition("?")
    return target if "@" in query else addr_spec


def format_entry(entry: Entry) -> str:
    """An entry as it stands in a code."""
    return f"@{entry.name}" if isinstance(entry, Group) else entry.addr_spec
