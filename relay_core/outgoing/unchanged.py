"""Which parts of a message can be sent unchanged.

Mail that everybody can carry is 7-bit, in lines of at most 998 bytes that end with CRLF
(RFC 5321 section 4.5.3.1.6, RFC 5322 section 2.1.1), in a transfer encoding that all readers know.
"""

from __future__ import annotations

import re

from relay_core.addresses.secrecy import is_spelled_in
from relay_core.attachments.leaves import is_body, is_prose
from relay_core.errors import Span
from relay_core.mime.base64_content import has_irregular_base64
from relay_core.mime.encoding import is_seven_bit_clean
from relay_core.mime.entity import Entity
from relay_core.mime.known_fields import CONTENT_FIELD
from relay_core.mime.media_type import parse_media_type
from relay_core.mime.message import Message
from relay_core.mime.quoted_printable import has_irregular_quoted_printable
from relay_core.mime.transfer_encoding import TransferEncoding

from .splices import CRLF

_BLANK = re.compile(rb"[ \t]")


def is_clean(message: Message, span: Span) -> bool:
    """Whether a range can go out as it stands: no other line breaks than those we read by."""
    raw = message.raw
    return is_seven_bit_clean(raw, span) and not (
        message.reads_by_lf and raw.count(b"\r", *span) != raw.count(CRLF, *span)
    )


def can_stay_unchanged(message: Message, entity: Entity) -> bool:
    """Whether every reader decodes an entity's body, as it stands, to what we read in it."""
    raw, body, encoding = message.raw, entity.body, entity.transfer_encoding
    if encoding in {None, TransferEncoding.UUENCODE} or entity.media_type.type == "multipart":
        return False  # few know how to read it
    if entity.is_mislabelled:
        return False
    if encoding is TransferEncoding.BASE64:
        # Blanks do no harm to base64, but not every reader knows.
        is_regular = not _BLANK.search(raw, *body) and not has_irregular_base64(raw, body)
    elif encoding is TransferEncoding.QUOTED_PRINTABLE:
        is_regular = not has_irregular_quoted_printable(raw, body)
    else:
        is_regular = True
    return is_regular and is_clean(message, body)


def is_better_reencoded(message: Message, entity: Entity) -> bool:
    """Whether prose is better written by the relay than left as it is, or encoded as it is.

    Of any other text we know too little: its content may name its charset.
    """
    if not (is_body(entity) and is_prose(entity)):
        return False
    if _is_relabelled(entity) or not can_stay_unchanged(message, entity):
        return True
    reading = message.text(entity).reading
    return reading.is_understood and reading.is_whole and not reading.is_declared


_MAX_MARGIN = 10_000
"""How long a preamble or an epilogue may be, in bytes: they hold a sentence for old programs."""


def margin_can_stay(
    message: Message, span: Span, *, dashes: bytes, secrets: tuple[str, ...]
) -> bool:
    """Whether a preamble or an epilogue can go out, and nobody takes it for a part.

    `dashes` begin the delimiters beside it; `secrets` are addresses that it may not spell.
    """
    if span.end - span.start > _MAX_MARGIN:
        return False
    margin = message.raw[span.start : span.end]
    return not (
        dashes in margin
        or not is_clean(message, span)
        or is_spelled_in(margin, secrets)
        or CONTENT_FIELD.match(margin.lstrip(b"\r\n"))
    )


def _is_relabelled(entity: Entity) -> bool:
    """Whether the entity was read as another type than its header says."""
    named = entity.header.get("content-type")
    return named is not None and parse_media_type(named).full != entity.media_type.full
