"""A call shortly before Lambda ends a worker at its timeout, if the worker still works then.

Lambda ends a worker at its timeout without a signal (AWS Lambda guide, "Configure Lambda function
timeout"). A timer thread can act before that: Python also runs it while another thread computes,
unless that one is in a single long call into C.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from relay_core.record.lease import Worker

LEAD = timedelta(seconds=3)
"""How long before the timeout the call is made: time for a log line and two calls to S3."""


@contextmanager
def before_timeout(worker: Worker, now: datetime, call: Callable[[], None]) -> Iterator[None]:
    """Call `call` on a thread of its own, `LEAD` before the deadline, if the block still runs."""
    left = worker.deadline - LEAD - now
    timer = threading.Timer(max(0.0, left.total_seconds()), call)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
