"""The mailto links of a list whose text is a name: HTML shows `Ann` and means an address."""

from __future__ import annotations

import re
from bisect import bisect_left
from html import unescape

from relay_core.html.markup import patterns_for_text
from relay_core.html.text import Tag, VisibleText

from .spelling import as_read
from .words import Link

_ATTRIBUTE = re.compile(
    r"([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>][^\s>]*+)))?"
)
# Characters that would form one word with the text of a link.
_WORD = re.compile(r"[\w.+@-]*+")
_MAILTO = "mailto:"
_MAX_NAME_LENGTH = 256


def may_hold_links(visible: VisibleText) -> bool:
    """Whether there may be mailto links in a text."""
    may_link = patterns_for_text(1).may_link
    return bool(visible.tags) and may_link.search(visible.source) is not None


def find_links(visible: VisibleText, start: int, end: int) -> list[Link]:
    """The mailto links that lie in a range of the visible text, in order and disjoint.

    A link is left out if its text has an at-sign, or is part of a word that has one: the reader
    sees that address, and it counts.
    """
    found: list[Link] = []
    first = bisect_left(visible.tags, start, key=lambda tag: tag.at)
    for index in range(first, len(visible.tags)):
        tag = visible.tags[index]
        if tag.at >= end:
            break
        partner = visible.partners[index]
        if tag.name != "a" or tag.closing or partner < 0:
            continue
        if visible.tags[partner].at > min(end, tag.at + _MAX_NAME_LENGTH):
            continue
        shown = visible.text[tag.at : visible.tags[partner].at]
        words = shown.strip()
        if (
            not any(map(str.isalnum, words))
            or "@" in as_read(words)
            or (found and tag.at < found[-1].end)
        ):
            continue
        at = tag.at + len(shown) - len(shown.lstrip())
        if _is_in_an_address(visible.text, at, at + len(words)):
            continue
        target = _href(visible.source, tag)
        if target[: len(_MAILTO)].lower() == _MAILTO:
            found.append(Link(at, at + len(words), target))
    return found


def _is_in_an_address(text: str, start: int, end: int) -> bool:
    """Whether the text next to a range, up to the next blanks, has an at-sign."""
    before = as_read(text[max(0, start - _MAX_NAME_LENGTH) : start])
    behind = as_read(text[end : end + _MAX_NAME_LENGTH])
    return any("@" in found[0] for found in map(_WORD.match, (before[::-1], behind)) if found)


def _href(source: str, tag: Tag) -> str:
    """The value of the first `href` attribute, or ""."""
    for one in _ATTRIBUTE.finditer(source, tag.start + 1 + len(tag.name), tag.end - 1):
        if one[1].lower() == "href":
            return unescape(next(filter(None, one.groups()[1:]), "")).strip()
    return ""
