"""The manifest of one message, as the worker that holds its lease changes it.

A change is a function from manifest to manifest. When somebody else has written in between (an
operator, or a worker whose lease ran out), the changes are made again on what is there now, so
that neither's are lost. A change that could not be saved stays, and goes with the next.

What is at stake is a record of a mail that the mail service took: if it is lost, somebody gets
that mail twice. So saving is tried more than once, beyond the retries of the store's client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import reduce

from relay_core.addresses.secrecy import conceal
from relay_core.errors import Conflict, TransientError
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Manifests, StoredManifest, Version
from relay_core.record.manifest import Manifest
from relay_core.settings import Settings

Change = Callable[[Manifest], Manifest]

MAX_TRIES = 5
"""How often one change is tried to be saved before the worker gives up."""


class Ledger:
    """A manifest under change; `manifest` has all changes, saved or not."""

    def __init__(
        self, manifests: Manifests, manifest: Manifest, stored: StoredManifest | None
    ) -> None:
        """`stored` is the manifest in the store, and `manifest` the one to be written.

        If they differ, the first change saves both. If another worker has begun or finished
        relaying the message in the meantime, its manifest replaces this one. Records of operators'
        actions and results of scans are kept from either.
        """
        self._manifests = manifests
        self._stored = stored
        self._unsaved: list[Change] = []
        if stored is None or manifest != stored.manifest:
            self._unsaved.append(
                lambda found: (
                    found
                    if found.state is manifest.state or found.is_settled
                    else replace(
                        manifest, interventions=found.interventions, threats=found.threats
                    )
                )
            )
        self.manifest = manifest

    def update(self, change: Change) -> None:
        """Change the manifest, and save it.

        Raises:
            TransientError: if it cannot be saved now.
            PermanentError: if it never can be.
        """
        self._unsaved.append(change)
        self.manifest = change(self.manifest)
        is_stale = False
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                if is_stale:
                    self._reload()
                    is_stale = False
                self._save()
            except TransientError as error:
                if not tries_left:
                    raise
                # A conflict may also be the answer to our own write, whose answer was lost.
                is_stale = is_stale or isinstance(error, Conflict)
            else:
                return

    def _save(self) -> None:
        if self._stored is None:
            version = self._manifests.create(self.manifest)
        elif self._stored.manifest == self.manifest:
            version = self._stored.version
        else:
            version = self._manifests.replace(self.manifest, self._stored.version)
        self._stored = StoredManifest(self.manifest, version)
        self._unsaved.clear()

    def _reload(self) -> None:
        self._stored = self._manifests.load(self.manifest.message_id)
        # A manifest that was deleted meanwhile is written again, with all that is known.
        if self._stored is not None:
            self.manifest = reduce(
                lambda found, change: change(found), self._unsaved, self._stored.manifest
            )


def empty_manifest(mail: MailIdentity, settings: Settings, now: datetime) -> Manifest:
    """A manifest without recipients. Its links get an expiry when the first one is sent."""
    return Manifest(
        message_id=mail.message_id,
        raw_key=mail.raw_key,
        sender=mail.sender and conceal(mail.sender, settings.secret_addresses),
        subject=mail.subject,
        created_at=now,
        expires_at=now + settings.link_expiry,
        attachments=(),
        deliveries=(),
        via=mail.arrival.address,
    )


def begun_manifest(
    mail: MailIdentity, stored: StoredManifest | None, settings: Settings, now: datetime
) -> Manifest:
    """The manifest of a mail without recipients yet, with what earlier tries recorded.

    That is how old it is, its files and what was found in them, what operators did, and which
    workers it has killed.
    """
    begun = empty_manifest(mail, settings, now)
    if stored is None:
        return begun
    found = stored.manifest
    return replace(
        begun,
        created_at=found.created_at,
        attachments=found.attachments,
        files_since=found.files_since,
        threats=found.threats,
        interventions=found.interventions,
        deaths=found.deaths,
        is_budgeted=found.is_budgeted,
        via=begun.via or found.via,  # an address that was retired meanwhile is not known any more
    )


def write_manifest(
    manifest: Manifest, over: StoredManifest | None, manifests: Manifests
) -> Version:
    """Write a manifest over the version that was found, or as a new one. Returns the new version.

    Raises:
        Conflict: if another version is stored by now.
    """
    if over is None:
        return manifests.create(manifest)
    return manifests.replace(manifest, over.version)
