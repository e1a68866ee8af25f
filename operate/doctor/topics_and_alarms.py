"""How operators are notified: the subscriptions of the two topics, and the alarms.

SNS API, ListSubscriptionsByTopic: in place of its ARN, a subscription that is not confirmed has
the word PendingConfirmation, one that was cancelled the word Deleted. CloudWatch API,
DescribeAlarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.aws.errors import aws_call

from .checks import CheckContext
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning

_PENDING, _DELETED = "PendingConfirmation", "Deleted"
_SETTLES = timedelta(hours=1)
"""How long a new alarm may have no data (CloudWatch guide, "Configuring how CloudWatch alarms
treat missing data")."""


# --- Subscriptions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic, its purpose, and its subscriptions. `own` is the stack's own queue among them.

    A subscription has its protocol, its endpoint, and its ARN or the word in place of the ARN.
    `wanted` are the e-mail addresses of the configuration key `key`.
    """

    arn: str
    what: str
    own: str
    key: str
    wanted: tuple[str, ...]
    subscriptions: tuple[tuple[str, str, str], ...]


def read_topics(context: CheckContext) -> list[Topic]:
    """Both topics."""
    return [
        Topic(
            arn=arn,
            what=what,
            own=context.queue_arn,
            key=key,
            wanted=context.outputs.texts(key),
            subscriptions=_subscriptions(context, arn),
        )
        for arn, what, key in (
            (
                context.outputs.text("fallbackTopicArn"),
                "notices of mail that was not relayed",
                "fallbackEmails",
            ),
            (context.outputs.text("alarmsTopicArn"), "alarms", "alarmEmails"),
        )
    ]


def _subscriptions(context: CheckContext, arn: str) -> tuple[tuple[str, str, str], ...]:
    pages = (
        context.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    )
    with aws_call(call="sns:ListSubscriptionsByTopic", target=arn):
        return tuple(
            (one["Protocol"], one["Endpoint"], one["SubscriptionArn"])
            for page in pages
            for one in page["Subscriptions"]
        )


def judge_topics(topics: Iterable[Topic]) -> Iterable[Verdict]:
    """Whether each topic has confirmed subscriptions, and none that is pending or cancelled."""
    return problems_or_ok(
        (verdict for topic in topics for verdict in _topic_problems(topic)),
        "all subscriptions of both topics are confirmed",
    )


def _topic_problems(topic: Topic) -> Iterator[Verdict]:
    name = topic.arn.rpartition(":")[2]
    others = [one for one in topic.subscriptions if one[1] != topic.own]
    confirmed = {one[:2] for one in others if one[2] not in {_PENDING, _DELETED}}
    for protocol, endpoint, arn in others:
        if (protocol, endpoint) in confirmed:
            continue  # SNS lists a cancelled one for a while after a new one has replaced it
        # A URL may hold a token.
        shown = endpoint if protocol.startswith("email") else f"a receiver of {protocol}"
        anew = _subscribe(topic, protocol, endpoint if shown == endpoint else "ENDPOINT")
        if arn == _PENDING:
            yield problem(
                f"{shown} has not confirmed its subscription to {topic.what} (topic {name})",
                "confirm it by the link in the message that AWS Notifications sent there; after"
                f" three days, subscribe again: {anew}",
            )
        elif arn == _DELETED:
            yield problem(
                f"{shown} has cancelled its subscription to {topic.what} (topic {name})",
                f"{anew}, and confirm it",
            )
    listed = {endpoint.lower() for _, endpoint, _ in others}
    for address in topic.wanted:
        if address.lower() not in listed:
            yield problem(
                f"{address} of {topic.key} is not subscribed to {topic.what} (topic {name})",
                f"{_subscribe(topic, 'email', address)}, and confirm it; or {RESTORE}",
            )
    if not others and not topic.wanted:
        yield problem(
            f"{topic.what} have no subscriber (topic {name})",
            "set fallbackEmails and alarmEmails, and run 'pulumi up'",
        )


def _subscribe(topic: Topic, protocol: str, endpoint: str) -> str:
    return (
        f"aws sns subscribe --topic-arn {topic.arn} --protocol {protocol}"
        f" --notification-endpoint {endpoint}"
    )


# --- Alarms -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """The stack's alarms, as DescribeAlarms has them."""

    prefix: str
    alarms: tuple[Mapping[str, Any], ...]
    now: datetime


def read_alarms(context: CheckContext) -> Alarms:
    """The alarms whose names begin with the stack's prefix and that notify the stack's topic."""
    prefix, topic = f"{context.outputs.prefix}-", context.outputs.text("alarmsTopicArn")
    pages = (
        context.client("cloudwatch")
        .get_paginator("describe_alarms")
        .paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm"])
    )
    with aws_call(call="cloudwatch:DescribeAlarms", target=f"{prefix}*"):
        found = tuple(
            alarm
            for page in pages
            for alarm in page.get("MetricAlarms", ())
            if topic in alarm.get("AlarmActions", ())
        )
    return Alarms(prefix=prefix, alarms=found, now=context.clock())


def judge_alarms(found: Alarms) -> Iterable[Verdict]:
    """Which fire, which have no action, and which have had no data for long."""
    return problems_or_ok(_alarm_problems(found), f"{len(found.alarms)} alarms, and none fires")


def _alarm_problems(found: Alarms) -> Iterator[Verdict]:
    if not found.alarms:
        yield problem(f"there is no alarm named {found.prefix}…: no failure is reported", RESTORE)
    for alarm in found.alarms:
        name, state = alarm["AlarmName"], alarm["StateValue"]
        if state == "ALARM":
            yield problem(
                f"the alarm {name} fires: {alarm.get('StateReason', '')}",
                f"docs/operating.md, '{key_of(name, found.prefix)}'",
            )
        elif not alarm.get("ActionsEnabled", True):
            yield warning(
                f"the alarm {name} notifies no subscriber: its actions are off",
                f"aws cloudwatch enable-alarm-actions --alarm-names {name}",
            )
        elif (
            state == "INSUFFICIENT_DATA"
            # Without data it keeps its state: SES publishes reputation metrics only at times.
            and alarm.get("TreatMissingData") != "ignore"
            and found.now - alarm["StateUpdatedTimestamp"] >= _SETTLES
        ):
            yield warning(
                f"the alarm {name} has had no data for {found.now - _since(alarm)}",
                "check that its metric still has the name and the dimensions that it watches",
            )


def _since(alarm: Mapping[str, Any]) -> datetime:
    at: datetime = alarm["StateUpdatedTimestamp"]
    return at


def key_of(name: str, prefix: str) -> str:
    """An alarm's heading in docs/operating.md: its name without prefix and Pulumi's suffix."""
    return name.removeprefix(prefix).rpartition("-")[0] or name
