"""Revoking links, and undoing that.

A recipient's link is revoked while their record in the manifest is marked, and a file while its
own record is (`relay_core.links.download`). The mark is the time of the revocation; a second
revocation does not change it. A worker that has the message at that time keeps the marks
(`Manifest.recording`), so a revocation does not wait for it.

Recipients whose addresses differ only in letter case have one link: they are marked together.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from relay_core.links.tokens import recipient_tag
from relay_core.record.manifest import DeliveryRecord, Manifest

from .redelivery import NotDone, no_such_recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """The recipients whose links are revoked, and the keys of revoked files.

    `at` is the time of the revocation; None makes links and files valid again.
    """

    recipients: tuple[str, ...]
    files: tuple[str, ...]
    at: datetime | None

    def apply(self, manifest: Manifest) -> Manifest:
        """The manifest with the marks. Others may have written the manifest in the meantime."""
        return replace(
            manifest,
            deliveries=tuple(
                replace(one, revoked_at=self._mark(one.revoked_at))
                if one.recipient in self.recipients
                else one
                for one in manifest.deliveries
            ),
            attachments=tuple(
                replace(one, revoked_at=self._mark(one.revoked_at))
                if one.key in self.files
                else one
                for one in manifest.attachments
            ),
        )

    def _mark(self, before: datetime | None) -> datetime | None:
        return self.at and (before or self.at)


def plan_revocation(
    manifest: Manifest,
    recipients: Collection[str],
    numbers: Collection[int],
    at: datetime | None,
) -> Revocation:
    """The revocation of those recipients' links and those files; of all links if none is named.

    `numbers` count the message's attachments from 1. `at` as in `Revocation`.

    Raises:
        NotDone: if the message has no such recipient or file, or no recipient has a link yet.
    """
    if not manifest.deliveries:
        raise no_recipient_has_a_link(manifest)
    if recipients or numbers:
        chosen = [one for name in recipients for one in sharing_a_link(manifest, name)]
    else:
        chosen = list(manifest.deliveries)
    return Revocation(
        recipients=tuple(dict.fromkeys(one.recipient for one in chosen)),
        files=tuple(dict.fromkeys(_file(manifest, number) for number in numbers)),
        at=at,
    )


def sharing_a_link(manifest: Manifest, recipient: str) -> tuple[DeliveryRecord, ...]:
    """The recipients of the message who have the same link as this address.

    Raises:
        NotDone: if there are none.
    """
    tag = recipient_tag(recipient)
    found = tuple(one for one in manifest.deliveries if recipient_tag(one.recipient) == tag)
    if not found:
        raise no_such_recipient(manifest, recipient)
    return found


def no_recipient_has_a_link(manifest: Manifest) -> NotDone:
    """The error for a message without recipients."""
    return NotDone(
        f"{manifest.message_id} ({manifest.state}) has no recipients, so no link to it exists"
    )


def _file(manifest: Manifest, number: int) -> str:
    if not 1 <= number <= len(manifest.attachments):
        raise NotDone(
            f"{manifest.message_id} has no attachment {number} of {len(manifest.attachments)};"
            f" 'relayctl show {manifest.message_id}' numbers them"
        )
    return manifest.attachments[number - 1].key
