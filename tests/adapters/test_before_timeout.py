"""The call before a worker's timeout comes while there is still time to write."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from adapters.before_timeout import before_timeout
from relay_core.record.lease import Worker

_NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
_TO_WRITE = timedelta(seconds=2)
"""The longest time for a log line and two calls to S3."""

_PATIENCE = 30  # seconds


def _worker(left: timedelta) -> Worker:
    return Worker(name="worker", deadline=_NOW + left, reserve=timedelta(seconds=10))


def test_the_call_comes_with_time_left_to_write() -> None:
    called = threading.Event()
    with before_timeout(_worker(_TO_WRITE), _NOW, called.set):
        assert called.wait(_PATIENCE), "no call, though the deadline is as near as writing takes"


def test_a_block_that_ends_in_time_makes_no_call() -> None:
    called = threading.Event()
    before = threading.active_count()
    with before_timeout(_worker(timedelta(minutes=2)), _NOW, called.set):
        assert threading.active_count() == before + 1
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(_PATIENCE)
    assert not called.is_set()


def test_a_deadline_in_the_past_is_no_error() -> None:
    called = threading.Event()
    with before_timeout(_worker(timedelta(seconds=-1)), _NOW, called.set):
        assert called.wait(_PATIENCE)
