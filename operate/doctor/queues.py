"""The queues, and the mail that waits, is parked or is held.

SQS API, GetQueueAttributes. Only metrics have the age of the oldest message and the numbers of
parked and held mails (CloudWatch API, GetMetricStatistics).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.aws.errors import aws_call

from .checks import CheckContext
from .storage import allows
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning

_OLD = timedelta(minutes=15)
_PARKED_WITHIN = timedelta(minutes=20)
"""Parked mail is tried again within a quarter of an hour at the latest, and counted each time."""

_HELD_WITHIN = timedelta(hours=24)
_DEPTHS = {
    "waiting": "ApproximateNumberOfMessages",
    "at work": "ApproximateNumberOfMessagesNotVisible",
    "put off": "ApproximateNumberOfMessagesDelayed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metric:
    """A CloudWatch metric over the time `within`, up to now, with a value for each `period`."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    within: timedelta
    period: timedelta
    statistic: str


def attributes_of(context: CheckContext, url: str, *names: str) -> dict[str, str]:
    """Attributes of the queue at a URL (SQS API, GetQueueAttributes).

    Raises:
        AdapterError: if they cannot be read.
    """
    with aws_call(call="sqs:GetQueueAttributes", target=url):
        answer = context.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[*names])
    found: dict[str, str] = answer.get("Attributes", {})
    return found


def _values(context: CheckContext, metric: _Metric) -> list[float]:
    now = context.clock()
    with aws_call(
        call="cloudwatch:GetMetricStatistics", target=f"{metric.namespace} {metric.name}"
    ):
        answer = context.client("cloudwatch").get_metric_statistics(
            Namespace=metric.namespace,
            MetricName=metric.name,
            Dimensions=[{"Name": key, "Value": value} for key, value in metric.dimensions.items()],
            StartTime=now - metric.within,
            EndTime=now,
            Period=int(metric.period.total_seconds()),
            Statistics=[metric.statistic],
        )
    return [float(point[metric.statistic]) for point in answer.get("Datapoints", ())]


# --- The queue ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The numbers of messages in the queue by state, and the age of the oldest.

    The age is None where CloudWatch has no value, as for an idle queue.
    """

    name: str
    depths: Mapping[str, int]
    age: timedelta | None

    @property
    def is_late(self) -> bool:
        """Whether a message has waited for longer than retries explain."""
        return self.age is not None and self.age >= _OLD and any(self.depths.values())

    def __str__(self) -> str:
        depths = ", ".join(f"{number} {word}" for word, number in self.depths.items())
        if not self.is_late or self.age is None:
            return f"{self.name}: {depths}"
        seconds = self.age.total_seconds()
        return f"the oldest message of {self.name} is {seconds:.0f} seconds old ({depths})"


def read_queue(context: CheckContext) -> Queue:
    """The queue of incoming mail."""
    return queue_at(context, context.outputs.text("queueUrl"))


def queue_at(context: CheckContext, url: str) -> Queue:
    """The queue at a URL.

    Raises:
        AdapterError: if it cannot be read.
    """
    attributes = attributes_of(context, url, *_DEPTHS.values())
    name = url.rpartition("/")[2]
    ages = _values(
        context,
        _Metric(
            namespace="AWS/SQS",
            name="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": name},
            within=timedelta(minutes=5),
            period=timedelta(minutes=1),
            statistic="Maximum",
        ),
    )
    return Queue(
        name=name,
        depths={word: int(attributes.get(key, 0)) for word, key in _DEPTHS.items()},
        age=timedelta(seconds=max(ages)) if ages else None,
    )


def judge_queue(queue: Queue) -> Iterable[Verdict]:
    """Whether mail is processed in time."""

    def problems() -> Iterator[Verdict]:
        if queue.is_late:
            yield warning(
                str(queue),
                "docs/operating.md, 'queue-age'; 'relayctl list --since 1h' shows what became of"
                " mail",
            )

    return problems_or_ok(problems(), str(queue))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePolicy:
    """The queue's access policy and redrive policy; each is empty if there is none."""

    name: str
    policy: Mapping[str, Any]
    redrive: Mapping[str, Any]


def read_queue_policy(context: CheckContext) -> QueuePolicy:
    """The policies of the queue of incoming mail."""
    url = context.outputs.text("queueUrl")
    attributes = attributes_of(context, url, "Policy", "RedrivePolicy")
    return QueuePolicy(
        name=url.rpartition("/")[2],
        policy=json.loads(attributes.get("Policy") or "{}"),
        redrive=json.loads(attributes.get("RedrivePolicy") or "{}"),
    )


def judge_queue_policy(queue: QueuePolicy) -> Iterable[Verdict]:
    """Whether S3 may announce mail to the queue, and messages that fail are kept."""

    def problems() -> Iterator[Verdict]:
        if not allows(queue.policy, "s3.amazonaws.com", "sqs:SendMessage"):
            yield problem(
                f"the policy of the queue {queue.name} does not let S3 send to it: mail is stored,"
                " and is not relayed",
                f"{RESTORE}; then 'relayctl replay --unannounced' for what came in the meantime",
            )
        if not queue.redrive.get("deadLetterTargetArn"):
            yield problem(
                f"the queue {queue.name} has no dead-letter queue: a mail that fails at every"
                " try is retried until the queue deletes it",
                RESTORE,
            )

    return problems_or_ok(
        problems(),
        f"S3 may send to {queue.name}; messages that fail go to the dead-letter queue",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """How many messages the dead-letter queue holds."""

    name: str
    number: int


def read_dead_letters(context: CheckContext) -> DeadLetters:
    """The dead-letter queue."""
    return dead_letters_at(context, context.outputs.text("deadLetterQueueUrl"))


def dead_letters_at(context: CheckContext, url: str) -> DeadLetters:
    """The dead-letter queue at a URL.

    Raises:
        AdapterError: if it cannot be read.
    """
    attributes = attributes_of(context, url, *_DEPTHS.values())
    return DeadLetters(
        name=url.rpartition("/")[2],
        number=sum(int(attributes.get(key, 0)) for key in _DEPTHS.values()),
    )


def judge_dead_letters(found: DeadLetters) -> Iterable[Verdict]:
    """Whether mail failed at every try."""

    def problems() -> Iterator[Verdict]:
        if found.number:
            yield problem(
                f"mails that failed at every try, in the dead-letter queue {found.name}:"
                f" {found.number}",
                "'relayctl dlq list' says why; fix the cause, then 'relayctl dlq redrive --all'",
            )

    return problems_or_ok(problems(), "the dead-letter queue is empty")


# --- Parked and held mail -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How often mail was parked recently, and how many mails were held within a day."""

    parked: int
    held: int


def read_waiting(context: CheckContext) -> Waiting:
    """The function's own metrics (`adapters.telemetry`), under the stack's name."""

    def count(name: str, within: timedelta, period: timedelta) -> int:
        metric = _Metric(
            namespace="MailRelay",
            name=name,
            dimensions={"service": context.outputs.prefix},
            within=within,
            period=period,
            statistic="Sum",
        )
        return round(sum(_values(context, metric)))

    return Waiting(
        parked=count("MessagesParked", _PARKED_WITHIN, timedelta(minutes=5)),
        held=count("MessagesHeld", _HELD_WITHIN, timedelta(hours=1)),
    )


def judge_waiting(found: Waiting) -> Iterable[Verdict]:
    """Whether mail waits for the account, or for the operator."""

    def problems() -> Iterator[Verdict]:
        if found.parked:
            yield problem(
                f"mail was parked within 20 minutes ({found.parked} times): the account may not"
                " send",
                "docs/operating.md, 'parked'; the relay sends it once the account may send again",
            )
        if found.held:
            yield warning(
                f"mails held within a day: {found.held}",
                "'relayctl list --state held' shows those that are still held; 'relayctl"
                " redeliver MESSAGE' releases one",
            )

    return problems_or_ok(problems(), "no mail was parked within 20 minutes, or held within a day")
