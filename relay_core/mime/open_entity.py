"""An entity while it is parsed, and how it is completed at its end.

Where the header of a leaf is not to be believed, its bytes show its type and its encoding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from relay_core.errors import Defect, DefectKind, Span
from relay_core.text.charset_labels import charsets_of

from .content_kind import HEAD, is_surely_a_file, looks_like_text
from .decoding import decode_content
from .entity import Entity
from .header_scanning import ScannedHeader
from .media_type import (
    MediaType,
    is_known_type,
    is_said_to_be_text,
    parse_media_type,
    text_type_of,
)
from .mislabelled import real_encoding
from .parameters import Parameterised, parse_parameterised
from .raw_fields import filename_of
from .transfer_encoding import IDENTITY, TransferEncoding, parse_transfer_encoding


@dataclass(slots=True)
class OpenEntity:
    """An entity that is still being read; a multipart if it has a boundary to look for."""

    scanned: ScannedHeader
    delimiter: Span | None
    media_type: MediaType
    boundaries: tuple[bytes, ...] = ()
    shadowed: tuple[int | None, ...] = ()
    parts: list[Entity] = field(default_factory=list)
    close_delimiter: Span | None = None
    is_second_reading: bool = False
    guessed_at: int | None = None  # where its first delimiter is, if its boundary is a guess


@dataclass(slots=True)
class Findings:
    """What the parser found: defects, and whether fields hold bytes that are not ASCII."""

    defects: list[Defect] = field(default_factory=list)
    has_raw_fields: bool = False

    def report(self, kind: DefectKind, start: int, end: int) -> None:
        """Add a defect; `start` and `end` are offsets into the message."""
        self.defects.append(Defect(kind=kind, span=Span(start, end)))


def finish(raw: bytes, opened: OpenEntity, end: int, findings: Findings) -> Entity:
    """The entity that was opened, which ends at the offset `end`. Defects go into `findings`."""
    scanned = opened.scanned
    body = Span(scanned.body_start, max(scanned.body_start, end))
    if opened.boundaries:
        if not opened.parts:
            findings.report(DefectKind.MISSING_DELIMITER, *body)
        elif opened.close_delimiter is None:
            findings.report(DefectKind.MISSING_CLOSE_DELIMITER, body.end, body.end)
    header = scanned.header
    disposition: Parameterised | None = None
    if (value := header.get("content-disposition")) is not None:
        disposition = parse_parameterised(value)
    encoding: TransferEncoding | None = TransferEncoding.SEVEN_BIT
    if (value := header.get("content-transfer-encoding")) is not None:
        encoding = parse_transfer_encoding(value.decode("latin-1"))
    media_type = opened.media_type
    filename = filename_of(disposition, media_type)
    is_file = filename is not None or (
        disposition is not None and disposition.word == "attachment"
    )
    effective_encoding = encoding
    if not is_file and not opened.parts:
        media_type, effective_encoding = _as_seen(raw, opened, body, encoding, findings)
    entity = Entity(
        header=header,
        body=body,
        media_type=media_type,
        transfer_encoding=effective_encoding,
        disposition=disposition,
        filename=filename,
        delimiter=opened.delimiter,
        close_delimiter=opened.close_delimiter,
        parts=tuple(opened.parts),
        is_mislabelled=effective_encoding is not encoding,
    )
    _examine(raw, entity, findings)
    return entity


def _as_seen(
    raw: bytes,
    opened: OpenEntity,
    body: Span,
    encoding: TransferEncoding | None,
    findings: Findings,
) -> tuple[MediaType, TransferEncoding | None]:
    """The type and the encoding of a leaf, by its bytes where its header is not believed.

    It has no name, and is not said to be an attachment.
    """
    media_type = opened.media_type
    effective_encoding = None if encoding is None else real_encoding(raw, body, encoding)
    if _is_text(raw, opened, body, effective_encoding):
        named = opened.scanned.header.first("content-type")
        if media_type.valid and named:
            findings.report(DefectKind.INVALID_MEDIA_TYPE, *named.span)
        media_type = text_type_of(media_type)
    elif _is_undeclared_file(raw, opened, body, effective_encoding):
        media_type = parse_media_type(b"application/octet-stream")
    return media_type, effective_encoding if media_type.type == "text" else encoding


def _is_text(
    raw: bytes, opened: OpenEntity, body: Span, encoding: TransferEncoding | None
) -> bool:
    """Whether a leaf without a name is a text, of a type that nobody knows.

    Of the types that are well-formed, in a part, only those count whose words say text.
    """
    if is_known_type(opened.media_type, at_the_top=opened.delimiter is None):
        return False
    is_guess = not opened.media_type.valid or opened.delimiter is None
    if not (is_guess or is_said_to_be_text(opened.media_type)):
        return False
    if encoding is TransferEncoding.UUENCODE:
        return False
    if encoding in IDENTITY and raw.find(b"\0", *body) >= 0:
        return False
    start, end = body
    head = Span(start, min(end, start + HEAD))
    content = decode_content(raw, head, encoding or TransferEncoding.BINARY)
    return looks_like_text(b"".join(content))


def _is_undeclared_file(
    raw: bytes, opened: OpenEntity, body: Span, encoding: TransferEncoding | None
) -> bool:
    """Whether a leaf is a file although its header has neither a type nor a name."""
    header = opened.scanned.header
    if header.first("content-type") or opened.media_type.full != "text/plain":
        return False
    head = Span(body.start, min(body.end, body.start + HEAD))
    content = decode_content(raw, head, encoding or TransferEncoding.BINARY)
    return is_surely_a_file(b"".join(content))


def _examine(raw: bytes, entity: Entity, findings: Findings) -> None:
    header = entity.header
    if not raw[header.span.start : header.span.end].isascii():
        findings.has_raw_fields = True
        for one in header.fields:
            if not raw[one.value_start : one.value_end].isascii():
                findings.report(DefectKind.NON_ASCII_HEADER, *one.span)
    if entity.transfer_encoding is None and (named := header.first("content-transfer-encoding")):
        findings.report(DefectKind.UNKNOWN_TRANSFER_ENCODING, *named.span)
    if entity.is_multipart:
        return
    charset = entity.media_type.parameters.get("charset")
    if entity.media_type.type == "text" and charset and not charsets_of(charset):
        findings.report(DefectKind.UNKNOWN_CHARSET, *header.span)
