"""The call before a worker's timeout comes while there is still time to write."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from adapters import before_timeout as module
from adapters.before_timeout import LEAD, before_timeout
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
    called, later = threading.Event(), threading.Event()
    with before_timeout(_worker(LEAD + timedelta(seconds=1)), _NOW, called.set):
        pass
    with before_timeout(_worker(LEAD + timedelta(seconds=1.1)), _NOW, later.set):
        assert later.wait(_PATIENCE)
    assert not called.is_set()


def test_a_call_that_is_due_before_another_is_made_before_it() -> None:
    """As of a mail in another worker of the process, or of one with less time left."""
    called, late = threading.Event(), threading.Event()
    with (
        before_timeout(_worker(timedelta(minutes=2)), _NOW, late.set),
        before_timeout(_worker(_TO_WRITE), _NOW, called.set),
    ):
        assert called.wait(_PATIENCE)
        assert not late.is_set()


def test_a_call_that_takes_long_delays_no_other() -> None:
    is_over, called = threading.Event(), threading.Event()

    def take_long() -> None:
        is_over.wait(_PATIENCE)

    with before_timeout(_worker(_TO_WRITE), _NOW, take_long):
        with before_timeout(_worker(_TO_WRITE), _NOW, called.set):
            assert called.wait(_PATIENCE / 2)
        is_over.set()


def test_a_thousand_blocks_take_one_thread_at_most() -> None:
    before = threading.active_count()
    for _ in range(1000):
        with before_timeout(_worker(timedelta(minutes=2)), _NOW, threading.Event().set):
            pass
    assert threading.active_count() <= before + 1


def start_threads_by(
    monkeypatch: pytest.MonkeyPatch, start: Callable[[threading.Thread], None]
) -> None:
    """Have the module start its threads in another way."""
    thread = type("Thread", (threading.Thread,), {"start": start})
    fake = SimpleNamespace(Thread=thread, TIMEOUT_MAX=threading.TIMEOUT_MAX)
    monkeypatch.setattr(module, "threading", fake)


def run_waiting_thread() -> None:
    """Have the thread that waits run."""
    with before_timeout(_worker(timedelta(minutes=2)), _NOW, threading.Event().set):
        pass


def refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_call_whose_block_ended_before_its_thread_ran_is_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = threading.Event()
    run_waiting_thread()
    started: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()

    def hold(thread: threading.Thread) -> None:
        started.put(thread)

    start_threads_by(monkeypatch, hold)
    with before_timeout(_worker(timedelta(0)), _NOW, called.set):
        thread = started.get(timeout=_PATIENCE)
    thread.run()
    assert not called.is_set()


def test_a_call_is_made_where_no_thread_can_be_started_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_waiting_thread()
    start_threads_by(monkeypatch, refuse)
    for _ in range(2):
        called = threading.Event()
        with before_timeout(_worker(timedelta(0)), _NOW, called.set):
            assert called.wait(_PATIENCE)


def test_a_block_that_cannot_begin_makes_no_call_later(monkeypatch: pytest.MonkeyPatch) -> None:
    called, later = threading.Event(), threading.Event()
    monkeypatch.setattr(module, "_WATCH", module._Watch())
    start_threads_by(monkeypatch, refuse)
    with (
        pytest.raises(RuntimeError, match="can't start"),
        before_timeout(_worker(timedelta(0)), _NOW, called.set),
    ):
        raise AssertionError("the block began")
    monkeypatch.setattr(module, "threading", threading)
    with before_timeout(_worker(timedelta(0)), _NOW, later.set):
        assert later.wait(_PATIENCE)
    assert not called.is_set()


def test_a_deadline_in_the_past_is_no_error() -> None:
    called = threading.Event()
    with before_timeout(_worker(timedelta(seconds=-1)), _NOW, called.set):
        assert called.wait(_PATIENCE)
