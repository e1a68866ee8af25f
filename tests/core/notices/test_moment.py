"""The format of a time, which relayctl can parse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.messages.selection import parse_moment
from relay_core.notices.moment import format_distance, format_duration, format_moment

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(1000, 1, 2),  # noqa: DTZ001 - the zone comes beside
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 - likewise
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)


@given(MOMENTS)
def test_what_is_shown_can_be_typed(moment: datetime) -> None:
    assert moment.replace(microsecond=0) == parse_moment(format_moment(moment), NOON)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=700_000)))
def test_a_duration_is_rounded_down_and_can_be_typed(length: timedelta) -> None:
    typed = NOON - parse_moment(format_duration(length), NOON)
    assert length / 2 < typed + timedelta(seconds=1)
    assert typed <= length


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s ago"),
        (119, "119s ago"),
        (120, "2m ago"),
        (7199, "119m ago"),
        (7200, "2h ago"),
        (172_800, "2d ago"),
        (14 * 86_400, "2w ago"),
        (-1, "in 1s"),
        (-36 * 3600, "in 36h"),
    ],
)
def test_distances(seconds: int, expected: str) -> None:
    assert expected == format_distance(NOON - timedelta(seconds=seconds), NOON)
