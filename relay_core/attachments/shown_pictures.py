"""Which images the HTML of a mail shows, so that they stay in the mail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay_core.html.references import References, find_references
from relay_core.mime.content_kind import PICTURES, extension_by_content
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.transfer_encoding import TransferEncoding

from .leaves import find_bodies
from .naming import head_of

if TYPE_CHECKING:
    from .long_text import LongText


@dataclass(slots=True)
class ShownPictures:
    """Which pictures the HTML of a mail shows, and small enough to stay in it."""

    message: Message
    long_texts: Mapping[Entity, LongText]
    limit: int
    references: References | None = None

    def holds(self, entity: Entity) -> bool:
        """Whether the entity is such a picture. The texts are read once, if ever."""
        location = entity.header.text("content-location")
        names = (entity.content_id, location, entity.filename)
        if not any(names) or not self._is_small(entity) or not self._is_picture(entity):
            return False
        if self.references is None:
            self.references = find_references(self._texts())
        return self.references.include(
            content_id=entity.content_id,
            content_location=location.strip() if location else None,
            filename=entity.filename,
        )

    def _is_small(self, entity: Entity) -> bool:
        encoded_size = entity.body.end - entity.body.start
        share = 3 / 4 if entity.transfer_encoding is TransferEncoding.BASE64 else 1
        return encoded_size * share <= self.limit

    def _is_picture(self, entity: Entity) -> bool:
        if entity.media_type.type == "image":
            return True
        if entity.media_type.type in _NO_PICTURES:
            return False
        name = (entity.filename or entity.content_id or "").lower()
        if name[name.rfind(".") :] in PICTURES:
            return True
        return extension_by_content(head_of(self.message, entity)) in PICTURES

    def _texts(self) -> Iterator[tuple[str, str | None]]:
        for entity in find_bodies(self.message):
            if entity.media_type.full == "text/html":
                html = (
                    self.long_texts[entity].shown or ""
                    if entity in self.long_texts
                    else self.message.text(entity).text
                )
                base = entity.header.text("content-location")
                yield html, base.strip() if base else None


_NO_PICTURES = frozenset({"audio", "message", "multipart", "text", "video"})
"""The top-level types that are believed when they say that something is no picture."""
