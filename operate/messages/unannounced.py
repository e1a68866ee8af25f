"""Raw mail that was stored but never processed: it has no manifest.

A worker writes a manifest of every mail that it receives, whatever the result. So a raw message
without one was never announced, or is still in a queue, or each try failed before that write.
Announcing it again is harmless: a mail that is announced twice is relayed once.

Manifests are deleted by age too. A raw message that is older than their retention may have had
one. It is left out; otherwise mail that was relayed weeks ago would be relayed again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from relay_core.keys import INCOMING_PREFIX, MessageId, RawKey, message_id_of

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject
    from operate.stack.access import StackAccess

SETTLED = timedelta(minutes=10)
"""The minimum age of a mail that counts as unannounced: S3 usually announces within seconds."""

_SETUP = "AMAZON_SES_SETUP_NOTIFICATION"
"""The object that SES writes for a new receipt rule (SES guide, "Deliver to S3 bucket action")."""


def find_unannounced(access: StackAccess, until: datetime) -> list[StoredObject]:
    """The raw messages stored before `until` that have no manifest, oldest first.

    It lists both buckets, a thousand objects a request (S3 pricing: LIST, $0.005 for 1,000).
    """
    from relay_core.keys import manifest_prefix, message_id_in  # noqa: PLC0415 - see `access`

    prefix = manifest_prefix()
    days = access.retention.read().days(prefix)
    # A lifecycle rule deletes at the midnight after the age: one day less is certainly kept.
    since = None if days is None else access.clock() - timedelta(days=max(0, days - 1))
    # In this order: a mail announced between the two listings has its manifest in the second.
    raw = list(access.incoming.beginning_with(INCOMING_PREFIX))
    known = {message_id_in(one.key) for one in access.attachments.beginning_with(prefix)}
    found = without_manifest(raw, {one for one in known if one is not None}, since, until)
    return sorted(found, key=lambda one: one.stored_at)


def without_manifest(
    raw: Iterable[StoredObject],
    known: Collection[MessageId],
    since: datetime | None,
    until: datetime,
) -> Iterator[StoredObject]:
    """The raw messages stored in this time that are not among the known ones."""
    for one in raw:
        if (
            (since is None or one.stored_at >= since)
            and one.stored_at < until
            and not one.key.endswith(f"/{_SETUP}")
            and message_id_of(RawKey(one.key)) not in known
        ):
            yield one
