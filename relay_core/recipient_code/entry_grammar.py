"""The productions of one entry, read from one word; see `grammar` for all of them.

`addr-spec` is that of RFC 5322 (section 3.4.1) as `relay_core.addresses.mailbox` reads it; the
domain may be internationalised. Of the local-parts in RFC 5322, a code accepts the unambiguous
ones: they begin with a letter, a digit, "_", or "+" and a digit, and have none of
``* / = ? ` { | }``. Others can be members of a group.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec

from .entries import Address, Entry, Group, Item
from .words import LABELS, Word

_GROUP_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_NAME_ADDR = re.compile(
    r'(?P<phrase>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)'
    r'<(?P<addr_spec>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)>\Z',
    re.DOTALL,
)
# An address, or a name, followed by an address in brackets.
_BRACKET = re.compile(r"\][(\[]|[<(\[|]")
_EMPHASIS = "\"'`*~"
# Some are used in Catalan and Japanese domain names.
_NO_SYMBOLS = frozenset(map(chr, range(128))) | {"\u00b7", "\u30fb"}
_UNMISTAKABLE = re.compile(r"(?:[A-Za-z0-9_]|\+(?=[0-9]))[A-Za-z0-9_.+&#~^$'-]*@")
_PLAIN_LOCAL_PART = (
    "an address that begins with a letter or digit and has none of * / = ? ` { | } before the @"
)


def parse_word(word: Word, start: int) -> list[Item]:
    """`entry = marks ( group / address / name-addr / link ) marks`.

    One item, and an error for a bracket without a partner. A word that is an entry as a whole is
    read as that entry.
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
    if word.text == word.marks.bare and not (
        _BRACKET.search(word.text) or word.text.endswith(">")
    ):
        return [Item(start, word.end, None, expected)]  # it would be read the same way again
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
        inner = re.sub(r"\s+", "", inner)  # between brackets a line end is no separator
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

    The subject in a mailto link (RFC 6068) is ignored; other recipients in it are an error.
    """
    # HTML has no-break spaces for blanks that must stay; a quoted local-part may hold them.
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
    """Whether it is a symbol, not a letter of a name. The codec for domains accepts symbols."""
    return character not in _NO_SYMBOLS and unicodedata.category(character)[0] in "SPCZ"


def read_mailto(target: str) -> str:
    """The text after "mailto:" (RFC 6068 section 2) as an addr-spec, or as an invalid address."""
    addr_spec, _, query = unquote(target).partition("?")
    return target if "@" in query else addr_spec
