"""How long a failed message of the queue waits before it is delivered again."""

from __future__ import annotations

from datetime import timedelta

MAX_RETRY_DELAY = timedelta(seconds=900)
"""The longest wait, however often a message failed. It is also SQS's longest DelaySeconds."""


def retry_delay(first: timedelta, failures: int) -> timedelta:
    """How long a message waits after so many failures in a row.

    `first` after the first, twice as long after each further one, `MAX_RETRY_DELAY` at most.
    """
    doublings = min(max(failures, 1) - 1, 30)  # beyond any cap, and no overflow
    factor: int = 2**doublings
    return min(first * factor, MAX_RETRY_DELAY)
