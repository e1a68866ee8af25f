"""The mailto links of a list whose text is a name: HTML shows `Ann` and means an address."""

from __future__ import annotations

import re
from bisect import bisect_left
from html import unescape

from relay_core.html_text import VisibleText

from .words import Link

_HREF = re.compile(r"\shref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]*))", re.IGNORECASE)
_MAILTO = "mailto:"
_LONGEST_NAME = 256


def find_links(visible: VisibleText, start: int, end: int) -> list[Link]:
    """The mailto links that lie in a range of the visible text, in order and disjoint.

    Where the text of a link holds an at-sign, that is what the reader sees, and what counts.
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
        if visible.tags[partner].at > min(end, tag.at + _LONGEST_NAME):
            continue
        shown = visible.text[tag.at : visible.tags[partner].at]
        words = shown.strip()
        if not any(map(str.isalnum, words)) or "@" in words or (found and tag.at < found[-1].end):
            continue
        href = _HREF.search(visible.source, tag.start, tag.end)
        target = unescape(next(filter(None, href.groups()), "")).strip() if href else ""
        if target[: len(_MAILTO)].lower() == _MAILTO:
            at = tag.at + len(shown) - len(shown.lstrip())
            found.append(Link(at, at + len(words), target))
    return found
