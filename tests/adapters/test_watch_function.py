"""Unconfirmed and missing subscriptions are counted; a failed check counts all as missing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from adapters.telemetry.log_and_metrics import make_logger, make_metrics
from adapters.watch_function import SubscriptionWatch
from relay_core.resources import WatchResources

RESOURCES = WatchResources(
    alarms_topic_arn="arn:alarms",
    fallback_topic_arn="arn:fallback",
    alarm_emails=("a@example.com", "b@example.com"),
    fallback_emails=("a@example.com",),
)


@dataclass
class Sns:
    """Subscriptions by topic: address → ARN, as SNS lists them."""

    subscriptions: dict[str, dict[str, str]]
    protocol: str = "email"

    def get_paginator(self, _name: str) -> Sns:
        return self

    def paginate(self, *, TopicArn: str) -> Iterator[Any]:  # noqa: N803
        if TopicArn not in self.subscriptions:
            error = {"Error": {"Code": "AuthorizationError", "Message": "no"}}
            raise ClientError(error, "ListSubscriptionsByTopic")  # type: ignore[arg-type]
        for address, arn in self.subscriptions[TopicArn].items():
            one = {"Protocol": self.protocol, "Endpoint": address, "SubscriptionArn": arn}
            yield {"Subscriptions": [one]}


ALL = {
    "arn:alarms": {"A@example.com": "arn:1", "b@example.com": "arn:2"},
    "arn:fallback": {"a@example.com": "arn:3"},
}
PENDING = {**ALL, "arn:fallback": {"a@example.com": "PendingConfirmation"}}
DELETED = {**ALL, "arn:alarms": {"a@example.com": "arn:1", "b@example.com": "Deleted"}}
ABSENT = {**ALL, "arn:alarms": {"b@example.com": "arn:2"}}
DENIED = {"arn:fallback": ALL["arn:fallback"]}


@pytest.mark.parametrize(
    ("subscriptions", "missing", "named"),
    [
        (ALL, 0, []),
        (PENDING, 1, ["a@example.com"]),
        (DELETED, 1, ["b@example.com"]),
        (ABSENT, 1, ["a@example.com"]),
        (DENIED, 2, ["a@example.com", "b@example.com"]),
    ],
)
def test_each_address_that_receives_nothing_is_counted_and_named(
    subscriptions: dict[str, dict[str, str]],
    missing: int,
    named: list[str],
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    environment = {"POWERTOOLS_SERVICE_NAME": request.node.name}
    log, client = io.StringIO(), Sns(subscriptions)
    sns: Any = client
    watch = SubscriptionWatch(
        resources=RESOURCES,
        client=sns,
        log=make_logger(environment, log),
        metrics=make_metrics(environment),
    )
    assert watch() == missing
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert metric["SubscriptionsMissing"] == [missing]
    assert metric["service"] == request.node.name
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    logged = [
        a for line in lines if line["message"] == "not subscribed" for a in line["addresses"]
    ]
    assert logged == named
