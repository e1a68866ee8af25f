"""Which charset a text is in, by its label and by what its bytes are.

The first of these that holds is how a text is read:

1. UTF-16 or UTF-32 by a byte order mark, or because every second byte is NUL; UTF-8 by its mark.
2. ISO-2022-JP, if a text of 7 bits has its escapes.
3. The charset that the label names, in the readings of `relay_core.text.charset_labels`.
4. UTF-8: text in another charset is hardly ever valid in it.
5. The charset of the label although some bytes are none in it, if there are at least `MAJORITY`
   foreign characters for each of them; then UTF-8 likewise. A text that was cut or damaged on its
   way is that, a text under a wrong label never is.
6. What else names a charset, the `hints`: the `<meta>` of a document, the other texts of the mail.
7. Windows-1252, if the label says ASCII.

A text that is none of them is not understood. It is read as `UNREAD`, in which every byte is some
character and becomes the same byte again, to find what is in it in ASCII.

No more than a piece of a text is decoded at a time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import NamedTuple

from relay_core.errors import Span

from .charset_labels import NARROW, charsets_of
from .charsets import UNREAD, decode_bytes, decoder, extends_ascii, without_surrogates

PIECE = 1 << 18
"""How many bytes of a text are decoded at a time to see whether they hold."""

MAX_HINTS = 4
"""How many hints are tried: each costs a text that is none of them a reading of all of it."""

MAJORITY = 4
"""How many foreign characters there are in a damaged text, at least, for each that is none."""


class Reading(NamedTuple):
    """The charset that a text is read in, by its name in `relay_core.text.charsets`.

    `is_declared` says whether its label means that charset, `is_whole` whether all of its bytes
    are text in it, `is_understood` whether anything speaks for it.
    """

    charset: str
    is_declared: bool = False
    is_whole: bool = True
    is_understood: bool = True


class DecodedText(NamedTuple):
    """Text, and how it was read."""

    text: str
    reading: Reading


def decode_text(
    content: bytes, label: str | None, hints: Sequence[str] = (), *, may_take_long: bool = True
) -> DecodedText:
    """Text from bytes, as `find_reading` reads them."""
    reading = find_reading(
        content, Span(0, len(content)), label, hints, may_take_long=may_take_long
    )
    return DecodedText(decode_bytes(content, reading.charset), reading)


def find_reading(
    content: bytes,
    within: Span,
    label: str | None,
    hints: Sequence[str] = (),
    *,
    may_take_long: bool = True,
) -> Reading:
    """How the bytes in a range are read, as the module's docstring says.

    `hints` are other labels that may be meant, the likeliest first; `MAX_HINTS` of them count.
    Without `may_take_long` no charset is tried that is decoded in Python (`_SLOW`).
    """
    declared = charsets_of(label) if label else ("ascii",)
    if declared and extends_ascii(declared[0]) and _is_plain(content, within):
        return Reading(declared[0], is_declared=True)  # as nearly all texts are
    avoided: frozenset[str] = frozenset() if may_take_long else _SLOW
    for reading in _candidates(content, within, label, hints[:MAX_HINTS], avoided):
        if reading.charset in avoided:
            continue
        if reading.is_whole:
            holds = is_readable(_pieces(content, within), reading.charset)
        else:
            holds = _is_damaged(content, within, reading.charset)
        if holds:
            return reading
    return Reading(UNREAD, is_understood=False)


def _candidates(
    content: bytes,
    within: Span,
    label: str | None,
    hints: Sequence[str],
    avoided: frozenset[str],
) -> Iterator[Reading]:
    declared = charsets_of(label) if label else ("ascii",)
    is_ascii = _is_ascii(content, within)
    for charset in _by_structure(content, within, declared):
        yield Reading(charset, is_declared=charset in declared)
    for charset in declared:
        if is_ascii or charset != "ascii":
            yield Reading(charset, is_declared=True)
    usual = [one for one in declared if one not in {"ascii", *avoided}]
    damaged = [Reading(one, is_declared=True, is_whole=False) for one in usual[-1:]]
    if is_ascii:
        yield from damaged
        if not declared and not _SHIFT.search(content, *within):
            yield Reading("ascii", is_declared=True)  # under an unknown name, as good as any
        return
    yield Reading("utf-8")
    yield from damaged
    yield Reading("utf-8", is_whole=False)
    likely = [one for hint in hints for one in charsets_of(hint) if one not in _NO_HINTS]
    for is_whole in (True, False):
        for charset in likely:
            yield Reading(charset, is_whole=is_whole)
    if label and declared == ("ascii",):
        yield Reading("cp1252")


_NO_HINTS = frozenset({"ascii", "utf-7", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"})
"""Charsets in which a text is only by its own label, or that are looked for in any case."""

_SHIFT = re.compile(rb"[\x0e\x1b]")
"""What begins another alphabet in a charset of 7 bits (ISO/IEC 2022)."""


def _pieces(content: bytes, within: Span) -> Iterator[bytes]:
    for start in range(within.start, within.end, PIECE):
        yield content[start : min(start + PIECE, within.end)]


def is_readable(content: Iterable[bytes], charset: str) -> bool:
    """Whether content in chunks is text in a charset, all of it."""
    chunks = iter(content)
    first = next(chunks, b"")
    reader = decoder(charset, first, "strict")
    try:
        for chunk in chain([first], chunks):
            if charset in NARROW and len(chunk) != len(chunk.translate(None, _CONTROLS)):
                return False
            text = reader.decode(chunk)
            if charset == "utf-7" and text != without_surrogates(text):
                return False
        reader.decode(b"", final=True)
    except (UnicodeDecodeError, ValueError):
        return False
    return True


_CONTROLS = bytes(range(0x80, 0xA0))


def _is_damaged(content: bytes, within: Span, charset: str) -> bool:
    """Whether a text is one in a charset, but for a few bytes."""
    reader = decoder(charset, content[within.start : within.start + 4], "replace")
    good = bad = 0
    for chunk in chain(_pieces(content, within), (b"",)):
        text = without_surrogates(reader.decode(chunk, final=not chunk))
        none = text.count("\ufffd")
        bad += none
        good += len(text) - len(text.encode("ascii", "ignore")) - none
    return good >= MAJORITY * bad and good > 0


_SLOW = frozenset({"cp50220", "cp51932", "cp936"})
"""Charsets that are decoded in Python: up to 0.3 µs a byte, a hundred times the others.

They are those of `relay_core.text.japanese` and `relay_core.text.chinese`.
"""

# --- what the bytes say themselves --------------------------------------------------------------

_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 12


def _by_structure(content: bytes, within: Span, declared: Sequence[str]) -> Iterator[str]:
    """The charsets that only a text in them can look like."""
    start, end = within
    for mark, charset in _MARKS:
        if content.startswith(mark, start, end):
            yield charset
    yield from _by_nuls(content[start : min(start + _SAMPLE, end)])
    is_wide = bool(declared) and declared[0].startswith(("utf-16", "utf-32"))
    if is_wide and content.find(b"\0", start, end) < 0:
        # Programs say UTF-16 of what is none, because their texts are that inside of them.
        yield "ascii"
    is_plain = not declared or extends_ascii(declared[0])
    if is_plain and _ISO_2022_JP.search(content, start, end) and _is_ascii(content, within):
        yield from charsets_of("iso-2022-jp")


def _is_ascii(content: bytes, within: Span) -> bool:
    return all(piece.isascii() for piece in _pieces(content, within))


def _is_plain(content: bytes, within: Span) -> bool:
    """Whether the bytes are ASCII, and look like nothing else."""
    return (
        _is_ascii(content, within)
        and content.find(b"\0", *within) < 0
        and content.find(b"\x1b", *within) < 0
    )


def _by_nuls(sample: bytes) -> Iterator[str]:
    """UTF-16 or UTF-32, if the bytes that are NUL stand as in a text of mostly ASCII."""
    if len(sample) < _LEAST or b"\0" not in sample:
        return
    for width, names in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        columns = [sample[place::width] for place in range(width)]
        nuls = [column.count(0) / (len(sample) // width) for column in columns]
        for name, letters, high in zip(names, (0, -1), (-1, 0), strict=True):
            if nuls[letters] < _FEW and nuls[high] > _MANY:
                yield name


_FEW, _MANY = 0.02, 0.2
_LEAST = 16


def to_utf8(content: bytes, within: Span, charset: str) -> bytes:
    """Bytes in one charset as UTF-8, decoded in pieces."""
    reader = decoder(charset, content[within.start : within.start + 4], "replace")
    written = BytesIO()
    for chunk in _pieces(content, within):
        written.write(without_surrogates(reader.decode(chunk)).encode())
    written.write(without_surrogates(reader.decode(b"", final=True)).encode())
    return written.getvalue()
