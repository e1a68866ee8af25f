"""Where a block is inserted into an HTML body so that a reader sees it.

The place is behind everything else that is shown, before the end of `body`. A `</body>` that
is in a comment, an attribute, a script or a style is none, and what a device left open would
swallow the block: a comment, a `textarea`, a `select`, a table, an element that is hidden. So the
document is read as a browser reads it (WHATWG HTML, section 13.2, "Parsing HTML documents"):

* Its tokens (13.2.5). The block never goes into the middle of one. What never ends (a comment, a
  tag, an element of raw text) hides all that follows, so the block goes before it.
* The elements that are open where it goes (13.2.4.2, "The stack of open elements"), as far as that
  can be known without building the tree. Where a browser may have closed one or not, it counts as
  open: an end tag without an element is ignored. The block is put behind their end tags, innermost
  first, and so becomes a child of `body`.

The block has to begin with `<table` or `<style`, with nothing before it: of all content only those
are put into the tree without reopening formatting elements that ended with their parent
(13.2.4.3, "The list of active formatting elements"), one of which may be hidden.

Where more elements are open than anybody nests on purpose, and before a `frameset`, which has no
body at all, the block goes to the top of the document's content. One pass, of linear time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from typing import NamedTuple

from .elements import (
    BARRIERS,
    BLOCKS,
    BREAKS_OUT,
    CLOSES_P,
    FOREIGN,
    FORMATTING,
    HEADINGS,
    IN_TABLE,
    NO_FRAMESET,
    NOT_STACKED,
    OF_HEAD,
    SCOPE,
    SPECIAL,
)
from .tokens import (
    MARKUP,
    NOSCRIPT_END,
    RAW_TEXT,
    TAG,
    end_of,
    end_of_comment,
    end_of_markup,
    end_of_other,
    end_of_raw_text,
)

MAX_OPEN = 200
"""How many elements may be open: browsers stop nesting at some hundred (Chromium: 512)."""


MAX_REOPENED = 30
"""How many formatting elements of one name are closed that a browser may have reopened."""


class Place(NamedTuple):
    """Where a block goes: an offset in characters, and the end tags to write before the block."""

    position: int
    end_tags: str


def find_place(html: str) -> Place:
    """The place for a block, by the rules of this module's docstring. Time is linear."""
    return _Reader(html).read()


def with_block(html: str, block: str) -> str:
    """The HTML with the block at `find_place`. The block begins with `<table` or `<style`."""
    return at_place(html, find_place(html), block)


def at_place(html: str, place: Place, block: str) -> str:
    """The HTML with the block at a place that `find_place` found in the same HTML."""
    position, end_tags = place
    return f"{html[:position]}{end_tags}{block}{html[position:]}"


_NOT_BLANK = re.compile(r"[^\t\n\f\r ]")


_ADOPTED = 6
"""In how many blocks an end tag surely closes a formatting element (8, less the edges)."""


@dataclass(slots=True)
class _Reader:
    """One walk over the tokens. A foreign element's name is `!svg:` or `!math:` and its own."""

    html: str
    open: list[str] = field(default_factory=list)
    top: int | None = None  # where the content of the body begins
    end: int = 0  # behind the last token but those that only end the document
    is_closed: bool = False  # whether </body> or </html> came last
    frameset_ok: bool = True
    noscript_end: int = -1
    lost_form: bool = False  # whether one is open that no end tag closes any more
    reopened: Counter[str] = field(default_factory=Counter)

    def read(self) -> Place:
        position = 0
        while markup := MARKUP.search(self.html, position):
            start = markup.start()
            self._take_text(position, start)
            after = self._end_of_token(start)
            if after is None:
                return self._place(start)
            if len(self.open) > MAX_OPEN:
                break
            if not self.is_closed:
                self.end = after
            position = after
        else:
            self._take_text(position, len(self.html))
        return self._place(self.end)

    def _place(self, position: int) -> Place:
        if len(self.open) > MAX_OPEN or (self.lost_form and "form" in self.open):
            return Place(self.top or 0, "")
        names = [_own_name(name) for name in reversed(self.open)]
        for name, count in self.reopened.items():
            names += [name] * min(count, MAX_REOPENED)
        return Place(position, "".join(f"</{name}>" for name in names))

    def _take_text(self, start: int, end: int) -> None:
        if found := _NOT_BLANK.search(self.html, start, end):
            self.frameset_ok = False
            self._show(found.start())
            self.end = end

    def _show(self, start: int) -> None:
        self.is_closed = False
        if self.top is None:
            self.top = start

    def _end_of_token(self, start: int) -> int | None:
        """Where the token at `start` ends; None if it never does, or hides all that follows."""
        if self.html.startswith("<!--", start):
            return end_of_comment(self.html, start)
        if self.html.startswith("<![CDATA[", start) and self.open and self.open[-1][0] == "!":
            return end_of(self.html, "]]>", start)
        if tag := TAG.match(self.html, start):
            return self._take_end_tag(tag) if tag[1] else self._take_start_tag(tag)
        return end_of_other(self.html, start)

    # --- start tags

    def _take_start_tag(self, tag: re.Match[str]) -> int | None:
        name, end, is_empty = tag[2].lower(), tag.end(), tag[3].endswith("/")
        if self._is_foreign() and name not in BREAKS_OUT:
            self._show(tag.start())
            if not is_empty:
                self.open.append(self.open[-1].partition(":")[0] + f":{name}")
            return end
        while self._is_foreign():
            self.open.pop()
        if self._hides_all(name, end):
            return None
        if name not in OF_HEAD:
            self._show(end if name == "body" else tag.start())
        self.frameset_ok = self.frameset_ok and name not in NO_FRAMESET
        if name in RAW_TEXT:
            return end_of_raw_text(self.html, name, end)
        self._close_for(name)
        if name in FOREIGN and not is_empty:
            self.open.append(f"!{name}:{name}")
        elif name not in NOT_STACKED:
            self.open.append(name)
        return end

    def _hides_all(self, name: str, end: int) -> bool:
        """Whether nothing can be put behind a start tag."""
        return (
            name == "plaintext"
            or (name == "frameset" and self.frameset_ok)
            or (name == "noscript" and not self._has_noscript_end(end))
        )

    def _has_noscript_end(self, position: int) -> bool:
        """Whether a noscript ends at one place for all.

        A browser that runs scripts takes its content for raw text, and all others for markup.
        """
        if self.noscript_end < position:
            found = NOSCRIPT_END.search(self.html, position)
            is_one = found is not None and self._is_token_at(found.start(), position)
            self.noscript_end = found.start() if found and is_one else -1
        return self.noscript_end >= position

    def _is_token_at(self, end: int, position: int) -> bool:
        """Whether one of the tokens from `position` on begins at `end`."""
        while position < end and (markup := MARKUP.search(self.html, position, end)):
            position = end_of_markup(self.html, markup.start()) or end + 1
        return position <= end

    def _close_for(self, name: str) -> None:
        """What a start tag closes (13.2.6.4.7, "in body", and the modes of tables)."""
        if name in IN_TABLE:
            if (place := self._find("table", {"template"})) is not None:
                self._cut(place + 1)
            return
        if name in CLOSES_P:
            self._close("p", BARRIERS["p"])
        if name in HEADINGS and self.open and self.open[-1] in HEADINGS:
            self.open.pop()
        elif name in {"li", "dd", "dt"}:
            self._close_item({"li"} if name == "li" else {"dd", "dt"})
        elif name in {"option", "optgroup"} and self.open and self.open[-1] == "option":
            self.open.pop()
        elif name == "button":
            self._close(name, SCOPE)
        elif name in {"a", "nobr"}:
            self._adopt(name)

    def _close_item(self, names: Container[str]) -> None:
        for place in range(len(self.open) - 1, -1, -1):
            one = self.open[place]
            if one in names:
                self._cut(place)
                return
            if one[0] == "!" or (one in SPECIAL and one not in {"address", "div", "p"}):
                return

    # --- end tags

    def _take_end_tag(self, tag: re.Match[str]) -> int:
        name, end = tag[2].lower(), tag.end()
        if name in {"body", "html"}:
            self.is_closed = self.top is not None
            return end
        if self.top is not None:
            self.is_closed = False
        if not self._close_foreign(name):
            self._close_named(name)
        return end

    def _close_foreign(self, name: str) -> bool:
        """13.2.6.5: whether an end tag closes an element among the innermost foreign ones."""
        for place in range(len(self.open) - 1, -1, -1):
            if self.open[place][0] != "!":
                return False
            if self.open[place].partition(":")[2] == name:
                self._cut(place)
                return True
        return False

    def _close_named(self, name: str) -> None:
        if name in FORMATTING:
            self._adopt(name)
        elif name == "form":
            self._close_form()
        elif name in HEADINGS:
            places = [self._find(one, SCOPE) for one in HEADINGS]
            if found := [place for place in places if place is not None]:
                self._cut(max(found))
        # The next cell, or the end of the table, closes what is in a cell.
        elif name not in IN_TABLE:
            barriers = BARRIERS.get(name, SCOPE if name in BLOCKS else SPECIAL)
            self._close(name, barriers)

    def _close_form(self) -> None:
        """The last form alone is closed, and if it is out of scope no end tag will do it."""
        if (place := self._find("form", SCOPE)) is not None:
            del self.open[place]
        else:
            self.lost_form = self.lost_form or "form" in self.open

    def _adopt(self, name: str) -> None:
        """13.2.6.4.7, "adoption agency algorithm": the element goes, what is in it stays."""
        place = self._find(name, SCOPE)
        if place is not None and sum(one in SPECIAL for one in self.open[place:]) <= _ADOPTED:
            del self.open[place]

    # --- the open elements

    def _is_foreign(self) -> bool:
        """Whether the innermost element is foreign, and no integration point."""
        if not self.open or self.open[-1][0] != "!":
            return False
        language, _, name = self.open[-1][1:].partition(":")
        return name not in FOREIGN[language]

    def _find(self, name: str, barriers: Container[str]) -> int | None:
        """The innermost open element of that name, unless a barrier is before it."""
        for place in range(len(self.open) - 1, -1, -1) if name in self.open else ():
            if self.open[place] == name:
                return place
            if self.open[place][0] == "!" or self.open[place] in barriers:
                return None
        return None

    def _close(self, name: str, barriers: Container[str]) -> None:
        if (place := self._find(name, barriers)) is not None:
            self._cut(place)

    def _cut(self, place: int) -> None:
        """Close the open elements from `place` on; those that format are reopened elsewhere."""
        self.reopened.update(name for name in self.open[place:] if name in FORMATTING)
        del self.open[place:]


def _own_name(name: str) -> str:
    return name.partition(":")[2] if name[0] == "!" else name
