"""Where the list of links and the notes are added to the texts of a mail."""

from __future__ import annotations

import re

from relay_core.attachments.attachment import Attachment
from relay_core.attachments.leaves import is_body, is_prose
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.wording.wording import Wording

_ALTERNATIVE = "multipart/alternative"


def visible_texts(message: Message) -> tuple[Entity, ...]:
    """The first prose, and the other forms of it where it is in a multipart/alternative."""
    prose = (leaf for leaf in message.leaves() if is_body(leaf) and is_prose(leaf))
    if (first := next(prose, None)) is None:
        return ()
    if all(one.media_type.full != _ALTERNATIVE for one in message.entities):
        return (first,)
    parents = {part: entity for entity in message.entities for part in entity.parts}
    entity = first
    while entity.media_type.full != _ALTERNATIVE:
        if entity not in parents:
            return (first,)
        entity = parents[entity]
    first_of_each_kind: dict[str, Entity] = {}
    for inner in entity.walk():
        if not inner.parts and is_body(inner) and is_prose(inner):
            first_of_each_kind.setdefault(inner.media_type.full, inner)
    return tuple(first_of_each_kind.values())


# A signature (RFC 3676 section 4.3) has some lines; before more of them the line is another one.
_SIGNATURE = re.compile(r"(?:^|(?<=[\r\n]))-- \r?\n(?:[^\n]*+\n?){0,15}\Z")


def with_appendix(text: str, block: str) -> str:
    """A text with a block at its end, but above the signature."""
    signature = _SIGNATURE.search(text) if "-- " in text else None
    end = len(text) if signature is None else signature.start()
    stripped = text[:end].rstrip()
    extended = f"{stripped}\n\n{block}" if stripped else block
    return extended if signature is None else f"{extended}\n{text[end:]}"


def archive_note(archive: Attachment, wording: Wording) -> str:
    """The sentence about attachments beyond the limit, which are in one archive."""
    total = archive.index - 1 + len(archive.members)
    return wording.say(
        "This message has {total} files. The first {listed} are listed here; all others are in the"
        " archive {archive}.",
        total=total,
        listed=archive.index - 1,
        archive=archive.safe_name,
    )
