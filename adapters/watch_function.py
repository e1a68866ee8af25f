"""The function that checks the topics' e-mail subscriptions: `adapters.watch_function.handler`.

An address gets nothing before its subscription is confirmed, or after SNS disabled it or a reader
clicked on *unsubscribe*; no metric of SNS reports either. So each address of the configuration is
checked once an hour, and those that are not subscribed are counted as `SubscriptionsMissing`,
which has an alarm. If the check itself fails, all are counted.

A subscription that waits for its confirmation has the ARN `PendingConfirmation`; one that was
given up may still be listed for a while, as `Deleted` (SNS API reference,
"ListSubscriptionsByTopic").
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from relay_core.errors import AdapterError
from relay_core.resources import WatchResources

from .aws.clients import make_watch_client
from .aws.errors import aws_call
from .aws.session import FunctionSession
from .telemetry.log_and_metrics import make_logger, make_metrics

if TYPE_CHECKING:  # read by nothing at run time, and slow to import
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sns import SNSClient

_ARN = "arn:"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionWatch:
    """A check of the subscriptions; calling it checks once."""

    resources: WatchResources
    client: SNSClient
    log: Logger
    metrics: EphemeralMetrics

    def __call__(self) -> int:
        """Count and log the addresses that are not subscribed; their number."""
        wanted = {
            self.resources.alarms_topic_arn: self.resources.alarm_emails,
            self.resources.fallback_topic_arn: self.resources.fallback_emails,
        }
        missing = 0
        for topic_arn, emails in wanted.items():
            try:
                confirmed = {*self._confirmed(topic_arn)}
            except AdapterError as error:
                self.log.warning("subscriptions could not be checked", cause=str(error))
                confirmed = set()
            absent = [email for email in dict.fromkeys(emails) if email.lower() not in confirmed]
            if absent:
                self.log.warning("not subscribed", topic=topic_arn, addresses=absent)
            missing += len(absent)
        self.log.info("subscriptions checked", missing=missing)
        self.metrics.add_metric(name="SubscriptionsMissing", unit=MetricUnit.Count, value=missing)
        self.metrics.flush_metrics()
        return missing

    def _confirmed(self, topic_arn: str) -> Iterator[str]:
        """The e-mail addresses, in lower case, that get what is published on the topic."""
        with aws_call(call="sns:ListSubscriptionsByTopic", target=topic_arn):
            pages = self.client.get_paginator("list_subscriptions_by_topic")
            for page in pages.paginate(TopicArn=topic_arn):
                for one in page["Subscriptions"]:
                    if one["Protocol"] == "email" and one["SubscriptionArn"].startswith(_ARN):
                        yield one["Endpoint"].lower()


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry, called by a schedule."""
    return {"missing": _watch()()}


@functools.cache
def _watch() -> SubscriptionWatch:
    """The container's one watch. An error is not cached: the next call tries again."""
    return SubscriptionWatch(
        resources=WatchResources.from_environment(os.environ),
        client=make_watch_client(FunctionSession()),
        log=make_logger(os.environ, None),
        metrics=make_metrics(os.environ),
    )
