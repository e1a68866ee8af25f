"""What one invocation is to the core: a worker with so much time, and a report if it has none."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from aws_lambda_powertools.utilities.typing import LambdaContext

from relay_core.keys import RawKey, message_id_of
from relay_core.record.lease import Worker
from relay_core.record.report import Again, Outcome, RelayReport

RESERVE = timedelta(seconds=40)
"""How long before its end a worker begins no submission.

One that is begun then ends in time: SES's answer is waited for 2 + 30 seconds, and a throttled
call is repeated after up to 1 + 2 + 4 (`clients`). Of a short time limit it is half at the most.
"""


def make_worker(context: LambdaContext, now: datetime) -> Worker:
    """The worker that this invocation is, from the time that Lambda still gives it."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return Worker(
        # An invocation that Lambda repeats has the same id, and is another worker.
        name=f"{context.aws_request_id}/{secrets.token_hex(4)}",
        deadline=now + left,
        reserve=min(RESERVE, left / 2),
    )


def not_begun(raw_key: RawKey) -> RelayReport:
    """The report on a mail for which its batch left no time."""
    return RelayReport(
        message_id=message_id_of(raw_key),
        outcome=Outcome.UNFINISHED,
        detail="the other mails of its batch took the worker's time",
        again=Again(after=timedelta(0), failed_try=False),
    )
