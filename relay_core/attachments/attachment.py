"""Which entities are attachments, which of them stay in the mail, and under what names.

An attachment is a leaf that is not the message's text: it has a disposition of attachment,
or a file name, or a type that is not text; a message/rfc822 entity is one attachment, kept
whole; a multipart that could not be split is one only if it has either of the first two marks.
text/plain and text/html leaves without a mark are the message's bodies. A file that stands
uuencoded in a body is an attachment too.

Any other text without a mark (text/csv, text/x-log, text/calendar) is a body too: it stays
where it is, in the type that it has, and a mail program shows it as plain text if it knows
nothing better (RFC 2046 section 4.1.4). So recipient codes are looked for in it. But the list of
links is never put there: a table or an invitation would be no longer what it was.

What that means for the composite and the odd types:

| type | what becomes of it |
|---|---|
| message/rfc822, message/global | one attachment, whole: what is inside belongs to its reader |
| message/partial, message/external-body | one attachment: a fragment, or a pointer, as it came |
| multipart/digest | each message in it is an attachment |
| multipart/appledouble | both forks are attachments |
| multipart/report | its machine-readable part is an attachment (reports themselves are ignored) |
| multipart/signed | its contents are as usual; the signature stays while it is valid |
| multipart/encrypted | stays whole, for only its two parts together can be decrypted |
| text/calendar | stays in an alternative, or with a `method`: programs answer an invitation |
| application/ms-tnef | one attachment: programs exist that open winmail.dat |

Attachments are detached, except inline images that an HTML body refers to, whatever type they
are said to have, without which the body would show holes, as long as they are small; invitations;
signatures; and encrypted content.

A file name is the sender's claim. What becomes of it must be harmless in an S3 key, in a
Content-Disposition field, in mail and on a recipient's disk: no path, no control or
invisible or direction-changing characters (Unicode categories Cc, Cf, Cs, Co, Zl, Zp), at
most `MAX_NAME` characters, the extension kept. Two attachments of one name differ by their
index, which is part of the key. The content type that is stored is one that no browser runs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from relay_core.errors import Span
from relay_core.html.references import References, find_references
from relay_core.mime.content_kind import HEAD, PICTURES, begins_like_mail, extension_by_content
from relay_core.mime.decoding import decode_content
from relay_core.mime.header import subject_of
from relay_core.mime.message import Entity, Message
from relay_core.mime.transfer_encoding import IDENTITY, TransferEncoding
from relay_core.mime.uuencode import (
    UuencodedFile,
    decode_uuencoded,
    find_uuencoded,
    find_uuencoded_name,
)

from .archive import archive_of

if TYPE_CHECKING:
    # Who only wants names and types, as the page of downloads does, need not read texts.
    from .long_text import LongText

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

    `embedded` is set where the attachment is not the entity but a file that stands in its
    text, `long_text` where it is a body that is too long for the mail, or a file in one. `members`
    are the attachments that an archive holds: it is one that the relay makes, and `entity` is that
    of the first of them. `filename` is the sender's, or None; `safe_name` is never empty.
    `content_type` is the declared one, `stored_content_type` what the store may serve it as.
    """

    entity: Entity
    embedded: UuencodedFile | None = None
    long_text: LongText | None = None
    members: tuple[Attachment, ...] = ()
    index: int
    filename: str | None
    safe_name: str
    content_type: str
    stored_content_type: str
    action: Action


def is_attachment(entity: Entity) -> bool:
    """Whether a leaf is an attachment, as the module's docstring defines it."""
    return (
        (entity.disposition is not None and entity.disposition.word == "attachment")
        or entity.filename is not None
        or entity.media_type.type not in {"text", "multipart"}
    )


def is_body(entity: Entity) -> bool:
    """Whether a leaf is one of the message's own texts, which a reader sees.

    Every leaf is a body or an attachment: a multipart that could not be split shows as the text
    that it is.
    """
    return not is_attachment(entity)


def is_prose(body: Entity) -> bool:
    """Whether a body is text for people, in which more words do no harm."""
    media_type = body.media_type
    return media_type.type != "text" or media_type.subtype in {"plain", "html"}


def find_bodies(message: Message) -> tuple[Entity, ...]:
    """The message's texts, in order."""
    return tuple(entity for entity in message.leaves() if is_body(entity))


def find_named_texts(message: Message) -> tuple[Entity, ...]:
    """The texts that are attachments for nothing but their name, in order."""
    return tuple(
        entity
        for entity in message.leaves()
        if entity.media_type.full in {"text/plain", "text/html"}
        and entity.filename is not None
        and (entity.disposition is None or entity.disposition.word != "attachment")
    )


INLINE_IMAGE_LIMIT = 1_000_000
"""How large an image may be, in bytes, to stay in the mail, unless the settings say so."""


MAX_KEPT = 1_000_000
"""How large a signature or an invitation may be, in bytes of the mail, to stay in it: they have
some kilobytes."""


def find_attachments(
    message: Message,
    *,
    inline_image_limit: int = INLINE_IMAGE_LIMIT,
    most: int | None = None,
    files: Mapping[Entity, Sequence[UuencodedFile]] | None = None,
    long_texts: Mapping[Entity, LongText] = MappingProxyType({}),
) -> tuple[Attachment, ...]:
    """The message's attachments, in order, numbered from 1.

    If more than `most` are to be detached, the last one is an archive of the others. `files` are
    those that stand in the texts, None to look for them; `long_texts` are the bodies that go out
    in another form.
    """
    found: list[Attachment] = []
    encrypted = _inside(message, "multipart/encrypted")
    alternative = _inside(message, "multipart/alternative")
    shown = _Shown(message, long_texts, inline_image_limit)
    for entity in message.leaves():
        long_text = long_texts.get(entity)
        if is_attachment(entity):
            is_small = entity.body.end - entity.body.start <= MAX_KEPT
            keep = (
                entity in encrypted
                or (is_small and is_signature(entity))
                or (is_small and _is_invitation(entity, in_alternative=entity in alternative))
                or shown.holds(entity)
            )
            action = Action.KEEP if keep else Action.DETACH
            filename = entity.filename or _inner_name(message, entity)
            content_type = entity.media_type.full
            found.append(
                _attachment(
                    entity,
                    len(found) + 1,
                    filename,
                    content_type,
                    action,
                    suggested=(
                        None
                        if filename or len(found) >= _MOST_SUGGESTED
                        else _suggested_name(message, entity)
                    ),
                )
            )
            continue
        if long_text is not None and long_text.is_attached:
            content_type = entity.media_type.full
            if entity.media_type.type == "multipart":
                content_type = "text/plain"  # the text that it is
            filename = _FULL_TEXTS.get(content_type)
            one = _attachment(entity, len(found) + 1, filename, content_type)
            found.append(replace(one, long_text=long_text))
        if long_text is not None:
            embedded: Sequence[UuencodedFile] = long_text.files
        elif files is None:
            embedded = find_embedded(message, entity)
        else:
            embedded = files.get(entity, ())
        for file in embedded:
            one = _attachment(entity, len(found) + 1, file.filename, "application/octet-stream")
            found.append(replace(one, embedded=file, long_text=long_text))
    return _bundled(found, most)


FULL_TEXT = "full-text.txt"
FULL_TEXT_HTML = "full-text.html"
"""The names of files that hold a text of the mail which is too long for it."""
_FULL_TEXTS = {"text/plain": FULL_TEXT, "text/html": FULL_TEXT_HTML}


def _bundled(found: list[Attachment], most: int | None) -> tuple[Attachment, ...]:
    """The attachments, all that are beyond the `most` that may be detached made one."""
    detached = [one for one in found if one.action is Action.DETACH]
    if most is None or len(detached) <= most:
        return tuple(found)
    members = tuple(detached[most - 1 :])
    gone = {one.index for one in members}
    left = [one for one in found if one.index not in gone]
    archive = _attachment(members[0].entity, 0, ARCHIVE, "application/zip")
    return tuple(
        replace(one, index=index)
        for index, one in enumerate([*left, replace(archive, members=members)], 1)
    )


ARCHIVE = "more-attachments.zip"
"""The name of the archive of all attachments that are too many to be files of their own."""


def replaced_entities(attachments: Iterable[Attachment]) -> tuple[Entity, ...]:
    """The entities that are not in the mail any more once these attachments are detached."""
    return tuple(
        each.entity
        for one in attachments
        for each in one.members or (one,)
        if each.embedded is None and (each.long_text is None or each.long_text.shown is None)
    )


def _attachment(
    entity: Entity,
    index: int,
    filename: str | None,
    content_type: str,
    action: Action = Action.DETACH,
    *,
    suggested: str | None = None,
) -> Attachment:
    if filename is None and suggested is not None and suggested.startswith("."):
        suggested = f"attachment-{index}{suggested}"
    return Attachment(
        entity=entity,
        index=index,
        filename=filename,
        safe_name=safe_name(filename or suggested, content_type, index),
        content_type=content_type,
        stored_content_type=stored_content_type(content_type),
        action=action,
    )


def _inner_name(message: Message, entity: Entity) -> str | None:
    """The name that a uuencoded part gives only in its first line."""
    if entity.transfer_encoding is not TransferEncoding.UUENCODE:
        return None
    start = message.raw[entity.body.start : entity.body.start + 1000].decode("latin-1")
    return find_uuencoded_name(start)


def content_of(message: Message, attachment: Attachment) -> Iterator[bytes]:
    """The attachment's decoded content, in chunks of bounded size."""
    if attachment.members:
        return archive_of(
            (f"{number}-{one.safe_name}", content_of(message, one))
            for number, one in enumerate(attachment.members, attachment.index)
        )
    long_text, embedded = attachment.long_text, attachment.embedded
    if embedded is not None:
        text = message.text(attachment.entity).text if long_text is None else long_text.content
        return decode_uuencoded(text, embedded.data)
    return message.content(attachment.entity) if long_text is None else long_text.whole()


def find_embedded(
    message: Message, body: Entity, *, most: int | None = None
) -> tuple[UuencodedFile, ...]:
    """The files that stand uuencoded in one of the texts, in order, or the first `most`."""
    if body.transfer_encoding in IDENTITY and (
        message.raw.find(b"begin ", body.body.start, body.body.end) < 0
    ):
        return ()
    return find_uuencoded(message.text(body).text, most=most)


def _inside(message: Message, full: str) -> frozenset[Entity]:
    """All entities inside of multiparts of that type."""
    inside: set[Entity] = set()
    for entity in message.entities:
        if entity.media_type.full == full or entity in inside:
            inside.update(entity.parts)
    return frozenset(inside)


@dataclass(slots=True)
class _Shown:
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
        return extension_by_content(_head(self.message, entity)) in PICTURES

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


def _head(message: Message, entity: Entity) -> bytes:
    """The first bytes of an entity's content."""
    start, end = entity.body
    span = Span(start, min(end, start + 2 * HEAD))
    encoding = entity.transfer_encoding or TransferEncoding.BINARY
    return b"".join(decode_content(message.raw, span, encoding))[:HEAD]


def _is_invitation(entity: Entity, *, in_alternative: bool) -> bool:
    """Whether a calendar is one that mail programs show and answer (RFC 6047 section 2.4)."""
    media_type = entity.media_type
    if in_alternative and media_type.full in _CALENDARS:
        return True
    return media_type.full == "text/calendar" and bool(media_type.parameters.get("method"))


_CALENDARS = frozenset({"text/calendar", "text/x-vcalendar", "application/ics"})


def is_signature(entity: Entity) -> bool:
    """Whether the entity is the signature of a signed message (RFC 1847, RFC 3156, RFC 8551)."""
    return entity.media_type.full in _SIGNATURES


_SIGNATURES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
# --- names ------------------------------------------------------------------------------------

_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/jpg": ".jpg",
    "image/pjpeg": ".jpg",
    "image/png": ".png",
    "image/x-png": ".png",
    "image/gif": ".gif",
    "image/bmp": ".bmp",
    "image/x-bmp": ".bmp",
    "image/x-ms-bmp": ".bmp",
    "image/tiff": ".tif",
    "image/tif": ".tif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "image/avif": ".avif",
    "image/svg+xml": ".svg",
    "application/pdf": ".pdf",
    "application/x-pdf": ".pdf",
    "application/postscript": ".ps",
    "application/rtf": ".rtf",
    "application/msword": ".doc",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/zip": ".zip",
    "application/x-zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/gzip": ".gz",
    "application/x-gzip": ".gz",
    "application/x-tar": ".tar",
    "application/x-7z-compressed": ".7z",
    "application/json": ".json",
    "application/xml": ".xml",
    "application/csv": ".csv",
    "application/ics": ".ics",
    "application/ms-tnef": ".dat",
    "text/xml": ".xml",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/rtf": ".rtf",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "audio/wav": ".wav",
    "audio/wave": ".wav",
    "audio/x-wav": ".wav",
    "audio/vnd.wave": ".wav",
    "audio/mpeg": ".mp3",
    "audio/mp3": ".mp3",
    "audio/x-mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/x-m4a": ".m4a",
    "audio/ogg": ".ogg",
    "audio/amr": ".amr",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "video/mp4": ".mp4",
    "video/x-m4v": ".mp4",
    "video/mpeg": ".mpg",
    "video/mpg": ".mpg",
    "video/quicktime": ".mov",
    "video/avi": ".avi",
    "video/msvideo": ".avi",
    "video/x-msvideo": ".avi",
    "video/vnd.avi": ".avi",
    "video/x-matroska": ".mkv",
    "video/webm": ".webm",
    "video/3gpp": ".3gp",
    "video/h264": ".h264",
    "video/x-flv": ".flv",
    "video/x-ms-asf": ".asf",
    "video/x-ms-wmv": ".wmv",
}
"""The usual extension of each type, registered or only written."""

_MAX_SUBJECT = 80
_MOST_SUGGESTED = 1000
"""For how many attachments of a mail their content is looked into for a name."""
_MESSAGES = frozenset({"message/rfc822", "message/global"})


def _suggested_name(message: Message, entity: Entity) -> str | None:
    """A name for a nameless file, or only an extension: by its subject, or by its first bytes."""
    full = entity.media_type.full
    if full in _MESSAGES:
        # An address is nobody's business in a name.
        subject = subject_of(_head(message, entity), 4 * _MAX_SUBJECT)
        return f"{subject[:_MAX_SUBJECT].strip()}.eml" if subject and "@" not in subject else None
    if full in _EXTENSIONS:
        return None
    head = _head(message, entity)
    if entity.media_type.type == "multipart" and begins_like_mail(head):
        return ".eml"
    by_content = extension_by_content(head)
    if by_content is None and (match := _OWN_EXTENSION.fullmatch(full)):
        return f".{match[1]}"
    return by_content


# `video/dav`, `image/heif`: what a type of a medium is called is mostly what its files are, too.
_OWN_EXTENSION = re.compile(r"(?:audio|image|video)/(?:x-)?([a-z0-9]{2,5})")


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SEPARATOR = re.compile(r"[/\\]")
_UNSAFE = re.compile(r'[<>:"|?*]')
_BLANKS = re.compile(r" +")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?\Z")


def safe_name(filename: str | None, content_type: str, index: int) -> str:
    """A file name that is harmless everywhere; made up from type and index if there is none."""
    name = _SEPARATOR.split(filename or "")[-1]
    if not name.isprintable():  # what is in none of the categories below
        name = "".join(
            " " if unicodedata.category(character) == "Zs" else character
            for character in name
            if unicodedata.category(character) not in _INVISIBLE
        )
    # Characters that nothing invisible parts any more may make one.
    name = unicodedata.normalize("NFC", name)
    name = _BLANKS.sub(" ", _UNSAFE.sub("_", name)).strip(" .")
    if not name:
        return f"attachment-{index}{_EXTENSIONS.get(content_type, '.bin')}"
    # A name cut short may end in another extension, and be reserved where it was not before.
    while (better := _shortened(f"_{name}" if _RESERVED.match(name) else name)) != name:
        name = better
    return name


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
