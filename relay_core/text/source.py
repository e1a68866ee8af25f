"""A text that need not be in memory as one: characters, or the bytes that they are written in.

A mail of 40 MB is 160 MB of characters where only one of them is an emoji. So what is looked for
in a long text is looked for in its bytes, and only the neighbourhood of what was found becomes
characters. That needs a charset in which a range of bytes has a meaning of its own (`is_local`).
"""

from __future__ import annotations

from dataclasses import dataclass

from relay_core.errors import Span

from .charsets import decode_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """The text of `content[start:end]`, in HTML or as plain text.

    `codec` is Python's name of the charset, or None where the content is characters already. All
    offsets are into `content`.
    """

    content: str | bytes
    start: int
    end: int
    codec: str | None = None
    is_html: bool = False

    @classmethod
    def of(cls, text: str, *, is_html: bool) -> TextSource:
        """The source that is all of a text."""
        return cls(content=text, start=0, end=len(text), is_html=is_html)

    def text(self, start: int, end: int) -> str:
        """The characters of a range that begins and ends between two of them."""
        piece = self.content[start:end]
        if isinstance(piece, str):
            return piece
        return decode_bytes(piece, self.codec or "ascii")

    def between_characters(self, place: int) -> int:
        """The last place at or before this one that no character of UTF-8 lies across."""
        if self.codec == "utf-8" and isinstance(self.content, bytes):
            while self.start < place < self.end and self.content[place] & 0xC0 == 0x80:
                place -= 1
        return place

    def spans_of(self, start: int, text: str, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        """Where sorted, disjoint spans of `text`, which stands at `start`, lie in the content."""
        if self.codec != "utf-8" or text.isascii():
            return tuple(Span(start + one.start, start + one.end) for one in spans)
        found: list[Span] = []
        position, place = 0, start
        for one in spans:
            first = place + len(text[position : one.start].encode("utf-8"))
            place = first + len(text[one.start : one.end].encode("utf-8"))
            position = one.end
            found.append(Span(first, place))
        return tuple(found)
