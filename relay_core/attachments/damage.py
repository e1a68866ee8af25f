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

from .attachment import Attachment

_MOST_NAMED = 10


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


def damage_note(names: Sequence[str]) -> str | None:
    """What recipients are told of files that may be damaged; None if there are none."""
    if not names:
        return None
    if len(names) == 1:
        return f"The attachment {names[0]} may be damaged: it was not encoded as mail asks for."
    listed = ", ".join(names[:_MOST_NAMED])
    others = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return (
        "These attachments may be damaged, for they were not encoded as mail asks for: "
        f"{listed}{others}."
    )
