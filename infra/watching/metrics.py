"""The metrics that alarms and the dashboard use.

A metric has a `Subject`, not a resource name: the names of queues and of the function are known
only after they exist. SQS publishes metrics only of queues that were used within six hours (SQS
guide, "Available CloudWatch metrics"). The relay's own metrics are written by
`adapters.telemetry.relay`, under the name of the stack, so that two stacks of an account are
separate. The account's metrics have no dimension: they count everything that it sends in the
region.
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
    """The thing that a metric measures."""

    INCOMING_QUEUE = "incoming queue"
    DEAD_LETTER_QUEUE = "dead-letter queue"
    FUNCTION = "function"
    DOWNLOAD_PAGE = "download page"
    DOWNLOAD_DOMAIN = "domain of the download page"
    POSTING_DEAD_LETTERS = "dead-letter queue of what is posted"
    ALARMS_TOPIC = "alarms topic"
    FALLBACK_TOPIC = "fallback topic"
    RELAY = "relay"
    DEVICE_MAIL = "device mail"
    """Mail with the configuration set of the devices."""

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
    Subject.DOWNLOAD_DOMAIN: ("AWS/ApiGateway", "ApiId"),
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
    """A metric of CloudWatch with its statistic (`Sum`, `p95`, …)."""

    name: str
    of: Subject
    statistic: str

    def dimensions(self, names: Mapping[Subject, Name]) -> dict[str, Name]:
        """The dimensions that identify its subject, with the subjects' names."""
        dimension = self.of.dimension
        return {dimension: names[self.of]} if dimension else {}


def queue_metric(name: str, statistic: str) -> Metric:
    """A metric of the queue."""
    return Metric(name=name, of=Subject.INCOMING_QUEUE, statistic=statistic)


def function_metric(name: str, statistic: str) -> Metric:
    """A metric of the function, as Lambda sees it."""
    return Metric(name=name, of=Subject.FUNCTION, statistic=statistic)


def page_metric(name: str, statistic: str = "Sum") -> Metric:
    """A metric of the download page's function, as Lambda sees it."""
    return Metric(name=name, of=Subject.DOWNLOAD_PAGE, statistic=statistic)


def domain_metric(name: str, statistic: str = "Sum") -> Metric:
    """A metric of the API at the domain of the links."""
    return Metric(name=name, of=Subject.DOWNLOAD_DOMAIN, statistic=statistic)


def relay_metric(name: str, statistic: str = "Sum") -> Metric:
    """A metric that the relay itself writes."""
    return Metric(name=name, of=Subject.RELAY, statistic=statistic)


MAILS_RECEIVED = queue_metric("NumberOfMessagesSent", "Sum")
"""Messages sent to the queue. Messages received would count every try."""

OLDEST_MAIL = queue_metric("ApproximateAgeOfOldestMessage", "Maximum")
"""Seconds. A message that was received three times is left out, so that one bad mail does not
hide the others' age (SQS guide, "Available CloudWatch metrics")."""

DEAD_LETTERS = Metric(
    name="ApproximateNumberOfMessagesVisible",
    of=Subject.DEAD_LETTER_QUEUE,
    statistic="Maximum",
)
ERRORS = function_metric("Errors", "Sum")
THROTTLES = function_metric("Throttles", "Sum")
PAGE_FAILURES = page_metric("Url5xxCount")
"""Requests with a 5xx answer, from the function or because it died (AWS Lambda guide, "Monitoring
Lambda function URLs")."""

DOMAIN_FAILURES = domain_metric("5xx")
"""The same of requests at downloadDomain, which Lambda does not count as requests of the URL (API
Gateway guide, "Monitor CloudWatch metrics for HTTP APIs")."""

PAGE_THROTTLES = page_metric("Throttles")
AT_LAST_TRY = relay_metric("MessagesAtLastTry")
PARKED = relay_metric("MessagesParked")
HELD = relay_metric("MessagesHeld")
RECIPIENTS_FAILED = relay_metric("RecipientsFailed")
DIRECTORY_FAILURES = relay_metric("DirectoryFailures")
MALWARE_FOUND = relay_metric("MalwareFound")
"""Delivered files in which the scan found malware afterwards."""

NOT_POSTED = Metric(
    name="ApproximateNumberOfMessagesVisible",
    of=Subject.POSTING_DEAD_LETTERS,
    statistic="Maximum",
)
SUBSCRIPTIONS_MISSING = relay_metric("SubscriptionsMissing", "Maximum")
"""Configured e-mail addresses without a subscription."""

ALARMS_UNDELIVERED = Metric(
    name="NumberOfNotificationsFailed", of=Subject.ALARMS_TOPIC, statistic="Sum"
)
NOTICES_UNDELIVERED = Metric(
    name="NumberOfNotificationsFailed", of=Subject.FALLBACK_TOPIC, statistic="Sum"
)
"""Deliveries that SNS has given up, of e-mail too (SNS guide, "Monitoring topics using
CloudWatch")."""

DEVICE_BOUNCES = Metric(name="Bounce", of=Subject.DEVICE_MAIL, statistic="Sum")
"""Mails of devices that SES accepted and could not deliver to the relay."""

BOUNCE_RATE = Metric(name="Reputation.BounceRate", of=Subject.ACCOUNT, statistic="Maximum")
COMPLAINT_RATE = Metric(name="Reputation.ComplaintRate", of=Subject.ACCOUNT, statistic="Maximum")
