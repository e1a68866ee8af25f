"""The lines of a message that may be delimiters, and the boundaries of the open multiparts.

A search for the line break and the two hyphens together finds such lines, and a table of the
boundaries says which of them count (RFC 2046 section 5.1.1). Positions are offsets into the
message.
"""

from __future__ import annotations

import re

from relay_core.errors import Span

from .line_ends import end_of_lf_lines
from .undeclared import undeclared_boundary

_SNIFFED_LINES = 100
"""How many `--` lines are looked at in search of a boundary that was not declared."""

_MISSES = 64
"""After how many lines that only look like delimiters a pattern of the boundaries is made."""

_MAX_IN_PATTERN = 50
"""Of how many boundaries such a pattern is made at most."""

_INDEXED_LINES = 100_000
"""Of how many lines that may be delimiters the place of the last one is remembered."""

_STRIDE = 1 << 12
"""How far the search for a delimiter line looks behind a hyphen, in bytes."""


_INDENTED = re.compile(rb"[ \t]+--([^\r\n]*)(?:\r?\n|\r(?!\n))")
_MAX_INDENTED = 300


class Delimiters:
    """The delimiter lines of one message, by the boundaries of the multiparts that are open.

    A multipart is known by its place on the parser's stack.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.lf_until = end_of_lf_lines(raw)
        self.newline = b"\n" if self.lf_until is None else b"\r"
        self.boundaries: dict[bytes, int] = {}  # boundary → place of its multipart on the stack
        self.misses = 0
        self.pattern: re.Pattern[bytes] | None = None  # of the boundaries, while they hold
        self.last_lines: dict[bytes, int] | None = None  # made once it is needed

    def know(self, boundaries: tuple[bytes, ...], place: int) -> tuple[int | None, ...]:
        """Add the boundaries of the multipart at `place`.

        Returns the place that each had before, None if none: for `forget`.
        """
        shadowed = tuple(self.boundaries.get(one) for one in boundaries)
        for one in boundaries:
            self.boundaries[one] = place
        self.misses, self.pattern = 0, None
        return shadowed

    def forget(self, boundaries: tuple[bytes, ...], shadowed: tuple[int | None, ...]) -> None:
        """Undo `know`, whose answer is `shadowed`: the multiparts before have their boundaries."""
        for one, before in zip(boundaries, shadowed, strict=True):
            if before is None:
                del self.boundaries[one]
            else:
                self.boundaries[one] = before
        self.misses, self.pattern = 0, None

    def indented(self, start: int, boundaries: tuple[bytes, ...]) -> Span | None:
        """The line at `start`, if it is an indented delimiter of one of these boundaries.

        None if it is not, or no further delimiter of these boundaries follows.
        """
        match = _INDENTED.match(self.raw, start, start + _MAX_INDENTED)
        if match is None or match[1].rstrip(b" \t") not in boundaries:
            return None
        return Span(*match.span()) if self.occurs(boundaries, match.end()) else None

    def line_end(self, position: int) -> int:
        """Where the line at `position` ends, its line break included."""
        found = self.raw.find(self.newline, position)
        return len(self.raw) if found < 0 else found + 1

    def next_candidate(self, position: int) -> int:
        """Where the next line at or after `position` starts that may be a delimiter, or -1.

        After `_MISSES` lines that only look like delimiters, an expression made of the boundaries
        finds the next line that is one.
        """
        if not self.boundaries:
            return -1
        if self.misses < _MISSES or len(self.boundaries) > _MAX_IN_PATTERN:
            return self.next_dashes(position)
        if self.pattern is None:
            boundaries = b"|".join(map(re.escape, self.boundaries))
            line_end = re.escape(self.newline)
            self.pattern = re.compile(
                line_end
                + rb"--(?:"
                + boundaries
                + rb")(?:[ \t]*--)?[ \t\r]*(?:"
                + line_end
                + rb"|\Z)"
            )
        # The line break before the line belongs to the pattern.
        found = self.pattern.search(self.raw, max(position - 1, 0))
        return -1 if found is None else found.start() + 1

    def next_dashes(self, position: int) -> int:
        """Where the next line that begins with two hyphens starts, or -1."""
        if self.raw.startswith(b"--", position) and self._at_line_start(position):
            return position
        # Base64 holds no hyphen: a search for one byte runs through it at the speed of memory.
        # Where hyphens are frequent, most of the way is left to the search for all three bytes.
        needle = self.newline + b"--"
        while (hyphen := self.raw.find(b"-", position)) >= 0:
            position = max(hyphen - 1, position)
            found = self.raw.find(needle, position, position + _STRIDE)
            if found >= 0:
                return found + 1
            position += _STRIDE - len(needle) + 1
        return -1

    def _at_line_start(self, position: int) -> bool:
        return position == 0 or self.raw[position - 1 : position] == self.newline

    def is_delimiter(self, line: bytes) -> bool:
        """Whether a line, without its line break, is a delimiter of an open multipart.

        Opening or closing (RFC 2046 section 5.1.1); blanks at its end do not matter.
        """
        if not line.startswith(b"--"):
            return False
        token = line[2:].rstrip(b" \t")
        return token in self.boundaries or (
            token.endswith(b"--") and token[:-2].rstrip(b" \t") in self.boundaries
        )

    def sniffed_boundary(
        self, position: int, end: int, *, is_sure: bool = False
    ) -> tuple[bytes, int] | None:
        """The boundary that a multipart should have declared, and where its first line starts.

        Lines from `position` to `end` count, up to the first known delimiter, at most
        `_SNIFFED_LINES`. None if none of them is a delimiter (`undeclared_boundary`).
        """
        for _ in range(_SNIFFED_LINES):
            start = self.next_dashes(position)
            if not 0 <= start < end:
                return None
            position = self.line_end(start)
            if self.is_delimiter(self.raw[start:position].rstrip(b"\r\n")):
                return None
            boundary = undeclared_boundary(self.raw, start, end, is_sure=is_sure)
            if boundary is not None:
                return boundary, start
        return None

    def occurs(self, boundaries: tuple[bytes, ...], position: int) -> bool:
        """Whether a line at or after `position` may be a delimiter of these boundaries.

        True without a look in a message of more than `_INDEXED_LINES` such lines.
        """
        if self.last_lines is None:
            self.last_lines = self._index_lines()
        last_lines = self.last_lines
        return len(last_lines) > _INDEXED_LINES or any(
            last_lines.get(token, -1) >= position
            for one in boundaries
            for token in (one, one + b"--")
        )

    def text_after(self, boundaries: tuple[bytes, ...], position: int, most: int) -> bytes:
        """What follows the last line that closes one of these boundaries behind `position`.

        Up to the next delimiter of a multipart that is open, at most so many bytes.
        """
        self.occurs(boundaries, position)
        last = max((self.last_lines or {}).get(one + b"--", -1) for one in boundaries)
        if last <= position:
            return b""
        start, needle = self.line_end(last), self.newline + b"--"
        end, line = start + most, start - 1
        for _ in range(_SNIFFED_LINES):
            if (line := self.raw.find(needle, line, end) + 1) == 0:
                break
            if self.is_delimiter(self.raw[line : min(self.line_end(line), end)].rstrip(b"\r\n")):
                return self.raw[start:line]
        return self.raw[start:end]

    def _index_lines(self) -> dict[bytes, int]:
        """Where the last line of each kind that begins with two hyphens starts."""
        index: dict[bytes, int] = {}
        position = 0
        while (start := self.next_dashes(position)) >= 0:
            position = self.line_end(start)
            index[self.raw[start + 2 : position].rstrip(b" \t\r\n")] = start
            if len(index) > _INDEXED_LINES:
                break  # nobody knows them all then
        return index

    def before_line_break(self, position: int) -> int:
        """Where the content before the delimiter line at `position` ends.

        The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
        """
        start = position - 1 if self._at_line_start(position) and position else position
        if self.newline == b"\n" and start and self.raw[start - 1 : start] == b"\r":
            start -= 1
        return start
