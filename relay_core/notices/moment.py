"""Points in time as an operator reads and types them: exact, and relative to now.

Notices and `relayctl` use one format for moments: to the second, in UTC, without a blank
(ISO 8601, RFC 3339). Durations have the format of `relayctl --since`. Texts for recipients use
`relay_core.wording.wording.Wording.time`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_UNITS = (
    ("s", timedelta(seconds=1), 120),
    ("m", timedelta(minutes=1), 120),
    ("h", timedelta(hours=1), 48),
    ("d", timedelta(days=1), 14),
    ("w", timedelta(weeks=1), None),
)
"""Each unit: its length, its letter, and the number at which the next unit is used."""


def format_moment(at: datetime) -> str:
    """An aware moment to the second: `2026-11-25T15:44:02Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def format_duration(length: timedelta) -> str:
    """A duration in one unit, rounded down: `90s`, `30m`, `2h`, `7d`, `3w`; `0s` if negative."""
    length = max(length, timedelta(0))
    return next(
        f"{length // unit}{letter}"
        for letter, unit, enough in _UNITS
        if enough is None or length // unit < enough
    )


def format_distance(at: datetime, now: datetime) -> str:
    """How far a moment is from now: `2h ago`, or `in 34h`."""
    return f"in {format_duration(at - now)}" if at > now else f"{format_duration(now - at)} ago"
