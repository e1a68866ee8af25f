"""Who works on a message, and until when nobody else may.

Two workers may be given the same message at the same time: queues deliver at least once. The
one that writes its lease into the manifest works on it; the other comes back later.

A lease needs no renewal, because it lasts exactly as long as its worker can live: a Lambda
function is ended at its timeout, whatever it does (AWS Lambda guide, "Configure Lambda function
timeout"). So whoever finds a lease that ran out knows that its worker is gone, and may go on
where that stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

CLOCK_SKEW = timedelta(seconds=5)
"""How far apart the clocks of two workers may be. AWS keeps them within milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A worker's claim on a message; `until` is an aware datetime in UTC.

    `out_of_time` is written shortly before the worker is ended, if it is still at work then.
    `queue_message` is the queue's name for the message that the worker was given. After the
    `is_last_try` of it the queue gives it to nobody any more.
    """

    holder: str
    until: datetime
    out_of_time: bool = False
    queue_message: str = ""
    is_last_try: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One run of the function. `name` is its own, never that of another run.

    `queue_message` is the queue's name for the message in its hands. If this is the `is_last_try`
    of it and fails, the message ends in the dead-letter queue.

    At `deadline` it is ended, whatever it does. In the `reserve` before that it begins no
    submission, so that one which is under way has time to end and to be recorded.
    """

    name: str
    deadline: datetime
    reserve: timedelta
    queue_message: str = ""
    is_last_try: bool = False

    @property
    def lease(self) -> Lease:
        """The claim that this worker can make."""
        return Lease(
            holder=self.name,
            until=self.deadline + CLOCK_SKEW,
            queue_message=self.queue_message,
            is_last_try=self.is_last_try,
        )

    def has_time(self, now: datetime) -> bool:
        """Whether to begin something new."""
        return now < self.deadline - self.reserve

    def is_shut_out(self, lease: Lease | None, now: datetime) -> bool:
        """Whether another worker holds the message."""
        return lease is not None and lease.holder != self.name and now < lease.until
