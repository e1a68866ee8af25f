"""Signed multiparts (RFC 1847): a signature over words that changed would only alarm."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from relay_core.attachments.attachment import is_signature
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.wording.wording import Wording

from .unchanged import can_stay_unchanged


def signature_note(wording: Wording) -> str:
    """The sentence about a signature that would no longer be valid."""
    return wording.say(
        "This message was digitally signed. The signature was removed because the message was"
        " changed on its way."
    )


def no_longer_signed(message: Message, changed: AbstractSet[Entity]) -> frozenset[Entity]:
    """The signed multiparts in whose content anything changes.

    `changed` are the entities that change for another reason than that they cannot travel.
    """
    multiparts = [entity for entity in reversed(message.entities) if entity.parts]
    signed = [one for one in multiparts if one.media_type.full == "multipart/signed"]
    if not signed:
        return frozenset()
    found = set(changed)
    for entity in reversed(message.entities):
        if entity.parts:
            if any(part in found for part in entity.parts):
                found.add(entity)
        elif not is_signature(entity) and not can_stay_unchanged(message, entity):
            found.add(entity)
    return frozenset(entity for entity in signed if entity in found)
