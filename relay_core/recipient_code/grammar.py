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

`entry_grammar` reads one entry; this module reads the list of entries.

White space separates entries, but a mailer that wraps a line may have inserted it into a name or
an address. So the words between two separators are read by one rule: **no address is read that the
sender may not have meant.**

* Two words on both sides of a line end, neither of them an entry, are one address if they make one
  when joined.
* It is an error if the line is so long that a mailer may have wrapped it, and the words give an
  address both separately and joined.
* It is an error if an address begins with a mark without a partner that could be part of it
  (`{a@example.net`), if the text of a link is another address than its target
  (`[a@example.net](mailto:b@example.net)`), or if an address continues after its domain.
* A word that cannot be read is an error of its own and does not affect other words.

The parser looks ahead by at most one word, so it takes linear time. It reads at most the first
`MAX_WORDS` words of a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from .entries import Address, Item
from .entry_grammar import parse_word
from .spelling import as_read, without_halves
from .words import LINE_END, MAX_WORDS, Link, Word, read_fields

# Shorter lines are broken by people, not by mailers. People do not break addresses.
_SHORTEST_WRAPPED_LINE = 60


def parse_list(text: str, start: int, end: int, links: Sequence[Link] = ()) -> list[Item]:
    """The items of `text[start:end]`: entries in order, and errors.

    `links` are the mailto links in it whose text is not an address, in order.
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
    """`field = *( entry / word )`: the entries between two separators, and the other words.

    `waiting` has the words read so far that are no entry: each may be part of a phrase before "<",
    or the first half of an address.
    """
    if len(words) == 1:
        return parse_word(words[0], words[0].start)
    items: list[Item] = []
    waiting: list[Word] = []
    for word, following in zip_longest(words, words[1:]):
        if _is_quoted(word.text) and following and _is_bracketed(following):
            waiting.append(word)  # a name, which may look like an address
            continue
        if _is_bracketed(word):
            phrase = _take_phrase(waiting)
            _settle(text, items, waiting)
            begin = phrase[0].start if phrase else word.start
            items += parse_word(word, begin)
            waiting = []
            continue
        item, *others = parse_word(word, word.start)
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
    """Whether a phrase may precede the word."""
    return "@" in word.text and (
        ("<" in word.text and word.text.endswith(">"))
        or bool(word.marks.left and word.marks.left[0] in "<([" and word.marks.right)
    )


def _is_quoted(text: str) -> bool:
    text = text.lstrip("([{")
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def _take_phrase(waiting: list[Word]) -> list[Word]:
    """`phrase = 1*( word [white space] )`: the last words of `waiting`, if they are no address."""
    first = len(waiting)
    while first and ("@" not in (word := waiting[first - 1].text) or _is_quoted(word)):
        first -= 1
    phrase = waiting[first:]
    del waiting[first:]
    return phrase


def _settle(text: str, items: list[Item], words: list[Word]) -> None:
    """Add words that are no phrase, as errors; the first may be the end of an address before."""
    if words and words[0].wrapped and items and (joined := _continue(text, items[-1], words[0])):
        items[-1] = joined
        words = words[1:]
    items += _as_errors(words)


def _join(text: str, before: Word, word: Word, item: Item) -> Item | None:
    """An address in two halves, if the first half is not an entry by itself; else None."""
    if "@" not in before.text and "@" not in word.text:
        return None
    joined = parse_word(before.joined(word), before.start)[0]
    if not isinstance(joined.entry, Address):
        return None
    if item.entry is None or word.text.startswith("@"):
        return joined
    return _ambiguous(joined) if may_be_wrapped(text, before.end) else None


def _continue(text: str, before: Item, word: Word) -> Item | None:
    """An address in two halves, if the first half is an address by itself; else None."""
    if not isinstance(before.entry, Address):
        return None
    first_half = text[before.start : before.end]
    half = Word(start=before.start, end=before.end, text=first_half, wrapped=False)
    joined = parse_word(half.joined(word), before.start)[0]
    if not isinstance(joined.entry, Address):
        return None
    if first_half.endswith(".") or word.text.startswith("."):
        return joined
    return _ambiguous(joined) if may_be_wrapped(text, before.end) else None


def _ambiguous(joined: Item) -> Item:
    return joined._replace(entry=None, expected="an address that no line end breaks in two")


def may_be_wrapped(text: str, line_end: int) -> bool:
    """Whether the line that ends at `line_end` is so long that a mailer may have wrapped it."""
    line = text[max(0, line_end - _SHORTEST_WRAPPED_LINE) : line_end]
    return len(line) == _SHORTEST_WRAPPED_LINE and not LINE_END.search(line)


def _as_errors(words: Iterable[Word]) -> list[Item]:
    """The words as items without an entry, one for each line."""
    items: list[Item] = []
    for word in words:
        if items and not word.wrapped:
            items[-1] = Item(items[-1].start, word.end, None, "an address")
        else:
            items += parse_word(word, word.start)
    return items
