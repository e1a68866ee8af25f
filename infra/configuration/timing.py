"""The queue's and the function's settings that have to fit each other, derived in one place.

An operator sets how long a worker may take, how often a mail is tried and how many workers and
submissions there are at once; everything else follows. What has to hold between them, and where
that is written down:

* The queue hides a message for six times the function's timeout, so that one whose worker was
  throttled or died is not handed out while it may still be worked on (AWS Lambda guide,
  "Creating and configuring an Amazon SQS event source mapping"). It may do so for 12 hours at
  most (SQS API reference, SetQueueAttributes).
* A lease lasts as long as its worker can live, and a little for clocks
  (`relay_core.record.lease`). It is over when the queue shows the message of a dead worker again.
* A message is deleted at the end of the queue's retention, however often it was tried. So all its
  tries have to fit into that, each at its longest, or it would be lost without ever having been
  in the dead-letter queue. Half of the retention is left for waiting in a backlog.
* A message keeps its date when it moves: the dead-letter queue counts from when the mail came,
  and has to keep messages longer than the queue (SQS guide, "Setting-up dead-letter queue
  retention"). A message that is sent anew, as a parked one is, gets a new date.
* AWS advises at least five tries, since a throttled invocation costs a message one (the same page
  of the Lambda guide).
* A worker is given one mail at a time. When a worker dies, all messages of its batch have lost a
  try, and are hidden for six timeouts: so no mail has neighbours that could do that to it
  (docs/decisions/0030-deaths.md).
* Next to `maxConcurrency`, no reserved concurrency: messages beyond that wait in the queue instead
  of being throttled (AWS Lambda guide, "Configuring maximum concurrency for Amazon SQS event
  sources").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from relay_core.environment import Problem

QUEUE_RETENTION = timedelta(days=4)
"""How long the queue keeps a message that nothing takes."""

DEAD_LETTER_RETENTION = timedelta(days=14)
"""How long the dead-letter queue does: SQS's longest, as messages keep their first date."""

LONGEST_DELAY = timedelta(seconds=900)
"""How long a message waits at most until it is tried again: SQS's longest delay of a message
(SQS API reference, SendMessage, DelaySeconds), and where the growing delays of retries end."""

LONGEST_VISIBILITY = timedelta(hours=12)
"""How long SQS hides a message at most."""

CLOCK_SKEW = timedelta(seconds=5)
"""What a lease lasts beyond its worker (`relay_core.record.lease`)."""

RECOMMENDED_TRIES = 5
MOST_SUBMISSIONS = 500
"""At once. A call to SES takes about a tenth of a second: that many are thousands a second."""

BATCH_SIZE = 1
"""How many mails a worker is given at once."""

_TIMEOUTS_HIDDEN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What the configuration says, under its keys' names; the properties follow from it."""

    function_timeout_seconds: int
    dlq_max_receive_count: int
    max_concurrency: int
    submission_concurrency: int

    @property
    def visibility_timeout_seconds(self) -> int:
        """How long the queue hides a message that was handed out."""
        return _TIMEOUTS_HIDDEN * self.function_timeout_seconds

    @property
    def lease_seconds(self) -> int:
        """How long a message is its worker's at most."""
        return self.function_timeout_seconds + CLOCK_SKEW // timedelta(seconds=1)

    @property
    def longest_try_seconds(self) -> int:
        """From one try to the next at most: of a dead worker, or of one that was put off."""
        put_off = self.function_timeout_seconds + LONGEST_DELAY // timedelta(seconds=1)
        return max(self.visibility_timeout_seconds, put_off)

    @property
    def most_tries(self) -> int:
        """How many tries surely end within half of the queue's retention."""
        return QUEUE_RETENTION // 2 // timedelta(seconds=max(1, self.longest_try_seconds))

    @property
    def submissions_at_once(self) -> int:
        """How many mails all workers together hand to SES at the same time, at most."""
        return self.max_concurrency * self.submission_concurrency

    def problems(self) -> Iterator[Problem]:
        """The relations that do not hold, under the key to change."""
        timeout, tries = self.function_timeout_seconds, self.dlq_max_receive_count
        if not 30 <= timeout <= 900:
            yield Problem(
                field="functionTimeoutSeconds",
                value=timeout,
                rule="must be from 30 to 900 seconds: a worker keeps up to 40 of them to end in,"
                " and Lambda allows no more than 900 (AWS Lambda guide, quotas)",
            )
        elif tries > self.most_tries:
            yield Problem(
                field="dlqMaxReceiveCount",
                value=tries,
                rule=f"must be {self.most_tries} at most with functionTimeoutSeconds = {timeout}:"
                f" a try can take {self.longest_try_seconds} seconds, and the queue keeps a"
                f" message for {QUEUE_RETENTION.days} days, after which it is lost instead of"
                " being in the dead-letter queue",
            )
        if not 2 <= self.max_concurrency <= 1000:
            yield Problem(
                field="maxConcurrency",
                value=self.max_concurrency,
                rule="must be from 2 to 1000 workers (AWS Lambda guide, event source scaling)",
            )

    def warnings(self) -> Iterator[str]:
        """What is allowed and yet worth a second look, a sentence each."""
        if self.dlq_max_receive_count < RECOMMENDED_TRIES:
            yield (
                f"dlqMaxReceiveCount is {self.dlq_max_receive_count}: AWS advises"
                f" {RECOMMENDED_TRIES} or more, as a mail loses a try whenever its worker is"
                " throttled or dies"
            )
        if self.submissions_at_once > MOST_SUBMISSIONS:
            yield (
                f"maxConcurrency is {self.max_concurrency} and submissionConcurrency"
                f" {self.submission_concurrency}: {self.submissions_at_once} submissions at once"
                " are beyond the sending rate of most SES accounts, and what SES throttles has to"
                " be tried again"
            )
