"""Notices and alarms go to webhooks and to the bus, by queues of their own and a narrow role."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.configuration.problems import InvalidConfig
from infra.functions.watch_function import SCHEDULE
from relay_core.posting.receivers import ReceiverKind, parse_receivers
from relay_core.resources import PostingResources, WatchResources
from tests.infra.conftest import WEBHOOKS, Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment, changed_config, read_stack

QUEUE, MAPPING = "aws:sqs/queue:Queue", "aws:lambda/eventSourceMapping:EventSourceMapping"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FUNCTION = "aws:lambda/function:Function"
SQS = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:mail-relay-dev-posting-"
SNS = f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-"
RECEIVERS = ("bus", "chat", "desk", "room")


def test_nothing_of_it_is_there_unless_it_is_asked_for(dev: Deployment) -> None:
    names = {one.name for one in dev.resources}
    assert not [one for one in names if "posting" in one or "watch" in one]


def test_each_receiver_has_a_queue_that_feeds_the_function_and_fails_into_one(
    posted: Deployment,
) -> None:
    for name in RECEIVERS:
        queue = posted.named(QUEUE, f"mail-relay-dev-posting-{name}")
        redrive = json.loads(queue.inputs["redrivePolicy"])
        assert redrive == {"deadLetterTargetArn": f"{SQS}dead-letters", "maxReceiveCount": 5}
        assert queue.inputs["visibilityTimeoutSeconds"] == 6 * 30
        mapping = posted.named(MAPPING, f"mail-relay-dev-posting-{name}").inputs
        assert (mapping["eventSourceArn"], mapping["batchSize"]) == (SQS + name, 1)
        assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]


def test_each_gets_what_it_is_to_get_and_nothing_twice(posted: Deployment) -> None:
    def filters(name: str) -> dict[str, Any]:
        return {
            one.inputs["topic"].removeprefix(SNS): one.inputs.get("filterPolicy")
            for one in posted.all(SUBSCRIPTION)
            if one.inputs["endpoint"] == SQS + name
        }

    alarms, notices = '{"AlarmName": [{"exists": true}]}', '{"reason": [{"exists": true}]}'
    assert filters("chat") == filters("bus") == {"alarms": alarms, "fallback": notices}
    assert filters("room") == {"alarms": alarms}
    # A receiver of notices alone gets some alarms by the fallback topic.
    assert filters("desk") == {"fallback": None}


def test_addresses_and_keys_stand_in_a_secret_alone(posted: Deployment) -> None:
    parameter = posted.one("aws:ssm/parameter:Parameter", "receivers")
    assert parameter.inputs["type"] == "SecureString"
    assert "value" in parameter.secret_inputs
    found = parse_receivers(parameter.inputs["value"])
    assert {one.name: one.kind for one in found.values()} == {
        "chat": ReceiverKind.SLACK,
        "room": ReceiverKind.TEAMS,
        "desk": ReceiverKind.JSON,
        "bus": ReceiverKind.EVENT_BUS,
    }
    assert found[f"{SQS}chat"].address == WEBHOOKS["chat"]["url"]
    others = [one for one in posted.resources if one != parameter]
    for secret in ("secret-of", WEBHOOKS["desk"]["signingKey"]):
        assert secret not in repr(others) + repr(posted.exports)


def test_the_role_may_do_what_posting_takes(posted: Deployment) -> None:
    policy = posted.named("aws:iam/rolePolicy:RolePolicy", "mail-relay-dev-posting")
    found = {one["Sid"]: one for one in policy.document("policy")["Statement"]}
    assert found.keys() == {"WorkThroughTheQueues", "ReadReceivers", "PutOnTheBus", "WriteLogs"}
    assert sorted(found["WorkThroughTheQueues"]["Resource"]) == [SQS + one for one in RECEIVERS]
    bus = found["PutOnTheBus"]
    assert bus["Action"] == ["events:PutEvents"]
    assert bus["Resource"] == [f"arn:aws:events:eu-central-1:{ACCOUNT}:event-bus/operations"]


def test_both_functions_read_their_environment(posted: Deployment) -> None:
    def variables(name: str) -> dict[str, str]:
        found: dict[str, str] = posted.named(FUNCTION, name).inputs["environment"]["variables"]
        return found

    posting = PostingResources.from_environment(variables("mail-relay-dev-posting"))
    assert (posting.stack, posting.receivers_parameter) == ("dev", "/mail-relay/dev/receivers")
    watch = WatchResources.from_environment(variables("mail-relay-dev-watch"))
    assert (watch.alarms_topic_arn, watch.fallback_topic_arn) == (f"{SNS}alarms", f"{SNS}fallback")
    assert watch.alarm_emails == watch.fallback_emails == ("operator@example.com",)


def test_the_look_at_subscriptions_is_scheduled_and_may_do_nothing_else(
    posted: Deployment,
) -> None:
    rule = posted.one("aws:cloudwatch/eventRule:EventRule")
    assert rule.inputs["scheduleExpression"] == SCHEDULE
    target = posted.one("aws:cloudwatch/eventTarget:EventTarget")
    permission = posted.named("aws:lambda/permission:Permission", "mail-relay-dev-watch")
    assert permission.urn in posted.waits_for(target)
    assert permission.inputs["sourceArn"].endswith(":rule/mail-relay-dev-watch")
    policy = posted.named("aws:iam/rolePolicy:RolePolicy", "mail-relay-dev-watch")
    actions = {a for one in policy.document("policy")["Statement"] for a in one["Action"]}
    assert {one for one in actions if not one.startswith("logs:")} == {
        "sns:ListSubscriptionsByTopic"
    }


def test_an_alarm_that_may_be_about_its_own_topic_is_reported_on_both(posted: Deployment) -> None:
    targets = {
        key: posted.named(ALARM, f"mail-relay-dev-{key}").inputs["alarmActions"]
        for key in ("not-posted", "subscriptions", "alarms-undelivered", "notices-undelivered")
    }
    both = [f"{SNS}alarms", f"{SNS}fallback"]
    assert targets.pop("notices-undelivered") == [f"{SNS}alarms"]
    assert [*targets.values()] == [both, both, both]
    policy = posted.named("aws:sns/topicPolicy:TopicPolicy", "mail-relay-dev-fallback")
    assert "PublishAlarms" in {one["Sid"] for one in policy.document("policy")["Statement"]}


@pytest.mark.parametrize(
    ("webhooks", "place"),
    [
        ("text", "webhooks"),
        ({"chat": "https://x.example"}, "webhooks"),
        ({"chat": {"kind": "discord", "url": "https://x.example/hush"}}, "webhooks"),
        ({"chat": {"kind": "event-bus", "url": "https://x.example/hush"}}, "webhooks"),
        ({"chat": {"kind": "slack", "uri": "https://x.example/hush"}}, "webhooks"),
        ({"chat": {"kind": "slack", "url": "https://x.example/", "sends": "all"}}, "webhooks"),
        ({"Chat Room": {"kind": "slack", "url": "https://x.example/hush"}}, "webhooks"),
        ({"dead-letters": {"kind": "slack", "url": "https://x.example/hush"}}, "webhooks"),
        ({f"c{n}": {"kind": "slack", "url": "https://x.example"} for n in range(11)}, "webhooks"),
        ({"chat": {"kind": "slack"}}, "webhooks.chat.url"),
        ({"chat": {"kind": "slack", "url": "http://x.example/hush"}}, "webhooks.chat.url"),
        ({"chat": {"kind": "slack", "url": "https://u:p@x.example/hush"}}, "webhooks.chat.url"),
        ({"chat": {"kind": "slack", "url": "https://x.example/hush#a"}}, "webhooks.chat.url"),
        ({"chat": {"kind": "slack", "url": "https://x.example:99999/hush"}}, "webhooks.chat.url"),
        ({"desk": {"kind": "json", "url": "https://x.example/"}}, "webhooks.desk.signingKey"),
        (
            {"desk": {"kind": "json", "url": "https://x.example/", "signingKey": "hush"}},
            "webhooks.desk.signingKey",
        ),
        (
            {"chat": {"kind": "slack", "url": "https://x.example/", "signingKey": "hush"}},
            "webhooks.chat.signingKey",
        ),
    ],
)
def test_a_webhook_that_is_none_is_reported_by_its_place_without_its_secret(
    webhooks: object, place: str
) -> None:
    with pytest.raises(InvalidConfig) as raised:
        read_stack(changed_config({"webhooks": webhooks}))
    assert f"\n  {place} = " in str(raised.value)
    assert "hush" not in str(raised.value)


def many(number: int, *, length: int) -> dict[str, dict[str, str]]:
    url = "https://x.example/".ljust(length, "s")
    return {f"webhook-{n}-of-these": {"kind": "teams", "url": url} for n in range(number)}


def test_as_many_webhooks_as_may_be_fit_into_the_parameter_with_urls_as_teams_has_them(
    deploy: Deploy,
) -> None:
    stack = deploy(webhooks=many(10, length=350), eventBus="operations")
    parameter = stack.one("aws:ssm/parameter:Parameter", "receivers").inputs
    # A standard parameter holds at most 4 KB.
    assert 4096 < len(parameter["value"].encode()) <= 8192
    assert parameter["tier"] == "Intelligent-Tiering"


def test_more_than_fits_into_the_parameter_is_reported_before_a_deployment() -> None:
    with pytest.raises(
        InvalidConfig, match=r"\n  webhooks = '?\[secret\]'?.* must have URLs and keys"
    ):
        read_stack(changed_config({"webhooks": many(4, length=1900)}))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"eventBus": "arn:aws:events:eu-central-1:1:event-bus/x"}, "eventBus"),
        ({"eventBus": "aws.partner/x"}, "eventBus"),
        ({"watchSubscriptions": True, "alarmEmails": [], "fallbackEmails": []}, "watchSub"),
        (
            {
                "watchSubscriptions": True,
                "alarmEmails": [f"operator-{n}@department.example.com" for n in range(100)],
            },
            "watchSubscriptions",
        ),
    ],
)
def test_what_cannot_be_deployed_is_reported_by_its_key(
    changes: dict[str, object], key: str
) -> None:
    with pytest.raises(InvalidConfig, match=f"\n  {key}"):
        read_stack(changed_config(changes))
