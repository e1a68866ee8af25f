"""Which worker processes a message, and until when no other may.

Two workers may be given the same message at the same time: queues deliver at least once. The
one that writes its lease into the manifest processes it; the other leaves the message for later.

A lease needs no renewal, because it lasts exactly as long as its worker can run: Lambda ends a
function at its timeout (AWS Lambda guide, "Configure Lambda function timeout"). So an expired
lease shows that its worker has stopped, and another worker may continue there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

CLOCK_SKEW = timedelta(seconds=5)
"""How far apart the clocks of two workers may be. AWS keeps them within milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A worker's claim on a message; `until` is an aware datetime in UTC.

    `out_of_time` is written shortly before the worker's timeout, if it is still at work then.
    `queue_message` is the queue's name for the message. After the `is_last_try` of it the queue
    delivers it no more.
    """

    holder: str
    until: datetime
    out_of_time: bool = False
    queue_message: str = ""
    is_last_try: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """One run of the function. `name` is its own, never that of another run.

    `queue_message` is the queue's name for the message that it processes. If this is the
    `is_last_try` of it and fails, the message ends in the dead-letter queue.

    At `deadline` Lambda ends the worker. In the `reserve` before that it begins no submission, so
    that one under way can end and be recorded.
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

    def is_locked_out(self, lease: Lease | None, now: datetime) -> bool:
        """Whether another worker holds the message."""
        return lease is not None and lease.holder != self.name and now < lease.until
