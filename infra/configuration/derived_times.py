"""The settings of queue and function that depend on each other, derived in one place.

An operator sets the timeout of a worker, the number of tries of a mail, and the number of
concurrent workers and submissions. All other times are derived. The relations that must hold, with
their sources:

* The queue hides a message for six times the function's timeout (AWS Lambda guide, "Creating and
  configuring an Amazon SQS event source mapping"). So a message whose worker was throttled or
  killed is not delivered while it may still be processed. The maximum is 12 hours (SQS API
  reference, SetQueueAttributes).
* A lease lasts as long as its worker can live, plus a margin for clocks
  (`relay_core.record.lease`). It has ended when the queue delivers the message of a killed worker
  again.
* A message is deleted at the end of the queue's retention, however often it was tried. So all its
  tries, each with its longest duration, must end within that time. Otherwise it would be lost
  without reaching the dead-letter queue. Half of the retention is left for waiting in a backlog.
* A message keeps its date when it moves: the dead-letter queue counts from the mail's arrival. So
  it must keep messages longer than the queue (SQS guide, "Setting-up dead-letter queue
  retention"). A message that is sent again, such as a parked one, gets a new date.
* AWS advises at least five tries, because a throttled invocation costs a message one (the same
  page of the Lambda guide).
* A worker gets one mail at a time. When a worker is killed, all messages of its batch lose a
  try and are hidden for six timeouts. With batches of one, this affects no other mail
  (docs/decisions/0030-deaths.md).
* With `maxConcurrency` there is no reserved concurrency: further messages wait in the queue
  instead of being throttled (AWS Lambda guide, "Configuring maximum concurrency for Amazon SQS
  event sources").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from relay_core.environment import Problem

QUEUE_RETENTION = timedelta(days=4)
"""How long the queue keeps a message that is not processed."""

DEAD_LETTER_RETENTION = timedelta(days=14)
"""How long the dead-letter queue keeps a message: SQS's maximum, as messages keep their date."""

MAX_DELAY = timedelta(seconds=900)
"""The longest time until a message is retried: SQS's longest delay of a message
(SQS API reference, SendMessage, DelaySeconds), and the end of the growing delays of retries."""

MAX_VISIBILITY_TIMEOUT = timedelta(hours=12)
"""The longest time for which SQS hides a message."""

CLOCK_SKEW = timedelta(seconds=5)
"""The time that a lease lasts longer than its worker (`relay_core.record.lease`)."""

RECOMMENDED_TRIES = 5
MAX_SUBMISSIONS = 500
"""Submissions at once. A call to SES takes about 0.1 s, so this is thousands a second."""

BATCH_SIZE = 1
"""The number of mails that a worker gets at once."""

_TIMEOUTS_HIDDEN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Four values of the configuration, and as properties the derived times."""

    function_timeout_seconds: int
    dlq_max_receive_count: int
    max_concurrency: int
    submission_concurrency: int

    @property
    def visibility_timeout_seconds(self) -> int:
        """How long the queue hides a message that was received."""
        return _TIMEOUTS_HIDDEN * self.function_timeout_seconds

    @property
    def lease_seconds(self) -> int:
        """The longest time for which a worker holds the lease of a message."""
        return self.function_timeout_seconds + CLOCK_SKEW // timedelta(seconds=1)

    @property
    def longest_try_seconds(self) -> int:
        """The longest time from one try to the next: after a killed worker, or after a delay."""
        put_off = self.function_timeout_seconds + MAX_DELAY // timedelta(seconds=1)
        return max(self.visibility_timeout_seconds, put_off)

    @property
    def max_tries(self) -> int:
        """The number of tries that always end within half of the queue's retention."""
        return QUEUE_RETENTION // 2 // timedelta(seconds=max(1, self.longest_try_seconds))

    @property
    def submissions_at_once(self) -> int:
        """The most mails that all workers together submit to SES at the same time."""
        return self.max_concurrency * self.submission_concurrency

    def problems(self) -> Iterator[Problem]:
        """The relations that do not hold, by the key to change."""
        timeout, tries = self.function_timeout_seconds, self.dlq_max_receive_count
        if not 30 <= timeout <= 900:
            yield Problem(
                field="functionTimeoutSeconds",
                value=timeout,
                rule=(
                    "must be from 30 to 900 seconds: a worker reserves up to 40 of them to"
                    " finish, and Lambda allows at most 900 (AWS Lambda guide, quotas)"
                ),
            )
        elif tries > self.max_tries:
            yield Problem(
                field="dlqMaxReceiveCount",
                value=tries,
                rule=(
                    f"must be at most {self.max_tries} with functionTimeoutSeconds = {timeout}:"
                    f" a try can take {self.longest_try_seconds} seconds, and the queue deletes"
                    f" a message after {QUEUE_RETENTION.days} days, before it gets to the"
                    " dead-letter queue"
                ),
            )
        if not 2 <= self.max_concurrency <= 1000:
            yield Problem(
                field="maxConcurrency",
                value=self.max_concurrency,
                rule="must be from 2 to 1000 workers (AWS Lambda guide, event source scaling)",
            )

    def warnings(self) -> Iterator[str]:
        """Warnings about values that are allowed but risky, a sentence each."""
        if self.dlq_max_receive_count < RECOMMENDED_TRIES:
            yield (
                f"dlqMaxReceiveCount is {self.dlq_max_receive_count}: AWS advises"
                f" {RECOMMENDED_TRIES} or more, because a mail loses a try whenever its worker is"
                " throttled or killed"
            )
        if self.submissions_at_once > MAX_SUBMISSIONS:
            yield (
                f"maxConcurrency is {self.max_concurrency} and submissionConcurrency"
                f" {self.submission_concurrency}: {self.submissions_at_once} submissions at once"
                " exceed the sending rate of most SES accounts, and throttled submissions have to"
                " be retried"
            )
