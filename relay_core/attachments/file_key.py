"""The key of a detached file: its place and name in the mail, and the bytes that it is made of.

A file may be stored by one delivery of a mail and listed by a later one, under another
configuration: with another `maxBodyBytes` or `maxAttachments` files have other places, and with
another marker another text is cut. So the key also says which bytes of the mail it is made of, and
what is left out of them. One key means one content.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from relay_core.keys import AttachmentKey, MessageId, attachment_key

from .attachment import Attachment

_DIGITS = 12


def file_key(message_id: MessageId, attachment: Attachment) -> AttachmentKey:
    """The key that a file of a message is stored under, the same at every delivery."""
    digest = sha256("\n".join(_made_of(attachment)).encode()).hexdigest()[:_DIGITS]
    place = f"{attachment.index}-{digest}"
    return attachment_key(message_id, place, attachment.safe_name)


def earlier_file_key(message_id: MessageId, attachment: Attachment) -> AttachmentKey | None:
    """The key that the release before gave a file that is an entity of the mail; else None.

    That release has written it into manifests, whose recipients have links to it.
    """
    if attachment.members or attachment.embedded is not None or attachment.long_text is not None:
        return None
    return attachment_key(message_id, str(attachment.index), attachment.safe_name)


def _made_of(attachment: Attachment) -> Iterator[str]:
    """All that its content depends on, but for the mail's bytes and the secret addresses.

    A key must not depend on these: a digest would confirm a guess of one.
    """
    for member in attachment.members:
        yield member.safe_name
        yield from _made_of(member)
    if attachment.members:
        return
    yield f"body {attachment.entity.body}"
    if attachment.embedded is not None:
        yield f"file {attachment.embedded.data} long {attachment.long_text is not None}"
    elif attachment.long_text is not None:
        yield f"without {attachment.long_text.removals} {attachment.long_text.files}"
