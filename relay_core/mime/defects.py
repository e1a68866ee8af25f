"""What is wrong with a message that its headers and delimiters do not show: lines and content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from relay_core.errors import Defect, DefectKind, Span
from relay_core.text.charset_labels import charsets_of
from relay_core.text.reading import is_readable

from .base64_content import has_irregular_base64
from .encoding import MAX_LINE, find_long_line
from .entity import Entity
from .known_fields import ONCE_ONLY
from .quoted_printable import has_irregular_quoted_printable
from .transfer_encoding import TransferEncoding, parse_transfer_encoding

ContentOf = Callable[[Entity], Iterable[bytes]]
"""What decodes the content of a leaf."""


def find_defects(raw: bytes, entities: Sequence[Entity], content: ContentOf) -> Iterator[Defect]:
    """The defects of a message's lines and fields and of its encoded content.

    `entities` are all of the message's, itself first; `content` decodes a leaf. The spans of the
    defects are offsets into `raw`. Time is linear in the size of the message.
    """
    yield from _line_defects(raw)
    header = entities[0].header
    if header.first("mime-version") is None and header.first("content-type"):
        yield Defect(kind=DefectKind.MISSING_MIME_VERSION, span=header.span)
    for leaf in entities:
        if not leaf.parts:
            for kind in _content_defects(raw, leaf, content):
                yield Defect(kind=kind, span=leaf.body)
    for entity in entities:
        yield from _field_defects(entity)


def _field_defects(entity: Entity) -> Iterator[Defect]:
    """A disposition that is none, and fields that stand there again."""
    if entity.disposition is not None and entity.disposition.word not in DISPOSITIONS:
        where = entity.header.first("content-disposition")
        span = entity.header.span if where is None else where.span
        yield Defect(kind=DefectKind.UNKNOWN_DISPOSITION, span=span)
    seen: set[str] = set()
    for one in entity.header.fields:
        if one.name in seen and one.name in ONCE_ONLY:
            yield Defect(kind=DefectKind.DUPLICATE_FIELD, span=one.span)
        seen.add(one.name)


DISPOSITIONS = frozenset({"attachment", "inline", "form-data"})
"""RFC 2183 section 2, RFC 7578 section 4.2."""


def _line_defects(raw: bytes) -> Iterator[Defect]:
    """The first line break that is not CRLF, and the first line that is too long."""
    whole = raw.count(b"\r\n")
    for one, pattern in ((b"\n", _BARE_LF), (b"\r", _BARE_CR)):
        if raw.count(one) != whole and (bare := pattern.search(raw)):
            yield Defect(kind=DefectKind.BARE_LINE_BREAK, span=Span(*bare.span()))
    if (start := find_long_line(raw)) is not None:
        yield Defect(kind=DefectKind.LONG_LINE, span=Span(start, start + MAX_LINE + 1))


_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")


def _content_defects(raw: bytes, leaf: Entity, content: ContentOf) -> Iterator[DefectKind]:
    if leaf.is_mislabelled:
        named = leaf.header.get("content-transfer-encoding") or b""
        is_base64 = parse_transfer_encoding(named.decode("latin-1")) is TransferEncoding.BASE64
        yield DefectKind.INVALID_BASE64 if is_base64 else DefectKind.INVALID_QUOTED_PRINTABLE
    elif leaf.transfer_encoding is TransferEncoding.BASE64:
        if has_irregular_base64(raw, leaf.body):
            yield DefectKind.INVALID_BASE64
    elif (
        leaf.transfer_encoding is TransferEncoding.QUOTED_PRINTABLE
        and has_irregular_quoted_printable(raw, leaf.body)
    ):
        yield DefectKind.INVALID_QUOTED_PRINTABLE
    charset = leaf.media_type.parameters.get("charset")
    declared = charsets_of(charset) if charset and leaf.media_type.type == "text" else ()
    if declared and not any(is_readable(content(leaf), one) for one in declared):
        yield DefectKind.UNDECODABLE_TEXT
