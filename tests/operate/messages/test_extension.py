"""An extension moves the expiry of links later, but not after the deletion of their files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.messages.extension import (
    Extension,
    RetainedObject,
    later_by,
    latest_end,
    plan_extension,
)
from operate.messages.redelivery import NotDone
from operate.messages.selection import parse_time
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import Manifest
from tests.operate.manifests import ANNA, NOW, manifest, to

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
TIMES = st.timedeltas(-DAY, 30 * DAY).map(NOW.__add__)
KEPT = st.lists(
    st.builds(
        RetainedObject, stored_at=TIMES, retention=st.none() | st.integers(1, 20).map(DAY.__mul__)
    ),
    max_size=3,
)
MESSAGE = manifest("m1", to(ANNA))


def s3_deletes(kept: RetainedObject) -> datetime | None:
    """When S3 deletes it: the first midnight (UTC) at or after the end of the retention."""
    if kept.retention is None:
        return None
    end = kept.stored_at + kept.retention
    midnight = datetime(end.year, end.month, end.day, tzinfo=UTC)
    return midnight if midnight == end else midnight + DAY


@given(TIMES, KEPT, TIMES, TIMES)
def test_nothing_is_promised_that_is_deleted_before(
    created_at: datetime, kept: list[RetainedObject], until: datetime, now: datetime
) -> None:
    message = replace(MESSAGE, created_at=created_at, expires_at=created_at + 36 * HOUR)
    latest = latest_end(created_at, kept)
    try:
        after = plan_extension(message, until, latest, now).apply(message)
    except NotDone:
        return
    assert until == after.expires_at
    assert max(message.expires_at, now) < until
    for one in kept:
        deleted = s3_deletes(one)
        assert deleted is None or until <= deleted
        assert one.retention is None or until <= created_at + one.retention
    assert replace(after, expires_at=message.expires_at) == message


@given(TIMES, KEPT, TIMES)
def test_the_latest_time_that_an_error_names_is_taken_and_no_later_one(
    created_at: datetime, kept: list[RetainedObject], now: datetime
) -> None:
    message = replace(MESSAGE, created_at=created_at, expires_at=created_at + HOUR)
    latest = latest_end(created_at, kept)
    if latest is None:
        assert all(one.retention is None for one in kept)
        return
    with pytest.raises(NotDone) as refused:
        plan_extension(message, max(latest, message.expires_at) + SECOND, latest, now)
    if latest <= max(message.expires_at, now):
        assert "cannot be extended any further" in str(refused.value)
        return
    named = str(refused.value).partition("--until ")[2].split()[0]
    assert latest == parse_time(named)
    assert latest == plan_extension(message, parse_time(named), latest, now).until


def test_retention_counts_from_when_the_message_was_created() -> None:
    # Attachments are stored shortly before the message is created; S3 deletes at midnight.
    stored = RetainedObject(stored_at=NOW - SECOND, retention=14 * DAY)
    assert NOW + 14 * DAY == latest_end(NOW, [stored])
    # Attachments of an earlier try are deleted earlier.
    early = RetainedObject(stored_at=NOW - 3 * DAY, retention=14 * DAY)
    assert datetime(2026, 1, 14, tzinfo=UTC) == latest_end(NOW, [stored, early])
    # Without a lifecycle rule there is no limit.
    assert latest_end(NOW, [RetainedObject(stored_at=NOW, retention=None)]) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [(NOW, NOW + 38 * HOUR), (NOW + 36 * HOUR, NOW + 38 * HOUR), (NOW + 99 * HOUR, None)],
)
def test_hours_are_added_to_what_is_left(now: datetime, expected: datetime | None) -> None:
    assert (expected or now + 2 * HOUR) == later_by(MESSAGE, 2 * HOUR, now)


@given(st.lists(st.integers(1, 500).map(HOUR.__mul__), min_size=1, max_size=4))
def test_of_several_extensions_the_longest_counts_in_any_order(hours: list[timedelta]) -> None:
    message: Manifest = MESSAGE
    for one in hours:
        message = Extension(until=NOW + one).apply(message)
    assert max(NOW + 36 * HOUR, NOW + max(hours)) == message.expires_at


@pytest.mark.parametrize(
    ("until", "words"),
    [
        (NOW, "valid until 2026-01-04T00:00:00Z, which is not before 2026-01-02T12:00:00Z"),
        (NOW + 36 * HOUR, "revoke"),
        (NOW + 14 * DAY + SECOND, "--until 2026-01-16T12:00:00Z is the latest possible"),
        (NOW + 14 * DAY + SECOND, "attachmentRetentionDays"),
    ],
)
def test_what_is_refused_is_explained(until: datetime, words: str) -> None:
    with pytest.raises(NotDone, match=words):
        plan_extension(MESSAGE, until, NOW + 14 * DAY, NOW)


def test_what_is_over_is_not_extended_into_the_past() -> None:
    with pytest.raises(NotDone, match="is in the past: give a later time"):
        plan_extension(MESSAGE, NOW + 40 * HOUR, None, NOW + 50 * HOUR)


@given(TIMES)
def test_a_moment_is_printed_as_it_is_typed(moment: datetime) -> None:
    assert moment.replace(microsecond=0) == parse_time(format_moment(moment))
