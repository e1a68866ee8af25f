"""Manifests for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from relay_core.errors import Reason, Refusal
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.record.lease import Lease
from relay_core.record.manifest import (
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    StoredAttachment,
)

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
ANNA, BEN, CARL = "anna@example.com", "ben@example.net", "carl@plant.example.com"


def attached(
    name: str, number: int = 0, message_id: str = "m1", failure: str | None = None
) -> StoredAttachment:
    return StoredAttachment(
        key=AttachmentKey(f"attachments/{message_id}/{number}/{name}"),
        filename=name,
        content_type="image/jpeg",
        size=3_200_000,
        sha256="0",
        failure=failure,
    )


def manifest(
    message_id: str = "m1",
    *deliveries: DeliveryRecord,
    state: ManifestState = ManifestState.RELAYING,
    created_at: datetime = NOW,
    sender: str | None = "cam@plant.example",
    subject: str = "Gate",
    reason: Reason | None = None,
    detail: str = "",
    lease: Lease | None = None,
    attachments: tuple[StoredAttachment, ...] = (),
    refusals: tuple[Refusal, ...] = (),
    is_dead: bool = False,
) -> Manifest:
    return Manifest(
        message_id=MessageId(message_id),
        raw_key=RawKey(f"incoming/{message_id}"),
        sender=sender,
        subject=subject,
        created_at=created_at,
        expires_at=created_at + timedelta(hours=36),
        attachments=attachments,
        deliveries=deliveries,
        state=state,
        reason=reason,
        detail=detail,
        lease=lease,
        refusals=refusals,
        is_dead=is_dead,
    )


def left_out(address: str) -> Refusal:
    detail = f"{address} is not in allowedRecipients"
    return Refusal(reason=Reason.RECIPIENT_NOT_ALLOWED, detail=detail, address=address)


def to(
    recipient: str, state: DeliveryState = DeliveryState.SUBMITTED, failure: str | None = None
) -> DeliveryRecord:
    submission_id = f"ses-{recipient}" if state is DeliveryState.SUBMITTED else None
    return DeliveryRecord(
        recipient=recipient, state=state, submission_id=submission_id, at=NOW, failure=failure
    )


DELIVERIES = st.lists(
    st.builds(to, st.sampled_from([ANNA, BEN, CARL]), st.sampled_from(DeliveryState)),
    max_size=3,
    unique_by=lambda one: one.recipient,
)


@st.composite
def manifests(draw: st.DrawFn, *, leases: bool = True) -> Manifest:
    """Any valid manifest, also one that the relay itself does not write."""
    left = st.integers(-100, 100).map(lambda seconds: NOW + timedelta(seconds=seconds))
    return manifest(
        "m1",
        *draw(DELIVERIES),
        state=draw(st.sampled_from(ManifestState)),
        reason=draw(st.none() | st.sampled_from(Reason)),
        detail=draw(st.sampled_from(["", "SlowDown"])),
        lease=draw(
            st.none()
            | st.builds(Lease, holder=st.just("w"), until=left, is_last_try=st.booleans())
        )
        if leases
        else None,
        is_dead=draw(st.booleans()),
    )
