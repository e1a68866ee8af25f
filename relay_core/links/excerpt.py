"""The excerpt of a stored text that a page shows: its first lines, from its first bytes.

The charset is detected as in mails (`relay_core.text.reading`), since a file does not name its
own. The excerpt of any bytes is bounded in lines, columns and characters.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import islice

from relay_core.record.manifest import StoredAttachment
from relay_core.text.reading import decode_text

EXCERPT_BYTES = 64 * 1024
"""How many bytes of a file are read for the excerpt."""

MAX_LINES = 200
MAX_COLUMNS = 30
MAX_LINE = 1000
MAX_CELL = 200
"""The limits of the excerpt: lines or rows, columns, and characters of a line or a cell."""

_MAX_CHARACTER_LENGTH = 4  # bytes, of any charset that is read
_TABLES = frozenset({"text/csv"})
_TABLE_EXTENSIONS = frozenset({"csv", "tsv"})
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A text's first lines, or the first rows of a table; the other one is empty.

    `is_whole`: no line, cell or character of the file is missing.
    """

    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    is_whole: bool


def excerpt_of(content: bytes, attachment: StoredAttachment) -> Excerpt | None:
    """The excerpt of a file that begins with `content`; None if `content` is not text."""
    content = content[:EXCERPT_BYTES]
    is_whole = len(content) >= attachment.size
    text = _decoded(content, is_whole=is_whole)
    if text is None:
        return None
    lines = text.splitlines()
    if not is_whole and len(lines) > 1 and not text.endswith(("\n", "\r")):
        lines.pop()  # incomplete: reading stopped there
    is_table = attachment.content_type in _TABLES or attachment.extension in _TABLE_EXTENSIONS
    rows = _rows(lines) if is_table else ()
    if rows:
        cells = tuple(
            tuple(_cut(cell, MAX_CELL) for cell in row[:MAX_COLUMNS]) for row in rows[:MAX_LINES]
        )
        return Excerpt(rows=cells, is_whole=is_whole and cells == rows)
    shown = tuple(_cut(line, MAX_LINE) for line in lines[:MAX_LINES])
    return Excerpt(lines=shown, is_whole=is_whole and shown == tuple(lines))


def _decoded(content: bytes, *, is_whole: bool) -> str | None:
    """The content as text; None if it is not text."""
    if not is_whole and b"\n" in content:
        content = content[: content.rfind(b"\n") + 1]
    # The last character may be incomplete where reading stopped.
    for cut in range(1 if is_whole else _MAX_CHARACTER_LENGTH):
        kept = content[: len(content) - cut]
        text, reading = decode_text(kept, "us-ascii", may_take_long=False)
        if reading.is_understood and reading.is_whole and "\0" not in text:
            return text.removeprefix("\ufeff")
    return None


def _rows(lines: list[str]) -> tuple[tuple[str, ...], ...]:
    """The rows of a table by the likeliest delimiter; none if it has a single column."""
    delimiter = max(_DELIMITERS, key=lambda one: sum(one in line for line in lines[:20]))
    try:
        read = csv.reader(lines, delimiter=delimiter)
        rows = tuple(tuple(row) for row in islice(read, MAX_LINES + 1))
    except csv.Error:
        return ()
    return rows if max(map(len, rows), default=0) > 1 else ()


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
