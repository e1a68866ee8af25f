"""Which entities are attachments, which of them stay in the mail, and under what names.

An attachment is a leaf that is not the message's text: it has a disposition of attachment,
or a file name, or a type that is not text; a message/rfc822 entity is one attachment, kept
whole; a multipart that could not be split is one only if it has a file name. text/plain and
text/html leaves without either mark are the message's bodies.

Attachments are detached, except inline images that an HTML body refers to by `cid:`
(RFC 2392), without which the body would show holes, and the signature part of a signed
message (RFC 1847), which is of no use elsewhere.

A file name is the sender's claim. What becomes of it must be harmless in an S3 key, in a
Content-Disposition field, in mail and on a recipient's disk: no path, no control or
invisible or direction-changing characters (Unicode categories Cc, Cf, Cs, Co, Zl, Zp), at
most `MAX_NAME` characters, the extension kept. Two attachments of one name differ by their
index, which is part of the key. The content type that is stored is one that no browser runs.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

from .message import Entity, Message

MAX_NAME = 100
"""The longest safe file name, in characters."""

MAX_NAME_BYTES = 200
"""The longest safe file name, in bytes of UTF-8: file systems stop at 255, keys at 1024."""


class Action(StrEnum):
    """What happens to an attachment."""

    DETACH = "detach"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment: the entity, its number in the message from 1, and its names.

    `filename` is the sender's, or None; `safe_name` is never empty. `content_type` is the
    declared one, `stored_content_type` what the store may serve it as.
    """

    entity: Entity
    index: int
    filename: str | None
    safe_name: str
    content_type: str
    stored_content_type: str
    action: Action


def is_attachment(entity: Entity) -> bool:
    """Whether a leaf is an attachment, as the module's docstring defines it."""
    media_type = entity.media_type
    if media_type.type == "multipart":
        return entity.filename is not None
    return (
        (entity.disposition is not None and entity.disposition.word == "attachment")
        or entity.filename is not None
        or media_type.type != "text"
    )


def is_body(entity: Entity) -> bool:
    """Whether a leaf is one of the message's own texts, which a reader sees."""
    if is_attachment(entity):
        return False
    # A multipart that could not be split shows as the text that it is.
    return entity.media_type.full in {"text/plain", "text/html"} or (
        entity.media_type.type == "multipart"
    )


def find_bodies(message: Message) -> tuple[Entity, ...]:
    """The message's texts, in order."""
    return tuple(entity for entity in message.leaves() if is_body(entity))


def find_attachments(message: Message) -> tuple[Attachment, ...]:
    """The message's attachments, in order, numbered from 1."""
    found = [entity for entity in message.leaves() if is_attachment(entity)]
    referenced = _referenced_content_ids(message) if found else frozenset()
    return tuple(
        Attachment(
            entity=entity,
            index=index,
            filename=entity.filename,
            safe_name=safe_name(entity.filename, entity.media_type.full, index),
            content_type=entity.media_type.full,
            stored_content_type=stored_content_type(entity.media_type.full),
            action=_action(entity, referenced),
        )
        for index, entity in enumerate(found, 1)
    )


def _action(entity: Entity, referenced: frozenset[str]) -> Action:
    content_id = entity.content_id
    is_shown = entity.media_type.type == "image" and content_id in referenced
    is_signature = entity.media_type.full in _SIGNATURES and not (
        entity.disposition is not None and entity.disposition.word == "attachment"
    )
    return Action.KEEP if is_shown or is_signature else Action.DETACH


_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_CID = re.compile(r"""cid:([^"'\s<>)]+)""", re.IGNORECASE)


def _referenced_content_ids(message: Message) -> frozenset[str]:
    return frozenset(
        unquote(match.group(1))
        for entity in find_bodies(message)
        if entity.media_type.full == "text/html"
        for match in _CID.finditer(message.text(entity).text)
    )


# --- names ------------------------------------------------------------------------------------

_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/gzip": ".gz",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "audio/wav": ".wav",
    "audio/mpeg": ".mp3",
    "video/mp4": ".mp4",
    "video/x-msvideo": ".avi",
}
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_UNSAFE = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?\Z")


def safe_name(filename: str | None, content_type: str, index: int) -> str:
    """A file name that is harmless everywhere; made up from type and index if there is none."""
    name = unicodedata.normalize("NFC", filename or "")
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(
        " " if unicodedata.category(character) == "Zs" else character
        for character in name
        if unicodedata.category(character) not in _INVISIBLE
    )
    name = _UNSAFE.sub("_", name)
    name = re.sub(r" +", " ", name).strip(" .")
    if not name:
        return f"attachment-{index}{_EXTENSIONS.get(content_type, '.bin')}"
    if _RESERVED.match(name):
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16 or len(extension.encode()) > 32:
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len(f"{dot}{extension}".encode())
    stem = stem[: MAX_NAME - len(dot) - len(extension)]
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{stem}{dot}{extension}"


_SAFE_TYPES = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/pdf",
        "application/zip",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "message/rfc822",
        "text/calendar",
        "text/csv",
        "text/plain",
        "video/mp4",
        "video/mpeg",
        "video/quicktime",
        "video/x-msvideo",
    }
)


def stored_content_type(content_type: str) -> str:
    """The type to store and serve an attachment as: never one that a browser would run."""
    return content_type if content_type in _SAFE_TYPES else "application/octet-stream"
