"""The text that a reader sees, and where each character of it is in the source.

Whoever looks for something in a body has to look at what is shown, not at what is
written: in HTML a word may hold tags, comments and character references, and in either
kind zero-width characters. `read_text` and `read_html` give a `VisibleText`: the shown
characters as one `str`, and the way back from a range of them to a span of the source.

How HTML is read (WHATWG HTML, section 13.2.5 "Tokenization", as far as it matters here):

* A tag begins with `<` or `</` and a letter, and ends at the first `>` outside a quoted
  attribute value. A tag that never ends makes the rest of the document plain text.
* A name with an `@` in it is no tag: plain text that was labelled text/html says
  `Bob <bob@example.org>` and means it.
* Comments, `<!…>` and `<?…>` show nothing, nor does what `<script>` and `<style>` hold.
* `<br>` shows as U+2028 (line separator), the edge of a block as U+2029 (paragraph
  separator), a picture or another object as U+FFFC (object replacement character). Line
  ends of the source stay what they are. White space is not collapsed.

Everything is one pass of linear time; what is kept for the way back is a number or three
for each run of text, not for each character.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.text.possessive import possessive

LINE_SEPARATOR = "\u2028"
PARAGRAPH_SEPARATOR = "\u2029"
OBJECT = "\ufffc"

# Soft hyphen, zero-width space, word joiner, byte order mark, marks of direction. The
# joiners U+200C and U+200D show in scripts that join letters: there they stay.
_NEVER_SHOWN = (
    r"\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
)
INVISIBLE_CHARACTERS = rf"[{_NEVER_SHOWN}\u200c\u200d]"
"""What never shows, or not everywhere, as a class of a regular expression."""
_INVISIBLE = re.compile(
    rf"[{_NEVER_SHOWN}]+|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
# One class of characters is searched for many times as fast as alternatives are.
_MAY_BE_INVISIBLE = re.compile(INVISIBLE_CHARACTERS)
_MARKUP = re.compile(r"[<&]")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};?)")
# Nothing of the attributes is given back: a quoted value could otherwise be read in two ways, and
# many in a power of two.
ATTRIBUTES = possessive(r"[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?", "*")
"""What follows a tag's name, up to the `>` that ends it, as a regular expression."""
_TAG = re.compile(rf"<(/?)([A-Za-z][^\s/>]*+){ATTRIBUTES}>")
_TAG_OPEN = re.compile(r"</?[A-Za-z]")
_DECLARATION = re.compile(r"<[!?]|</[^A-Za-z]")
# A local-part has at most 64 octets (RFC 5321 section 4.5.3.1.1); "mailto:" may be before it.
_ADDRESS_OPEN = re.compile(r"<[A-Za-z][^\s<>@]{0,71}@")

_VOID = "area base br col embed hr img input link meta param source track wbr"
_BLOCKS = """
    address article aside blockquote body center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main menu
    nav ol optgroup option p pre section summary table tbody td tfoot th thead title tr ul
"""
_OBJECTS = """
    audio button canvas embed hr iframe img input math meter object progress script select
    style svg textarea video
"""
VOID_ELEMENTS = frozenset(_VOID.split())
"""The elements that have no end tag (WHATWG HTML, section 13.1.2)."""
_BLOCK_ELEMENTS = frozenset(_BLOCKS.split())
_OBJECT_ELEMENTS = frozenset(_OBJECTS.split())
_RAW_TEXT_END = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")
}


class Tag(NamedTuple):
    """One tag: its span in the source, its name in lower case, and its offset in the text.

    `closing`: it is an end tag.
    """

    start: int
    end: int
    name: str
    closing: bool
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleText:
    """What is shown of a source, the tags around it, and the way back.

    `partners[n]` is the index of the tag that `tags[n]` opens or closes an element with, or
    -1 if there is none: a void element, an end tag left out, an end tag too many. `comments` are
    the spans of what comments say, in the source.
    """

    text: str
    source: str
    tags: tuple[Tag, ...]
    partners: array[int]
    comments: tuple[Span, ...]
    _runs: array[int]  # where in the text each run begins
    _starts: array[int]  # the span of the source that it stands for
    _ends: array[int]

    def source_span(self, start: int, end: int) -> Span:
        """The span of the source that shows as `text[start:end]`.

        It holds the tags in between, and whole character references. Of an empty range it is
        the empty span before the character at `start`.
        """
        if start >= end:
            place = self._source_start(start) if start < len(self.text) else len(self.source)
            return Span(place, place)
        return Span(self._source_start(start), self._source_end(end))

    def _source_start(self, offset: int) -> int:
        run = bisect_right(self._runs, offset) - 1
        into = offset - self._runs[run] if self._is_verbatim(run) else 0
        return self._starts[run] + into

    def _source_end(self, offset: int) -> int:
        run = bisect_right(self._runs, offset - 1) - 1
        if self._is_verbatim(run):
            return self._starts[run] + offset - self._runs[run]
        return self._ends[run]

    def _is_verbatim(self, run: int) -> bool:
        following = self._runs[run + 1] if run + 1 < len(self._runs) else len(self.text)
        return self._ends[run] - self._starts[run] == following - self._runs[run]


class _Builder:
    """Gathers the runs of a `VisibleText` from left to right."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.is_visible = _is_visible(source)
        self.length = 0
        self.tags: list[Tag] = []
        self.comments: list[Span] = []
        self._pieces: list[str] = []
        self._runs = array("Q")
        self._starts = array("Q")
        self._ends = array("Q")

    def show(self, text: str, start: int, end: int) -> None:
        """Add `text` as what a reader sees of `source[start:end]`."""
        if text:
            self._pieces.append(text)
            self._runs.append(self.length)
            self._starts.append(start)
            self._ends.append(end)
            self.length += len(text)

    def show_verbatim(self, start: int, end: int) -> None:
        """Add `source[start:end]` as it is, without its invisible characters."""
        position = start
        while not self.is_visible and (
            found := _MAY_BE_INVISIBLE.search(self.source, position, end)
        ):
            position = found.end()
            if invisible := _INVISIBLE.match(self.source, found.start(), end):
                self.show(self.source[start : invisible.start()], start, invisible.start())
                start = position = invisible.end()
        self.show(self.source[start:end], start, end)

    def build(self) -> VisibleText:
        return VisibleText(
            text="".join(self._pieces),
            source=self.source,
            tags=tuple(self.tags),
            partners=_pair(self.tags),
            comments=tuple(self.comments),
            _runs=self._runs,
            _starts=self._starts,
            _ends=self._ends,
        )


def _is_visible(text: str) -> bool:
    """Whether every character of it is."""
    return text.isascii() or _MAY_BE_INVISIBLE.search(text) is None


def read_text(text: str) -> VisibleText:
    """Plain text as a reader sees it: all of it but zero-width characters."""
    if _is_visible(text):
        return VisibleText(
            text=text,
            source=text,
            tags=(),
            partners=_NO_TAGS,
            comments=(),
            _runs=_AT_START,
            _starts=_AT_START,
            _ends=array("Q", [len(text)]),
        )
    builder = _Builder(text)
    builder.show_verbatim(0, len(text))
    return builder.build()


_NO_TAGS = array("q")
_AT_START = array("Q", [0])


def read_html(html: str) -> VisibleText:
    """HTML as a reader sees it. Never fails; time is linear in its length."""
    builder = _Builder(html)
    position = 0
    shown_up_to = 0
    tags_end = False  # a tag that never ends was met: from there on all is text
    while markup := _MARKUP.search(html, position):
        start = markup.start()
        position = start + 1
        if html[start] == "&":
            if (reference := _REFERENCE.match(html, start)) is None:
                continue
            end = reference.end()
            shown = unescape(reference.group())
            if shown == reference.group():
                continue
            builder.show_verbatim(shown_up_to, start)
            builder.show(_INVISIBLE.sub("", shown), start, end)
        elif tags_end or _ADDRESS_OPEN.match(html, start):
            continue
        elif _DECLARATION.match(html, start):
            end = _end_of_declaration(html, start)
            if html.startswith("<!--", start):
                said = end - 3 if html.startswith("-->", end - 3) else end
                builder.comments.append(Span(min(start + 4, end), max(start + 4, said)))
            builder.show_verbatim(shown_up_to, start)
        elif _TAG_OPEN.match(html, start):
            if (tag := _TAG.match(html, start)) is None:
                tags_end = True
                continue
            builder.show_verbatim(shown_up_to, start)
            end = _show_tag(builder, tag)
        else:
            continue
        position = shown_up_to = end
    builder.show_verbatim(shown_up_to, len(html))
    return builder.build()


def _end_of_declaration(html: str, start: int) -> int:
    """Where a comment or another thing that begins with `<!`, `<?` or `</` ends."""
    end_mark = "-->" if html.startswith("<!--", start) else ">"
    # `<!-->` and `<!--->` are whole comments: their dashes count for both ends.
    end = html.find(end_mark, start + 2)
    return len(html) if end < 0 else end + len(end_mark)


def _show_tag(builder: _Builder, match: re.Match[str]) -> int:
    """Take in one tag, and what a raw text element holds; where reading goes on."""
    start, end = match.span()
    closing, name = bool(match[1]), match[2].lower()
    if name in _BLOCK_ELEMENTS:
        builder.show(PARAGRAPH_SEPARATOR, start, start)
    tag = Tag(start=start, end=end, name=name, closing=closing, at=builder.length)
    builder.tags.append(tag)
    if name == "br":
        builder.show(LINE_SEPARATOR, start, end)
    elif name in _OBJECT_ELEMENTS and not closing:
        builder.show(OBJECT, start, end if name in VOID_ELEMENTS else start)
        if name in _RAW_TEXT_END:
            raw_text_end = _RAW_TEXT_END[name].search(builder.source, end)
            return raw_text_end.start() if raw_text_end else len(builder.source)
    return end


def _pair(tags: list[Tag]) -> array[int]:
    """Which tags belong together: an end tag closes the last open element of its name."""
    partners = array("q", [-1]) * len(tags)
    open_tags: list[int] = []
    open_names: dict[str, int] = {}
    for index, tag in enumerate(tags):
        if tag.name in VOID_ELEMENTS:
            continue
        if not tag.closing:
            open_tags.append(index)
            open_names[tag.name] = open_names.get(tag.name, 0) + 1
        elif open_names.get(tag.name):
            while True:
                opener = open_tags.pop()
                open_names[tags[opener].name] -= 1
                if tags[opener].name == tag.name:
                    break
            partners[opener], partners[index] = index, opener
    return partners
