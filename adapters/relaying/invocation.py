"""One invocation by Lambda as the core's worker, and the report if it has no time."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from relay_core.keys import RawKey, message_id_of
from relay_core.record.lease import Worker
from relay_core.record.report import Outcome, RelayReport, Retry

if TYPE_CHECKING:  # read by nothing at run time, and slow to import
    from aws_lambda_powertools.utilities.typing import LambdaContext

RESERVE = timedelta(seconds=40)
"""The time before its timeout in which a worker begins no submission.

A submission begun before that ends in time: the timeouts of a call to SES are 2 + 30 seconds, and
a throttled call is repeated after up to 1 + 2 + 4 (`clients`). At most half of a short timeout.
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
        retry=Retry(after=timedelta(0), failed_try=False),
    )
