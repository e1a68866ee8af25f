"""An entity of a message: spans into its bytes (RFC 2045 section 2.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from relay_core.errors import Span

from .header import Header
from .media_type import MediaType
from .parameters import Parameterised
from .transfer_encoding import TransferEncoding


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entity:
    """One entity: a header, a body, and in a multipart its parts (RFC 2045 section 2.4).

    `delimiter` is the line that opens the entity in its multipart, line break included; where
    that line is missing, the empty span in its place. `close_delimiter` is the line that ends a
    multipart, if it is there. `transfer_encoding` is None where the field names none that exists;
    of a text that `is_mislabelled` it is another than the field names.
    `filename` is as the sender gave it, or None.
    """

    header: Header
    body: Span
    media_type: MediaType
    transfer_encoding: TransferEncoding | None
    disposition: Parameterised | None
    filename: str | None = None
    delimiter: Span | None = None
    close_delimiter: Span | None = None
    parts: tuple[Entity, ...] = ()
    is_mislabelled: bool = False

    @property
    def span(self) -> Span:
        """Header and body, as offsets into the message."""
        return Span(self.header.span.start, self.body.end)

    @property
    def is_multipart(self) -> bool:
        """Whether the entity was split into parts."""
        return bool(self.parts)

    @property
    def content_id(self) -> str | None:
        """The Content-ID without its angle brackets (RFC 2392), None if there is none."""
        value = self.header.text("content-id")
        return value.strip().strip("<>").strip() or None if value else None

    def walk(self) -> Iterator[Entity]:
        """Yield this entity and all below it, in their order in the message."""
        pending = [self]
        while pending:
            entity = pending.pop()
            yield entity
            pending.extend(reversed(entity.parts))
