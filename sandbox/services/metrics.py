"""Metrics that AWS services count and the emulator does not, so that alarms work.

The emulator stores alarms and evaluates them on the data that is put.
`sandbox.services.log_metrics` puts the metrics of functions' logs, `sandbox.ses.events` bounces,
`sandbox.console.domains` errors of API Gateway; throttling does not occur here. This module
supplies the rest:

* The emulator has no metrics of a queue. SQS reports how many messages it holds, but not how many
  were sent nor how old they are. `Tally` estimates these from the depth over time and from the
  objects that a bucket announces to the queue. A message that is sent and deleted between two
  checks is known only if a bucket announced it, and messages are assumed to leave in order.
* The emulator leaves an alarm as it is when data is missing. Where missing data means no problem,
  zeros are put while the alarm fires, so that it ends.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricAlarmTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

NAMESPACE = "AWS/SQS"

_PUBLISHED_ELSEWHERE = {
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Url5xxCount"),
    ("AWS/SES", "Bounce"),
    ("AWS/ApiGateway", "5xx"),
}
_NEVER_BREACHING = {
    ("AWS/Lambda", "Throttles"),
    ("AWS/SNS", "NumberOfNotificationsFailed"),
    ("AWS/SES", "Reputation.BounceRate"),
    ("AWS/SES", "Reputation.ComplaintRate"),
}
"""Metrics of AWS that never have data in the sandbox."""

_logger = logging.getLogger(__name__)


class UnmeasurableAlarm(Exception):
    """A declared alarm can never fire in the sandbox; the message names it and says why."""


@dataclass(slots=True)
class Tally:
    """Estimates the messages of one queue from its depth over time."""

    _pending: deque[float] = field(default_factory=deque)  # when each message was first noticed
    _sent: int = 0

    def observe(self, *, depth: int, announced: int, now: float) -> tuple[int, float]:
        """The number of messages sent since the last call, and the age of the oldest (seconds).

        `depth` is the number of messages in the queue in any state, `announced` the number known
        to be sent to it so far, `now` a clock in seconds.
        """
        risen = max(0, depth - len(self._pending))
        sent = max(announced, self._sent + risen) - self._sent
        self._sent += sent
        self._pending.extend([now] * sent)
        while len(self._pending) > depth:
            self._pending.popleft()
        return sent, now - self._pending[0] if self._pending else 0.0


@dataclass(slots=True)
class _Queue:
    """A watched queue: the metrics that alarms use, and the sources of its messages."""

    name: str
    url: str
    metrics: set[str]
    feeds: list[tuple[str, str]]  # bucket and prefix
    tally: Tally = field(default_factory=Tally)
    objects: set[tuple[str, str, str]] = field(default_factory=set)  # bucket, key, entity tag


class QueueMetrics:
    """Puts the metrics that alarms watch, on a separate thread, until `close`.

    Create it after the deployment, because it reads the existing alarms and notifications.

    Raises:
        UnmeasurableAlarm: for an alarm on a metric of AWS without data in the sandbox.
    """

    def __init__(
        self,
        *,
        sqs: SQSClient,
        s3: S3Client,
        cloudwatch: CloudWatchClient,
        interval: float = 1.0,
    ) -> None:
        self._sqs = sqs
        self._s3 = s3
        self._cloudwatch = cloudwatch
        self._queues = self._watched_queues()
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue-metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, and return when nothing more is put. Idempotent."""
        self._stopped.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            try:
                for queue in self._queues:
                    self._put(queue)
                self._put_missing()
            except (BotoCoreError, ClientError):
                _logger.exception("cannot put metrics")

    def _watched_queues(self) -> list[_Queue]:
        feeds = self._feeds()
        queues: dict[str, _Queue] = {}
        for alarm in self._alarms():
            namespace, metric = alarm["Namespace"], alarm["MetricName"]
            if not _can_have_data(namespace, metric):
                raise UnmeasurableAlarm(
                    f"alarm {alarm['AlarmName']} watches {metric}, which the sandbox cannot "
                    f"measure; of queues it measures {', '.join(sorted(_MEASURED))}"
                )
            if (namespace, metric) in _NEVER_BREACHING:
                continue
            name = ", ".join(sorted(d["Value"] for d in alarm["Dimensions"]))
            if namespace == NAMESPACE:
                if name not in queues:
                    url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
                    queues[name] = _Queue(name, url, set(), feeds.get(name, []))
                queues[name].metrics.add(metric)
        return list(queues.values())

    def _alarms(self, **filters: Any) -> Iterator[MetricAlarmTypeDef]:  # noqa: ANN401 (boto3's)
        for page in self._cloudwatch.get_paginator("describe_alarms").paginate(**filters):
            yield from page["MetricAlarms"]

    def _put_missing(self) -> None:
        """Put zeros for firing alarms that missing data does not end."""
        for alarm in self._alarms(StateValue="ALARM"):
            is_measured = alarm["Namespace"] == NAMESPACE
            if not is_measured and alarm.get("TreatMissingData") == "notBreaching":
                self._cloudwatch.put_metric_data(
                    Namespace=alarm["Namespace"],
                    MetricData=[
                        {
                            "MetricName": alarm["MetricName"],
                            "Dimensions": alarm["Dimensions"],
                            "Value": 0,
                        }
                    ],
                )

    def _feeds(self) -> dict[str, list[tuple[str, str]]]:
        """The buckets and prefixes that announce objects, by the name of the queue."""
        feeds: dict[str, list[tuple[str, str]]] = {}
        for bucket in self._s3.list_buckets()["Buckets"]:
            name = bucket["Name"]
            found = self._s3.get_bucket_notification_configuration(Bucket=name)
            for configuration in found.get("QueueConfigurations", []):
                rules = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
                prefixes = [rule["Value"] for rule in rules if rule["Name"].lower() == "prefix"]
                queue = configuration["QueueArn"].rpartition(":")[2]
                feeds.setdefault(queue, []).append((name, "".join(prefixes)))
        return feeds

    def _put(self, queue: _Queue) -> None:
        for bucket, prefix in queue.feeds:
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=prefix
            )
            queue.objects.update(
                (bucket, item["Key"], item["ETag"])
                for page in pages
                for item in page.get("Contents", [])
            )
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=queue.url, AttributeNames=list(_DEPTHS.values())
        )["Attributes"]
        depths = {metric: int(attributes[name]) for metric, name in _DEPTHS.items()}
        sent, age = queue.tally.observe(
            depth=sum(depths.values()), announced=len(queue.objects), now=time.monotonic()
        )
        values = {**depths, _SENT: sent, _AGE: age}
        self._cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": "QueueName", "Value": queue.name}],
                    "Value": values[metric],
                    "Unit": "Seconds" if metric == _AGE else "Count",
                }
                for metric in queue.metrics
            ],
        )


_SENT = "NumberOfMessagesSent"
_AGE = "ApproximateAgeOfOldestMessage"
_DEPTHS: dict[str, QueueAttributeNameType] = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
_MEASURED = {*_DEPTHS, _SENT, _AGE}


def _can_have_data(namespace: str, metric: str) -> bool:
    """Whether a metric can have data in the sandbox, or needs none."""
    if namespace == NAMESPACE:
        return metric in _MEASURED
    # Metrics outside AWS's namespaces are written by functions.
    return (
        not namespace.startswith("AWS/")
        or (namespace, metric) in _PUBLISHED_ELSEWHERE | _NEVER_BREACHING
    )
