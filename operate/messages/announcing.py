"""Announcing a mail to the queue again, after its change was recorded in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay_core.delivery.ledger import Ledger
from relay_core.errors import AdapterError
from relay_core.keys import RawKey
from relay_core.ports import StoredManifest
from relay_core.record.manifest import Intervention, Manifest

from .intervention import intervened
from .redelivery import Redelivery

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject
    from operate.stack.access import StackAccess


def record_and_announce(
    access: StackAccess,
    stored: StoredManifest | None,
    redelivery: Redelivery | None,
    raw: StoredObject,
    intervention: Intervention,
) -> None:
    """Record the change, then announce the mail; for the order see `redelivery`."""
    from adapters.aws.sqs import Received  # noqa: PLC0415 - see `access`

    def change(found: Manifest) -> Manifest:
        return redelivery.apply(found, access.clock()) if redelivery else found

    if stored is not None:
        ledger = Ledger(access.manifests, stored.manifest, stored)
        ledger.update(lambda found: intervened(found, intervention, change))
    try:
        access.notifications.announce(
            # The time of arrival, so that the mail counts in the time window of its arrival.
            Received(raw_key=RawKey(raw.key), arrived_at=raw.stored_at)
        )
    except AdapterError as error:
        error.add_note("nothing is lost: run the same command again")
        raise
