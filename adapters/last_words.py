"""What a worker still does shortly before Lambda ends it, if it is at work then.

Lambda kills a worker at its timeout, without a word to it (AWS Lambda guide, "Configure Lambda
function timeout"). A thread can speak before that: Python gives it its turn also while another one
computes, unless that one is in the middle of a single long call into C.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from relay_core.record.lease import Worker

LAST_WORDS = timedelta(seconds=3)
"""How long before its end a worker speaks: time for a line of the log, and two calls to S3."""


@contextmanager
def last_words(worker: Worker, now: datetime, speak: Callable[[], None]) -> Iterator[None]:
    """Have `speak` called on a thread of its own if the block lasts until the worker's end."""
    left = worker.deadline - LAST_WORDS - now
    timer = threading.Timer(max(0.0, left.total_seconds()), speak)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
