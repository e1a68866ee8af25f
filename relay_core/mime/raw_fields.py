"""Raw bytes in header fields, read in the charsets that the texts of the same mail declare.

A device that writes its subject and its file names in raw bytes writes its texts in the same
charset, and only there it says which. So once all of a mail is parsed, fields with bytes that are
not UTF-8 are read again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from relay_core.errors import Span
from relay_core.html.meta_charset import LOOKED_AT, find_meta_charset
from relay_core.text.charset_labels import known_charset

from .decoding import decode_content
from .entity import Entity
from .media_type import MediaType, parse_media_type
from .parameters import Parameterised, parse_parameterised
from .transfer_encoding import TransferEncoding


def declared_charsets(raw: bytes, entities: Iterable[Entity]) -> tuple[str, ...]:
    """The labels of the charsets that the texts of a mail declare, in order, each charset once.

    Those that any reader assumes without a label, ASCII and UTF-8, are left out.
    """
    found: dict[str, str] = {}
    for entity in entities:
        if entity.media_type.type == "text":
            label = entity.media_type.parameters.get("charset") or meta_charset(raw, entity)
            if label and (charset := known_charset(label)) not in {None, "ascii", "utf-8"}:
                found.setdefault(str(charset), label)
    return tuple(found.values())


def meta_charset(raw: bytes, entity: Entity) -> str | None:
    """The label of the charset that an HTML entity names in its content, or None."""
    if entity.media_type.full != "text/html":
        return None
    start, end = entity.body
    beginning = Span(start, min(end, start + 2 * LOOKED_AT))
    encoding = entity.transfer_encoding or TransferEncoding.BINARY
    return find_meta_charset(b"".join(decode_content(raw, beginning, encoding)))


def reread(root: Entity, charsets: tuple[str, ...]) -> Entity:
    """The entity and all below it, with the fields that are not ASCII read again.

    `charsets` are the labels to try before a guess, the likeliest first.
    """
    renewed: dict[Entity, Entity] = {}
    for entity in reversed(tuple(root.walk())):
        header = replace(entity.header, charsets=charsets)
        media_type, disposition = entity.media_type, entity.disposition
        if (value := header.get("content-type")) is not None and not value.isascii():
            parameters = parse_media_type(value, charsets=charsets).parameters
            media_type = media_type._replace(parameters=parameters)
        if (value := header.get("content-disposition")) is not None and not value.isascii():
            disposition = parse_parameterised(value, charsets)
        renewed[entity] = replace(
            entity,
            header=header,
            media_type=media_type,
            disposition=disposition,
            filename=filename_of(disposition, media_type),
            parts=tuple(renewed[part] for part in entity.parts),
        )
    return renewed[root]


def filename_of(disposition: Parameterised | None, media_type: MediaType) -> str | None:
    """The file name as the sender gave it: `filename`, else `name`; None if there is none.

    RFC 2183 section 2.3; the `name` of Content-Type is what older mailers write. In form-data,
    `name` is the name of the form's field (RFC 7578 section 4.2).
    """
    for value in (disposition, media_type):
        if value is not None and value.parameters:
            is_form = value is disposition and disposition.word == "form-data"
            for parameter in ("filename",) if is_form else ("filename", "name"):
                if name := value.parameters.get(parameter, "").strip():
                    return name
    return None
