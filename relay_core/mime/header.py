"""The header of an entity: its fields, as offsets into the message (RFC 5322 section 2.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from relay_core.errors import Span

from .encoded_words import decode_encoded_words
from .header_text import decode_header_bytes
from .known_fields import KNOWN_IN_PART


class HeaderField(NamedTuple):
    """One field: `name` in lower case, and the offsets of its lines and of its value.

    Offsets are into the message. The value begins after the colon and ends before the last line
    break; folds are inside.
    """

    name: str
    start: int
    value_start: int
    value_end: int
    end: int

    @property
    def span(self) -> Span:
        """All of its lines, the last line break included."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The fields of one entity, in order, as spans of their message.

    `span` reaches from the first line to the start of the body, the empty line included.
    `index` holds the first field of each name. `charsets` are labels that may be meant where raw
    bytes are not ASCII, the likeliest first.
    """

    raw: bytes = field(repr=False)
    span: Span
    fields: tuple[HeaderField, ...]
    index: Mapping[str, HeaderField] = field(repr=False)
    charsets: tuple[str, ...] = ()

    @classmethod
    def of(cls, raw: bytes, span: Span, fields: Sequence[HeaderField]) -> Header:
        """A header of these fields, which are in order; `span` as of the attribute."""
        index = {one.name: one for one in reversed(fields)}
        return cls(raw=raw, span=span, fields=tuple(fields), index=index)

    def first(self, name: str) -> HeaderField | None:
        """The first field of that name (in lower case); None if there is none."""
        return self.index.get(name)

    def value(self, field: HeaderField) -> bytes:
        """The field's value, unfolded, without surrounding blanks (RFC 5322 section 2.2.3)."""
        return unfold(self.raw[field.value_start : field.value_end])

    def get(self, name: str) -> bytes | None:
        """The unfolded value of the first field of that name, or None."""
        field = self.index.get(name)
        return None if field is None else unfold(self.raw[field.value_start : field.value_end])

    def is_known_in_part(self, field: HeaderField) -> bool:
        """Whether the field has a meaning in the header of a part (RFC 2046 section 5.1)."""
        return KNOWN_IN_PART.match(self.raw, field.start) is not None

    def text_of(self, field: HeaderField) -> str:
        """The field's value as text, unfolded, encoded-words decoded (RFC 2047). Never fails."""
        return decode_encoded_words(decode_header_bytes(self.value(field), self.charsets))

    def text(self, name: str) -> str | None:
        """`text_of` of the first field of that name (in lower case), None if there is none."""
        field = self.first(name)
        return None if field is None else self.text_of(field)

    def folded_text(self, name: str) -> str | None:
        """As `text`, but with the line breaks of its folds."""
        field = self.first(name)
        if field is None:
            return None
        value = self.raw[field.value_start : field.value_end].strip(b" \t")
        return decode_encoded_words(decode_header_bytes(value, self.charsets))


def unfold(value: bytes) -> bytes:
    """A value without its line breaks and surrounding blanks (RFC 5322 section 2.2.3)."""
    return value.translate(None, b"\r\n").strip(b" \t")
