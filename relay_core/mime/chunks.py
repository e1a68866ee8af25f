"""Content in pieces of bounded size, so that a 36 MB attachment is never in memory twice."""

from __future__ import annotations

from collections.abc import Iterator

from relay_core.errors import Span

CHUNK = 1 << 18
"""How many bytes of encoded content are decoded at a time: larger ones are no faster."""


def in_chunks(raw: bytes, span: Span) -> Iterator[bytes]:
    """The bytes of the span, in order, in pieces of at most `CHUNK` bytes."""
    for start in range(span.start, span.end, CHUNK):
        yield raw[start : min(start + CHUNK, span.end)]
