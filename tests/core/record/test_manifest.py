"""The ledger's JSON form."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Reason, Refusal
from relay_core.keys import MessageId, RawKey
from relay_core.record.lease import Lease, Worker
from relay_core.record.manifest import (
    Death,
    DeathCause,
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    StoredAttachment,
)
from relay_core.record.manifest_json import format_manifest, parse_manifest

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
TIMES = st.datetimes(timezones=st.just(UTC))
STATES = tuple(DeliveryState)
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
    state=st.sampled_from(STATES),
    submission_id=st.none() | TEXT,
    at=st.none() | TIMES,
    failure=st.none() | TEXT,
    revoked_at=st.none() | TIMES,
    repeats=st.integers(0, 3),
)
REFUSALS = st.builds(
    Refusal, reason=st.sampled_from(Reason), detail=TEXT, address=st.none() | TEXT
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
    state=st.sampled_from(ManifestState),
    reason=st.none() | st.sampled_from(Reason),
    detail=TEXT,
    lease=st.none()
    | st.builds(Lease, holder=TEXT, until=TIMES, queue_message=TEXT, is_last_try=st.booleans()),
    deaths=st.lists(
        st.builds(
            Death,
            queue_message=TEXT,
            cause=st.sampled_from(DeathCause),
            at=st.none() | TIMES,
        ),
        max_size=2,
    ).map(tuple),
    files_since=st.none() | TIMES,
    marker=TEXT,
    short_marker=TEXT,
    is_budgeted=st.booleans(),
    is_dead=st.booleans(),
    refusals=st.lists(REFUSALS, max_size=3).map(tuple),
    asked=st.lists(TEXT, max_size=2).map(tuple),
)


@given(MANIFESTS)
def test_parse_is_the_inverse_of_format(manifest: Manifest) -> None:
    assert manifest == parse_manifest(format_manifest(manifest))


NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINE = Worker(name="mine", deadline=NOW + timedelta(minutes=2), reserve=timedelta(seconds=40))
OTHER = Worker(name="other", deadline=NOW + timedelta(minutes=1), reserve=timedelta(seconds=40))
FINAL = {DeliveryState.SUBMITTED, DeliveryState.FAILED}


def records_for(manifest: Manifest) -> st.SearchStrategy[list[DeliveryRecord]]:
    names = [one.recipient for one in manifest.deliveries]
    record = st.builds(
        DeliveryRecord, recipient=st.sampled_from(names or [""]), state=st.sampled_from(STATES)
    )
    return st.lists(record, max_size=4, unique_by=lambda one: one.recipient)


@given(MANIFESTS.flatmap(lambda one: st.tuples(st.just(one), records_for(one))))
def test_a_record_changes_its_own_delivery_and_nothing_final_is_open_again(
    case: tuple[Manifest, list[DeliveryRecord]],
) -> None:
    manifest, records = case
    held = replace(manifest, lease=MINE.lease)
    recorded = held.recording(records, MINE)
    given_for = {record.recipient: record for record in records}
    assert held == replace(recorded, deliveries=held.deliveries, deaths=held.deaths)
    for before, after in zip(held.deliveries, recorded.deliveries, strict=True):
        record = given_for.get(before.recipient)
        if record is None or (before.state in FINAL and record.state not in FINAL):
            assert before == after
        else:
            kept = replace(record, revoked_at=before.revoked_at, repeats=before.repeats)
            assert kept == after
    assert recorded == recorded.recording(records, MINE)


@given(MANIFESTS.flatmap(lambda one: st.tuples(st.just(one), records_for(one))))
def test_a_worker_that_lost_the_message_can_only_add_what_is_final(
    case: tuple[Manifest, list[DeliveryRecord]],
) -> None:
    manifest, records = case
    taken_over = replace(manifest, lease=OTHER.lease)
    final = [record for record in records if record.state in FINAL]
    assert taken_over.recording(records, MINE) == taken_over.recording(final, MINE)


@given(MANIFESTS, st.data())
def test_a_claim_is_made_once_and_on_open_recipients(
    manifest: Manifest, data: st.DataObject
) -> None:
    names = [one.recipient for one in manifest.deliveries]
    wanted = set(data.draw(st.lists(st.sampled_from(names), max_size=3) if names else st.just([])))
    free = replace(manifest, lease=None)
    group = [one for one in free.deliveries if one.recipient in wanted]
    claimed = free.claiming(group, MINE, NOW, links_until=NOW)
    assert MINE.lease == claimed.lease
    for before, after in zip(free.deliveries, claimed.deliveries, strict=True):
        is_claimed = before.recipient in wanted and before.state not in FINAL
        state = DeliveryState.SUBMITTING if is_claimed else before.state
        repeats = before.repeats + (is_claimed and before.state is DeliveryState.SUBMITTING)
        assert replace(before, state=state, repeats=repeats) == after
    assert not claimed.is_dead
    # A repeated claim changes nothing.
    assert claimed == claimed.claiming(group, MINE, NOW, links_until=NOW)

    def taken(at: datetime) -> Manifest:
        return claimed.claiming(claimed.deliveries, OTHER, at, links_until=at)

    # No other worker while the lease lasts; any worker after it.
    assert claimed == taken(MINE.lease.until - timedelta(seconds=1))
    assert OTHER.lease == taken(MINE.lease.until).lease
    assert claimed == claimed.released(OTHER)
    assert claimed.released(MINE).lease is None


@given(MANIFESTS)
def test_a_settled_manifest_has_no_open_recipient(manifest: Manifest) -> None:
    if manifest.is_settled and manifest.state is ManifestState.RELAYING:
        assert () == (*manifest.open_deliveries(), *manifest.asked)
    left = manifest.open_deliveries() or manifest.asked
    assert manifest.is_settled or left or manifest.state in UNDECIDED


UNDECIDED = {ManifestState.HELD, ManifestState.RELEASED, ManifestState.FAILING}
GOOD = format_manifest(
    Manifest(
        message_id=MessageId("m"),
        raw_key=RawKey("incoming/m"),
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
        GOOD.replace(b'"schema": 2', b'"schema": 3'),
        GOOD.replace(b'"created_at"', b'"other"'),
        GOOD.replace(b"2026", b"x"),
    ],
)
def test_what_is_no_manifest_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_manifest(document)


def test_it_is_json_that_an_operator_can_read() -> None:
    assert "m" == json.loads(GOOD)["message_id"]


def test_a_manifest_of_an_earlier_release_names_the_recipients_left_out() -> None:
    document = json.loads(GOOD)
    document["refusals"] = [
        {"reason": "recipient-not-allowed", "detail": "Eve@e.example is not in allowedRecipients"},
        {"reason": "unknown-group", "detail": "there is no group @oncall"},
    ]
    del document["asked"]
    read = parse_manifest(json.dumps(document).encode())
    assert ["Eve@e.example", None] == [one.address for one in read.refusals]
    assert () == read.asked


def test_a_manifest_of_the_first_schema_is_read_as_one_without_a_lease() -> None:
    document = json.loads(GOOD)
    document["schema"] = 1
    for field in ("lease", "reason", "detail", "state"):
        del document[field]
    assert parse_manifest(GOOD) == parse_manifest(json.dumps(document).encode())


@given(MANIFESTS)
def test_a_lease_holds_only_what_the_release_before_reads(manifest: Manifest) -> None:
    lease = json.loads(format_manifest(manifest))["lease"]
    assert lease is None or {"holder", "until", "out_of_time"} == set(lease)
