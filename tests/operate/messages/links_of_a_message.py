"""A message with links, and the recipients for whom they work."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st

from relay_core.links.download import FileStatus, LinkStatus, LinkView, view_link
from relay_core.links.tokens import LinkKeys, issue_token, read_token
from relay_core.record.manifest import (
    DeliveryState,
    Manifest,
)
from tests.operate.manifests import ANNA, BEN, CARL, NOW, attached, manifest, to

KEYS = LinkKeys(current=bytes(32))
LATER = NOW + timedelta(hours=1)
ALL = (ANNA, BEN, CARL)
MESSAGE = manifest(
    "m1",
    to(ANNA),
    to(BEN, DeliveryState.PENDING),
    to(CARL, DeliveryState.FAILED),
    attachments=(attached("a.jpg", 0), attached("b.jpg", 1)),
)


def view(message: Manifest, recipient: str, now: datetime = NOW) -> LinkView:
    """The view of a recipient's link."""
    claim = read_token(issue_token(message.message_id, recipient, KEYS), KEYS)
    assert claim is not None
    return view_link(claim, message, now)


def is_open(message: Manifest, recipient: str) -> bool:
    return view(message, recipient).status is LinkStatus.AVAILABLE


def fetchable(message: Manifest) -> set[int]:
    return {
        file.number
        for recipient in ALL
        for file in view(message, recipient).files
        if file.status is FileStatus.READY
    }


RECIPIENTS = st.sets(st.sampled_from(ALL))
NUMBERS = st.sets(st.sampled_from([1, 2]))
