"""Which files may be damaged: their transfer encoding is incomplete.

What can be decoded is decoded. Whether it is all is told from the number of characters: base64
has four for every three bytes, and every one of them counts (RFC 2045 section 6.8).
"""

from __future__ import annotations

from collections.abc import Sequence

from relay_core.mime.base64_content import is_whole_base64
from relay_core.mime.message import Message
from relay_core.mime.transfer_encoding import TransferEncoding
from relay_core.mime.uuencode import find_uuencoded_in_bytes
from relay_core.wording.wording import Wording

from .attachment import Attachment

_MAX_NAMED = 10


def may_be_damaged(message: Message, attachment: Attachment, size: int) -> bool:
    """Whether something of a file of `size` decoded bytes was lost, or something else is in it."""
    if attachment.members:
        return False
    if attachment.embedded is not None:
        return not attachment.embedded.has_end
    entity = attachment.entity
    if attachment.long_text is not None or entity.media_type.type in {"message", "multipart"}:
        return False
    if entity.transfer_encoding is TransferEncoding.UUENCODE:
        files = find_uuencoded_in_bytes(message.raw, entity.body, most=1)
        return not files or not files[0].has_end
    if entity.transfer_encoding is TransferEncoding.BASE64:
        may_be_cut = entity.body.end == len(message.raw)
        return not is_whole_base64(message.raw, entity.body, size, padded=may_be_cut)
    return entity.transfer_encoding is None


def damage_note(names: Sequence[str], wording: Wording) -> str | None:
    """The note to recipients on files that may be damaged; None if there are none."""
    if not names:
        return None
    if len(names) == 1:
        return wording.say(
            "The file {name} may be damaged: the device did not encode it correctly.",
            name=names[0],
        )
    listed = ", ".join(names[:_MAX_NAMED])
    if (others := len(names) - _MAX_NAMED) > 0:
        listed = wording.say("{names} and {number} more", names=listed, number=others)
    return wording.say(
        "These files may be damaged: the device did not encode them correctly. {names}",
        names=listed,
    )
