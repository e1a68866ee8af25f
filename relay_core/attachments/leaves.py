"""What a leaf of a message is: a body, which a reader sees, or an attachment.

An attachment is a leaf that is not the message's text: it has a disposition of attachment,
or a file name, or a type that is not text; a message/rfc822 entity is one attachment, kept
whole; a multipart that could not be split is one only if it has either of the first two marks.
text/plain and text/html leaves without a mark are the message's bodies. A file that stands
uuencoded in a body is an attachment too.

Any other text without a mark (text/csv, text/x-log, text/calendar) is a body too: it stays
where it is, in the type that it has, and a mail program shows it as plain text if it knows
nothing better (RFC 2046 section 4.1.4). So recipient codes are looked for in it. But the list of
links is never put there: a table or an invitation would be no longer what it was.
"""

from __future__ import annotations

from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.transfer_encoding import IDENTITY
from relay_core.mime.uuencode import UuencodedFile, find_uuencoded


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


def find_embedded(
    message: Message, body: Entity, *, most: int | None = None
) -> tuple[UuencodedFile, ...]:
    """The files that stand uuencoded in one of the texts, in order, or the first `most`."""
    if body.transfer_encoding in IDENTITY and (
        message.raw.find(b"begin ", body.body.start, body.body.end) < 0
    ):
        return ()
    return find_uuencoded(message.text(body).text, most=most)
