"""When a device sent a mail, and whether that is worth saying.

SES writes the time of submission into Date (Amazon SES guide, "Header fields"), so a mail that
waited seems newer than it is. What is known of the true time is the Date that
the device wrote and the moment at which the mail was stored. Clocks of devices are often wrong:
one that was never set says 1970, one in another time zone may be hours ahead. So Date counts only
where it can be true: not after the mail arrived, and not so long before that no mail server would
have kept trying (RFC 5321 section 4.5.4.1 has four to five days; `MAX_TRANSIT_TIME` is more).
Otherwise the time of arrival counts, which is seconds later than the truth for most devices.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_tz

from relay_core.mime.header import Header
from relay_core.wording.wording import Wording

LATE_AFTER = timedelta(minutes=5)
"""From which delay on the mail says so. One that need not wait takes seconds."""

MAX_TRANSIT_TIME = timedelta(days=7)
"""How long before its arrival a device can have sent a mail."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead a device's clock may be and still be believed."""

_MAX_DATE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTime:
    """When the device sent a mail, as well as that is known. Times are aware, in UTC.

    `at` is by the device's own clock if `by_device`, else when the mail arrived. `arrived_at` is
    None where nobody knows.
    """

    at: datetime
    by_device: bool
    arrived_at: datetime | None


def find_sent_time(
    header: Header, *, arrived_at: datetime | None, now: datetime
) -> SentTime | None:
    """When the device sent the mail; None where neither its Date nor an arrival says it.

    `arrived_at` is when the mail was stored, None where nobody knows. Both are aware, in UTC.
    """
    written = parse_date(header.get("date") or b"")
    # A redelivery may be weeks after the arrival: without one, now is the best there is.
    latest = now if arrived_at is None else arrived_at
    if written is not None and latest - MAX_TRANSIT_TIME <= written <= latest + CLOCK_TOLERANCE:
        return SentTime(at=written, by_device=True, arrived_at=arrived_at)
    if arrived_at is None:
        return None
    return SentTime(at=arrived_at, by_device=False, arrived_at=arrived_at)


def late_note(sent: SentTime | None, now: datetime, wording: Wording) -> str | None:
    """The sentence for a reader of a mail that is late; None if it is not."""
    if sent is None or now - sent.at < LATE_AFTER:
        return None
    note = wording.say(
        "The device sent this message on {time}; it was delivered late.",
        time=wording.time(sent.at, now=now),
    )
    arrived_at = sent.arrived_at
    if sent.by_device and arrived_at is not None and arrived_at - sent.at >= LATE_AFTER:
        clock = wording.say(
            "This time is from the device's own clock; the message arrived at the relay on"
            " {time}.",
            time=wording.time(arrived_at, now=now),
        )
        note = f"{note} {clock}"
    return note


def format_date(moment: datetime) -> str:
    """A moment as a field has it (RFC 5322 section 3.3), in UTC."""
    return format_datetime(moment.astimezone(UTC))


def parse_date(value: bytes) -> datetime | None:
    """A Date field's value as a moment in UTC, read leniently; None if it is none.

    Without a zone it is taken for UTC (RFC 5322 section 3.3, "-0000").
    """
    try:
        parsed = parsedate_tz(value[:_MAX_DATE].decode("ascii", "replace"))
        if parsed is None:
            return None
        zone = timezone(timedelta(seconds=parsed[9] or 0))
        return datetime(*parsed[:6], tzinfo=zone).astimezone(UTC)
    # Digits and zones without end; parsedate_tz indexes what it has not looked for.
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
