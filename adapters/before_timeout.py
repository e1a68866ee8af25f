"""A call shortly before Lambda ends a worker at its timeout, if the worker still works then.

Lambda ends a worker at its timeout without a signal (AWS Lambda guide, "Configure Lambda function
timeout"). A thread that waits can act before that: Python also runs it while another thread
computes, unless that one is in a single long call into C.

One thread waits for all mails of the worker's life: starting one for each mail takes about as long
as the mail itself. It is not woken when a mail ends. It wakes up at the time that it last waited
for, and waits on for what is due then.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from relay_core.record.lease import Worker

LEAD = timedelta(seconds=3)
"""How long before the timeout the call is made: time for a log line and two calls to S3."""


@contextmanager
def before_timeout(worker: Worker, now: datetime, call: Callable[[], None]) -> Iterator[None]:
    """Call `call` on a thread of its own, `LEAD` before the deadline, if the block still runs."""
    left = worker.deadline - LEAD - now
    due = _Due(monotonic() + left.total_seconds(), call)
    try:
        _WATCH.add(due)
        yield
    finally:
        _WATCH.remove(due)


@dataclass(slots=True, eq=False)
class _Due:
    """A call, and when it is to be made, in seconds of the monotonic clock."""

    at: float
    call: Callable[[], None]
    is_over: bool = False

    def make(self) -> None:
        """Make the call, unless the block has ended while a thread was started for it."""
        if not self.is_over:
            self.call()


class _Watch:
    """The calls to be made, and the thread that waits for the first of them."""

    def __init__(self) -> None:
        self._waiting: list[_Due] = []
        self._changed = threading.Condition(threading.Lock())
        self._wakes_at = math.inf
        self._thread = threading.Thread()

    def add(self, due: _Due) -> None:
        """Make the call once it is due."""
        with self._changed:
            self._waiting.append(due)
            if not self._thread.is_alive():
                self._thread = threading.Thread(target=self._make_calls, daemon=True)
                self._thread.start()
            elif due.at < self._wakes_at:
                self._changed.notify()

    def remove(self, due: _Due) -> None:
        """Make the call no more, unless that has begun."""
        due.is_over = True
        with self._changed:
            if due in self._waiting:
                self._waiting.remove(due)

    def _make_calls(self) -> None:
        while True:
            due = self._next()
            try:
                # A call may take long, and another may be due meanwhile.
                threading.Thread(target=due.make, daemon=True).start()
            except RuntimeError:  # the process can have no more threads
                due.make()

    def _next(self) -> _Due:
        """Wait for the next call that is due, and take it."""
        with self._changed:
            while True:
                due = min(self._waiting, key=lambda one: one.at, default=None)
                self._wakes_at = math.inf if due is None else due.at
                left = self._wakes_at - monotonic()
                if due is not None and left <= 0:
                    self._waiting.remove(due)
                    return due
                self._changed.wait(min(left, threading.TIMEOUT_MAX))


_WATCH = _Watch()
