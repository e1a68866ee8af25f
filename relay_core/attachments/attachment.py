"""Which entities are attachments, which of them stay in the mail, and under what names.

`leaves` says what an attachment is, and what a body. What that means for the composite and
the odd types:

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
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.uuencode import UuencodedFile, decode_uuencoded

from .archive import archive_of
from .full_text import FULL_TEXTS
from .leaves import find_embedded, is_attachment
from .naming import MAX_SUGGESTED, inner_name, suggested_name
from .safe_name import safe_name, stored_content_type
from .shown_pictures import ShownPictures

if TYPE_CHECKING:
    # Who only wants names and types, as the page of downloads does, need not read texts.
    from .long_text import LongText


class Action(StrEnum):
    """What happens to an attachment."""

    DETACH = "detach"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An attachment: the entity, its number in the message from 1, and its names.

    `embedded` is set where the attachment is not the entity but a file that is in its
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
    those that are in the texts, None to look for them; `long_texts` are the bodies that go out
    in another form.
    """
    found: list[Attachment] = []
    encrypted = _inside(message, "multipart/encrypted")
    alternative = _inside(message, "multipart/alternative")
    shown = ShownPictures(message, long_texts, inline_image_limit)
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
            filename = entity.filename or inner_name(message, entity)
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
                        if filename or len(found) >= MAX_SUGGESTED
                        else suggested_name(message, entity)
                    ),
                )
            )
            continue
        if long_text is not None and long_text.is_attached:
            content_type = entity.media_type.full
            if entity.media_type.type == "multipart":
                content_type = "text/plain"  # the text that it is
            filename = FULL_TEXTS.get(content_type)
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


def _inside(message: Message, full: str) -> frozenset[Entity]:
    """All entities inside of multiparts of that type."""
    inside: set[Entity] = set()
    for entity in message.entities:
        if entity.media_type.full == full or entity in inside:
            inside.update(entity.parts)
    return frozenset(inside)


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
