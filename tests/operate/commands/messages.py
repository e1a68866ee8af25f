"""Messages for the tests of several commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.aws.downloads import Download
from relay_core.keys import MessageId
from relay_core.record.lease import Lease
from relay_core.record.manifest import DeliveryState
from tests.operate.manifests import NOW

FAILED, PENDING = DeliveryState.FAILED, DeliveryState.PENDING
HOUR = timedelta(hours=1)
LEASE = Lease(holder="w", until=datetime.now(UTC) + HOUR)


def download(recipient: str, number: int | None, name: str) -> Download:
    return Download(
        message_id=MessageId("m1"),
        recipient=recipient,
        file=number,
        filename=name,
        at=NOW + 5 * HOUR,
        user_agent="Phone/1",
    )
