"""Names for files without one, from the mail's subject or the file's first bytes."""

from __future__ import annotations

import re

from relay_core.errors import Span
from relay_core.mime.content_kind import HEAD, begins_like_mail, extension_by_content
from relay_core.mime.decoding import decode_content
from relay_core.mime.entity import Entity
from relay_core.mime.header_scanning import subject_of
from relay_core.mime.message import Message
from relay_core.mime.transfer_encoding import TransferEncoding
from relay_core.mime.uuencode import find_uuencoded_name

from .extensions import EXTENSIONS

_MAX_SUBJECT = 80
MAX_SUGGESTED = 1000
"""For how many attachments of a mail their content is looked into for a name."""
_MESSAGES = frozenset({"message/rfc822", "message/global"})


def suggested_name(message: Message, entity: Entity) -> str | None:
    """A name for a nameless file, or only an extension: by its subject, or by its first bytes."""
    full = entity.media_type.full
    if full in _MESSAGES:
        # An address is nobody's business in a name.
        subject = subject_of(head_of(message, entity), 4 * _MAX_SUBJECT)
        return f"{subject[:_MAX_SUBJECT].strip()}.eml" if subject and "@" not in subject else None
    if full in EXTENSIONS and entity.media_type.valid and entity.header.first("content-type"):
        return None
    head = head_of(message, entity)
    if entity.media_type.type == "multipart" and begins_like_mail(head):
        return ".eml"
    by_content = extension_by_content(head)
    if by_content is None and (match := _OWN_EXTENSION.fullmatch(full)):
        return f".{match[1]}"
    return by_content


# `video/dav`, `image/heif`: what a type of a medium is called is mostly what its files are, too.
_OWN_EXTENSION = re.compile(r"(?:audio|image|video)/(?:x-)?([a-z0-9]{2,5})")


def inner_name(message: Message, entity: Entity) -> str | None:
    """The name that a uuencoded part gives only in its first line."""
    if entity.transfer_encoding is not TransferEncoding.UUENCODE:
        return None
    start = message.raw[entity.body.start : entity.body.start + 1000].decode("latin-1")
    return find_uuencoded_name(start)


def head_of(message: Message, entity: Entity) -> bytes:
    """The first bytes of an entity's content."""
    start, end = entity.body
    span = Span(start, min(end, start + 2 * HEAD))
    encoding = entity.transfer_encoding or TransferEncoding.BINARY
    return b"".join(decode_content(message.raw, span, encoding))[:HEAD]
