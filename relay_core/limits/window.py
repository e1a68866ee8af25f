"""A window of time, and the small record of what happened in it.

Time is cut into windows of equal length, so that a moment lies in exactly one. A record is one
object a window, changed by compare-and-swap. Nobody deletes it: its store's retention does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from relay_core.keys import WindowKey

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class WindowRecord(Protocol):
    """What happened in one window."""

    @property
    def key(self) -> WindowKey:
        """Its name, by which all workers find the same one."""
        ...


def window_start(at: datetime, length: timedelta) -> datetime:
    """When the window began that a moment lies in, in UTC."""
    return (at - (at - _EPOCH) % length).astimezone(UTC)


def window_name(started_at: datetime, length: timedelta) -> str:
    """A window's start and length as part of a key."""
    return f"{started_at:%Y%m%dT%H%M%SZ}-{length // timedelta(seconds=1)}s"
