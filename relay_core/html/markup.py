"""A fast scan of HTML by regular expressions, one tag or piece of text at a time.

`relay_core.html.text` reads closely what a reader sees of HTML, with the way back to the source;
that takes a value or more for each tag. Who only has to get through a long document, to look for
something or to cut it where no tag is cut in two, uses these expressions, which read as that
module does. They exist for characters and for bytes in a charset that extends ASCII.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import AnyStr, Generic, NamedTuple

from relay_core.errors import Span
from relay_core.text.possessive import possessive

from .text import ATTRIBUTES, VOID_ELEMENTS


class Patterns(NamedTuple, Generic[AnyStr]):
    """`steps` matches a piece of HTML, `step` one tag or text of it, `markup` what is no text.

    `comment` matches a comment, and what it says as a group, `comment_begins` how it begins.
    `may_link` matches somewhere in each mailto link, even if its letters are references.
    `reference_begins` matches a character reference that the end of a piece cuts in two. A tag
    that never ends matches nothing: it makes all that follows text.
    """

    steps: re.Pattern[AnyStr]
    step: re.Pattern[AnyStr]
    markup: re.Pattern[AnyStr]
    comment: re.Pattern[AnyStr]
    comment_begins: re.Pattern[AnyStr]
    may_link: re.Pattern[AnyStr]
    reference_begins: re.Pattern[AnyStr]


_COMMENT = "<!(?=--)" + possessive("[^-]++|-(?!->)", "*") + r"(?:-->|\Z)"
_DECLARATION = r"<(?:[!?]|/(?=[^A-Za-z]))[^>]*+(?:>|\Z)"
_RAW_TEXT = "|".join(
    rf"<(?i:{name})(?=[\s/>]){ATTRIBUTES}>" + possessive(rf"[^<]++|<(?!/(?i:{name})[\s/>])", "*")
    for name in ("script", "style")
)
_TAG = rf"<(?![A-Za-z][^\s<>@]{{0,71}}+@)/?[A-Za-z][^\s/>]*+{ATTRIBUTES}>"
_MARKUP = f"{_COMMENT}|{_DECLARATION}|{_RAW_TEXT}|{_TAG}"
# An angle bracket that begins no tag; a tag that never ends matches nothing.
_ANGLE = (
    possessive("<(?=<)", "{1,64}")
    + r"|<(?=[A-Za-z][^\s<>@]{0,71}+@)|<(?!/?[A-Za-z]|[!?]|/[^A-Za-z])"
)
_STEP = 64


def _pattern_texts(size: int) -> tuple[str, ...]:
    step = f"[^<]{{1,{min(_STEP, size)}}}+|{_MARKUP}|{_ANGLE}"
    return (
        possessive(step, f"{{1,{max(1, size // _STEP)}}}"),
        step,
        _MARKUP,
        r"<!--([\s\S]*?)(?:-->|\Z)",
        "<!--",
        r"(?i:mailto|href\s*=[^>]{0,400}&)",
        r"&[#A-Za-z0-9]{0,33}\Z",
    )


@lru_cache(maxsize=4)
def patterns_for_text(size: int) -> Patterns[str]:
    """The expressions for characters, with pieces of about `size` of them."""
    return Patterns(*map(re.compile, _pattern_texts(size)))


@lru_cache(maxsize=4)
def patterns_for_bytes(size: int) -> Patterns[bytes]:
    """The expressions for bytes, with pieces of about `size` of them."""
    return Patterns(*(re.compile(one.encode("ascii")) for one in _pattern_texts(size)))


_TAG_NAME = re.compile(r"<(/?)([A-Za-z][^\s/>]*+)")


def _tags(html: str, start: int) -> Iterator[tuple[Span, bool, str]]:
    """The tags behind a place, without those of void elements: span, whether it closes, name.

    The place lies in no tag, comment or script. What a script holds is in the span of its tag.
    """
    for found in patterns_for_text(1).markup.finditer(html, start):
        if tag := _TAG_NAME.match(html, found.start()):
            name = tag[2].lower()
            if name not in VOID_ELEMENTS:
                yield Span(*found.span()), bool(tag[1]), name


def open_elements(html: str) -> list[str]:
    """The names of the elements that are open at the end, outermost first."""
    return _open_and_unopened(html, 0)[0]


def unopened_ends(html: str, start: int) -> list[Span]:
    """The spans of the end tags after `start` that close elements opened before it.

    `start` is in no tag, comment or script.
    """
    return _open_and_unopened(html, start)[1]


def _open_and_unopened(html: str, start: int) -> tuple[list[str], list[Span]]:
    opened: list[str] = []
    counts: Counter[str] = Counter()
    unopened: list[Span] = []
    for span, closes, name in _tags(html, start):
        if not closes:
            opened.append(name)
            counts[name] += 1
        elif not counts[name]:
            unopened.append(span)
        else:
            # An end tag closes the last open element of its name, and all that is open in it.
            while (last := opened.pop()) != name:
                counts[last] -= 1
            counts[name] -= 1
    return opened, unopened


_BLOCK_ENDS = re.compile(
    rb"</(?:p|div|tr|table|ul|ol|li|dl|h[1-6]|pre|blockquote|section|article)\s*>|<br\s*/?>",
    re.IGNORECASE,
)
_NEAR = 1 << 13


def last_end_of_block(html: bytes, start: int, limit: int, end: int) -> int:
    """The offset at which a document in `html[start:end]` can be cut, at most `limit`.

    It is after the end of a paragraph, a row or the like in the last 8 KiB before `limit`, else
    between two tags. All in bytes, in a charset that extends ASCII.
    """
    position = start
    steps = patterns_for_bytes(1 << 12)
    while (found := steps.steps.match(html, position, end)) and found.end() < limit - _NEAR:
        position = found.end()
    best = position
    last_block_end = -1
    while (found := steps.step.match(html, position, end)) and found.end() <= limit:
        if _BLOCK_ENDS.match(html, position):
            last_block_end = found.end()
        best = position = found.end()
    return last_block_end if last_block_end >= 0 else best
