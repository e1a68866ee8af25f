"""Splices: spans of a message's bytes replaced by others.

Everything between splices goes out as it came in, so what nobody meant to change is
byte-identical.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple

from relay_core.errors import Span

CRLF = b"\r\n"


class Splice(NamedTuple):
    """Replace `raw[span.start:span.end]` by `replacement`."""

    span: Span
    replacement: bytes


class RewrittenBody(NamedTuple):
    """All that stands below the message's header, ready to go out, and the fields it needs.

    `fields` maps lower-case names to the values that the message's header must have for this
    body; None means that the field must not be there.
    """

    content: bytes
    fields: Mapping[str, str | None]


def apply_splices(raw: bytes, splices: Iterable[Splice], *, start: int = 0) -> bytes:
    """The bytes from `start` on with every splice carried out. `apply_splices(raw, ()) == raw`.

    Raises:
        ValueError: if two splices overlap or one reaches outside.
    """
    view = memoryview(raw)
    pieces: list[bytes | memoryview] = []
    position = start
    for span, replacement in sorted(splices, key=itemgetter(0)):
        if span.start < position or span.end > len(raw):
            raise ValueError(f"splice at {span} overlaps another or an end")
        pieces += [view[position : span.start], replacement]
        position = span.end
    pieces.append(view[position:])
    return b"".join(pieces)


def with_crlf(content: bytes) -> bytes:
    """Every line break as CRLF, the only one that mail has (RFC 5322 section 2.3)."""
    whole = content.count(CRLF)
    if content.count(b"\n") == whole == content.count(b"\r"):
        return content
    return content.replace(CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", CRLF)
