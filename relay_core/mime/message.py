"""A message as one immutable `bytes`, its entities as spans into it, and their content as text.

Nothing is decoded before somebody asks. What the bytes get wrong is read as a person would and
reported as a `Defect` with its span.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from relay_core.errors import Defect
from relay_core.text.reading import DecodedText, decode_text

from .base64_content import text_after_base64
from .decoding import decode_content
from .defects import find_defects
from .entity import Entity
from .header import Header
from .raw_fields import meta_charset
from .transfer_encoding import TransferEncoding

EARLY = 2_000_000
"""How far from its beginning a mail is read, in bytes, in charsets that take long to decode.

The bound is on all texts together, whatever their number.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Message:
    """A parsed message: all its `entities`, in their order in it, the first the `root`.

    `structural_defects` are those of headers and delimiters. `reads_by_lf` is False where lines
    end in a bare CR. `charsets` are the labels of charsets that its texts declare.
    """

    raw: bytes = field(repr=False)
    root: Entity
    entities: tuple[Entity, ...] = field(repr=False)
    structural_defects: tuple[Defect, ...]
    reads_by_lf: bool = True
    charsets: tuple[str, ...] = ()
    _texts: dict[Entity, DecodedText] = field(default_factory=dict, repr=False)

    @property
    def defects(self) -> tuple[Defect, ...]:
        """All defects, in the order of their spans. The first call reads all encoded content."""
        found = [*self.structural_defects, *find_defects(self.raw, self.entities, self.content)]
        return tuple(sorted(found, key=lambda defect: defect.span))

    @property
    def header(self) -> Header:
        """The header of the message itself."""
        return self.root.header

    def without_name(self, entity: Entity) -> Message:
        """The message in which this entity has no file name: a text instead of a file."""
        changed = {entity: replace(entity, filename=None)}
        for one in reversed(self.entities):
            if any(part in changed for part in one.parts):
                parts = tuple(changed.get(part, part) for part in one.parts)
                changed[one] = replace(one, parts=parts)
        return replace(
            self,
            root=changed.get(self.root, self.root),
            entities=tuple(changed.get(one, one) for one in self.entities),
        )

    def leaves(self) -> Iterator[Entity]:
        """Every entity that is not a multipart, in order."""
        return (entity for entity in self.entities if not entity.parts)

    def content(self, entity: Entity) -> Iterator[bytes]:
        """The decoded content of a leaf, in chunks; under an unknown transfer encoding, as it is.

        Words in clear after base64 are part of the content of a text, and not of that of a file.
        Never fails.
        """
        encoding = entity.transfer_encoding or TransferEncoding.BINARY
        decoded = decode_content(self.raw, entity.body, encoding)
        is_text = entity.media_type.type == "text" and entity.filename is None
        if is_text and encoding is TransferEncoding.BASE64:
            return self._with_text_after(entity, decoded)
        return decoded

    def _with_text_after(self, entity: Entity, decoded: Iterator[bytes]) -> Iterator[bytes]:
        is_wide = False  # UTF-16, which words of one byte for each letter would spoil
        for chunk in decoded:
            is_wide = is_wide or b"\0" in chunk
            yield chunk
        words = text_after_base64(self.raw, entity.body)
        if not is_wide and words.start < words.end:
            yield self.raw[words.start : words.end]

    def text(self, entity: Entity) -> DecodedText:
        """The decoded content of a text leaf, as text, and how it was read. Never fails.

        It is decoded at the first call, and kept.
        """
        if entity not in self._texts:
            content = b"".join(self.content(entity))
            label = entity.media_type.parameters.get("charset")
            self._texts[entity] = decode_text(
                content, label, self.hints(entity), may_take_long=self.may_take_long(entity)
            )
        return self._texts[entity]

    def hints(self, entity: Entity) -> tuple[str, ...]:
        """The labels of the charsets in which a text may be, besides its own, likeliest first."""
        meta = meta_charset(self.raw, entity)
        return (meta, *self.charsets) if meta else self.charsets

    @staticmethod
    def may_take_long(entity: Entity) -> bool:
        """Whether charsets that take long to decode are tried: it ends within `EARLY` bytes."""
        return entity.body.end <= EARLY
