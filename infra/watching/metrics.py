"""The metrics that alarms and the dashboard use.

A metric names what it is of, its `Subject`, not how that is called: the names of queues and of
the function are known only once they exist. SQS counts only queues that were in use within six
hours (SQS guide, "Available CloudWatch metrics"). The relay's own metrics are written by
`adapters.telemetry.relay`, under the name of the stack: two stacks of an account do not mix. The
account's have no dimension: they count all that it sends in the region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

RELAY_NAMESPACE = "MailRelay"
SET_DIMENSION = "ses:configuration-set"
"""A tag that SES puts on every mail by itself (SES guide, "Monitor email sending using Amazon SES
event publishing")."""


class Subject(Enum):
    """What a metric is of."""

    INCOMING_QUEUE = "incoming queue"
    DEAD_LETTER_QUEUE = "dead-letter queue"
    FUNCTION = "function"
    DOWNLOAD_PAGE = "download page"
    POSTING_DEAD_LETTERS = "dead-letter queue of what is posted"
    ALARMS_TOPIC = "alarms topic"
    FALLBACK_TOPIC = "fallback topic"
    RELAY = "relay"
    DEVICE_MAIL = "device mail"
    """What goes with the configuration set of the devices' mail."""

    ACCOUNT = "account"

    @property
    def namespace(self) -> str:
        """CloudWatch's namespace of its metrics."""
        return _PLACES[self][0]

    @property
    def dimension(self) -> str | None:
        """The dimension that holds its name; None if its metrics have none."""
        return _PLACES[self][1]


_PLACES: Mapping[Subject, tuple[str, str | None]] = {
    Subject.INCOMING_QUEUE: ("AWS/SQS", "QueueName"),
    Subject.DEAD_LETTER_QUEUE: ("AWS/SQS", "QueueName"),
    Subject.FUNCTION: ("AWS/Lambda", "FunctionName"),
    Subject.DOWNLOAD_PAGE: ("AWS/Lambda", "FunctionName"),
    Subject.POSTING_DEAD_LETTERS: ("AWS/SQS", "QueueName"),
    Subject.ALARMS_TOPIC: ("AWS/SNS", "TopicName"),
    Subject.FALLBACK_TOPIC: ("AWS/SNS", "TopicName"),
    Subject.RELAY: (RELAY_NAMESPACE, "service"),
    Subject.DEVICE_MAIL: ("AWS/SES", SET_DIMENSION),
    Subject.ACCOUNT: ("AWS/SES", None),
}

Name = TypeVar("Name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric of CloudWatch and how its values in a period become one (`Sum`, `p95`, …)."""

    name: str
    of: Subject
    statistic: str

    def dimensions(self, names: Mapping[Subject, Name]) -> dict[str, Name]:
        """What tells it from the same metric of others, with the names that subjects have."""
        dimension = self.of.dimension
        return {dimension: names[self.of]} if dimension else {}


def received(name: str, statistic: str) -> Metric:
    """A metric of the queue."""
    return Metric(name=name, of=Subject.INCOMING_QUEUE, statistic=statistic)


def invoked(name: str, statistic: str) -> Metric:
    """A metric of the function, as Lambda sees it."""
    return Metric(name=name, of=Subject.FUNCTION, statistic=statistic)


def asked(name: str, statistic: str = "Sum") -> Metric:
    """A metric of the download page's function, as Lambda sees it."""
    return Metric(name=name, of=Subject.DOWNLOAD_PAGE, statistic=statistic)


def counted(name: str, statistic: str = "Sum") -> Metric:
    """A metric that the relay itself writes."""
    return Metric(name=name, of=Subject.RELAY, statistic=statistic)


MAILS_RECEIVED = received("NumberOfMessagesSent", "Sum")
"""Sent to the queue: received from it counts every try."""

OLDEST_MAIL = received("ApproximateAgeOfOldestMessage", "Maximum")
"""Seconds. A message that was received three times is left out, so that one bad mail does not
hide the others' age (SQS guide, "Available CloudWatch metrics")."""

DEAD_LETTERS = Metric(
    name="ApproximateNumberOfMessagesVisible",
    of=Subject.DEAD_LETTER_QUEUE,
    statistic="Maximum",
)
ERRORS = invoked("Errors", "Sum")
THROTTLES = invoked("Throttles", "Sum")
PAGE_FAILURES = asked("Url5xxCount")
"""Requests that were answered with an error of ours, whether the function said so or died (AWS
Lambda guide, "Monitoring Lambda function URLs")."""

PAGE_THROTTLES = asked("Throttles")
AT_LAST_TRY = counted("MessagesAtLastTry")
PARKED = counted("MessagesParked")
HELD = counted("MessagesHeld")
RECIPIENTS_FAILED = counted("RecipientsFailed")
DIRECTORY_FAILURES = counted("DirectoryFailures")
MALWARE_FOUND = counted("MalwareFound")
"""Files that were delivered, and in which the scan found malware then."""

NOT_POSTED = Metric(
    name="ApproximateNumberOfMessagesVisible",
    of=Subject.POSTING_DEAD_LETTERS,
    statistic="Maximum",
)
SUBSCRIPTIONS_MISSING = counted("SubscriptionsMissing", "Maximum")
"""E-mail addresses that are configured and get nothing."""

ALARMS_UNDELIVERED = Metric(
    name="NumberOfNotificationsFailed", of=Subject.ALARMS_TOPIC, statistic="Sum"
)
NOTICES_UNDELIVERED = Metric(
    name="NumberOfNotificationsFailed", of=Subject.FALLBACK_TOPIC, statistic="Sum"
)
"""Deliveries that SNS has given up, of e-mail too (SNS guide, "Monitoring topics using
CloudWatch")."""

DEVICE_BOUNCES = Metric(name="Bounce", of=Subject.DEVICE_MAIL, statistic="Sum")
"""Mails of devices that SES took and could not deliver to the relay."""

BOUNCE_RATE = Metric(name="Reputation.BounceRate", of=Subject.ACCOUNT, statistic="Maximum")
COMPLAINT_RATE = Metric(name="Reputation.ComplaintRate", of=Subject.ACCOUNT, statistic="Maximum")
