"""A delayed mail states when the device sent it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.outgoing.sent_time import LATE_AFTER, MAX_TRANSIT_TIME, parse_date
from relay_core.settings import Settings
from tests.core import oracle
from tests.fakes import MemoryWorld

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def relayed(date: datetime | str | None, arrived_at: datetime | None) -> tuple[str, str | None]:
    """The text that the recipient reads, and the relay's own field."""
    written = format_datetime(date) if isinstance(date, datetime) else date
    field = "" if written is None else f"Date: {written}\n"
    world = MemoryWorld(now=NOW)
    raw = f"From: a@site.example\n{field}\nHot.\n:Email_Rxers_Code:a@example.com:Email_Rxers_Code:"
    world.relay(raw.encode(), SETTINGS, arrived_at=arrived_at)
    (sent,) = world.submission.outbox
    message = oracle.parse(sent.raw)
    return oracle.text_of(message), message["X-Mail-Relay-Date"]


def test_a_mail_that_need_not_wait_says_nothing_and_keeps_its_time_in_a_field() -> None:
    text, field = relayed(NOW - MINUTE, NOW - MINUTE)
    assert "The device sent" not in text
    assert "Wed, 25 Nov 2026 11:59:00 +0000" == field


def test_one_that_waited_says_when_the_device_sent_it() -> None:
    text, field = relayed(NOW - 90 * MINUTE, NOW - 89 * MINUTE)
    assert (
        "The device sent this message on 25 November, 10:30 UTC; it was delivered late.\n" in text
    )
    assert field is not None
    assert NOW - 90 * MINUTE == parsedate_to_datetime(field)


def test_times_are_shown_in_utc_whatever_the_devices_zone_is() -> None:
    text, field = relayed("Wed, 25 Nov 2026 05:30:00 -0500 (EST)", NOW - 89 * MINUTE)
    assert "The device sent this message on 25 November, 10:30 UTC; it was delivered late." in text
    assert "Wed, 25 Nov 2026 10:30:00 +0000" == field


def test_one_that_waited_before_it_came_here_says_whose_clock_it_goes_by() -> None:
    text, _ = relayed(NOW - 3 * 60 * MINUTE, NOW - MINUTE)
    assert "The device sent this message on 25 November, 09:00 UTC; it was delivered late." in text
    assert "from the device's own clock" in text
    assert "arrived at the relay on\n25 November, 11:59 UTC" in text


@pytest.mark.parametrize(
    "date",
    [
        None,
        "yesterday",
        "",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        NOW - 366 * 24 * 60 * MINUTE,
        NOW + 3 * 60 * MINUTE,
        datetime(2099, 1, 1, tzinfo=UTC),
        "Wed, 25 Nov 99999999999999999999 10:30:00 +0000",
        "Wed, 25 Nov 2026 10:30:00 +9999999999",
        "\xff" * 300,
        "9" * 5000,
    ],
)
def test_a_clock_that_cannot_be_right_is_not_believed(date: datetime | str | None) -> None:
    text, field = relayed(date, NOW - 90 * MINUTE)
    assert "The device sent this message on 25 November, 10:30 UTC; it was delivered late." in text
    assert "own clock" not in text
    assert "Wed, 25 Nov 2026 10:30:00 +0000" == field


def test_without_an_arrival_time_the_date_alone_counts() -> None:
    assert ("Hot.\n", None) == relayed("Thu, 01 Jan 1970 00:00:00 +0000", None)
    text, _ = relayed(NOW - 90 * MINUTE, None)
    assert "The device sent this message on 25 November, 10:30 UTC; it was delivered late." in text


@given(
    st.timedeltas(-MAX_TRANSIT_TIME * 2, MAX_TRANSIT_TIME * 2),
    st.timedeltas(timedelta(0), timedelta(days=20)),
)
def test_a_reader_sees_a_note_exactly_if_the_mail_is_late(way: timedelta, wait: timedelta) -> None:
    arrived_at = NOW - wait
    text, field = relayed((arrived_at - way).replace(microsecond=0), arrived_at)
    assert field is not None
    sent_at = parsedate_to_datetime(field)
    assert arrived_at - MAX_TRANSIT_TIME - MINUTE <= sent_at <= arrived_at + 5 * MINUTE
    if abs(NOW - sent_at - LATE_AFTER) > MINUTE:
        assert (NOW - sent_at > LATE_AFTER) is ("delivered late" in text)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_moment_in_utc_or_none(value: bytes) -> None:
    moment = parse_date(value)
    assert moment is None or moment.utcoffset() == timedelta(0)
