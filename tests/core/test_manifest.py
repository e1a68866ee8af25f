"""The ledger's JSON form."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.manifest import (
    DeliveryRecord,
    DeliveryState,
    Manifest,
    MessageId,
    StoredAttachment,
    format_manifest,
    parse_manifest,
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
TIMES = st.datetimes(timezones=st.just(UTC))
ATTACHMENTS = st.builds(
    StoredAttachment,
    key=TEXT,
    filename=TEXT,
    content_type=TEXT,
    size=st.integers(0, 10**9),
    sha256=TEXT,
)
DELIVERIES = st.builds(
    DeliveryRecord,
    recipient=TEXT,
    state=st.sampled_from(DeliveryState),
    submission_id=st.none() | TEXT,
    at=st.none() | TIMES,
    failure=st.none() | TEXT,
)
MANIFESTS = st.builds(
    Manifest,
    message_id=TEXT.map(MessageId),
    raw_key=TEXT,
    sender=st.none() | TEXT,
    subject=TEXT,
    created_at=TIMES,
    expires_at=TIMES,
    attachments=st.lists(ATTACHMENTS, max_size=3).map(tuple),
    deliveries=st.lists(DELIVERIES, max_size=3, unique_by=lambda one: one.recipient).map(tuple),
)


@given(MANIFESTS)
def test_parse_is_the_inverse_of_format(manifest: Manifest) -> None:
    assert manifest == parse_manifest(format_manifest(manifest))


@given(MANIFESTS, st.sampled_from(DeliveryState))
def test_recording_changes_one_delivery(manifest: Manifest, state: DeliveryState) -> None:
    for delivery in manifest.deliveries:
        record = DeliveryRecord(recipient=delivery.recipient, state=state)
        recorded = manifest.recording(record)
        assert [record if one == delivery else one for one in manifest.deliveries] == list(
            recorded.deliveries
        )
        assert (delivery.recipient in recorded.pending()) == (state is DeliveryState.PENDING)


NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = format_manifest(
    Manifest(
        message_id=MessageId("m"),
        raw_key="incoming/m",
        sender=None,
        subject="",
        created_at=NOW,
        expires_at=NOW,
        attachments=(),
        deliveries=(),
    )
)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        GOOD.replace(b'"schema": 1', b'"schema": 2'),
        GOOD.replace(b'"created_at"', b'"other"'),
        GOOD.replace(b"2026", b"x"),
    ],
)
def test_what_is_no_manifest_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_manifest(document)


def test_it_is_json_that_an_operator_can_read() -> None:
    assert "m" == json.loads(GOOD)["message_id"]
