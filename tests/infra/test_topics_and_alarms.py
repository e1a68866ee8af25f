"""The operator hears of mail that was not relayed, and of trouble with the queues."""

from __future__ import annotations

from tests.infra.conftest import Deploy
from tests.infra.program import ACCOUNT, Deployment, Registered

TOPIC, TOPIC_POLICY = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ARN = f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-"


def alarm(stack: Deployment, metric: str) -> Registered:
    (found,) = (one for one in stack.all(ALARM) if one.inputs["metricName"] == metric)
    return found


def test_topics_take_nothing_without_tls(dev: Deployment) -> None:
    for name in ("fallback", "alarms"):
        policy = dev.named(TOPIC_POLICY, f"mail-relay-dev-{name}").document("policy")
        assert {
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": [ARN + name],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        } in policy["Statement"]


def test_only_the_stacks_own_alarms_may_publish_on_the_alarms_topic(dev: Deployment) -> None:
    allowed = [
        (policy.name, statement)
        for policy in dev.all(TOPIC_POLICY)
        for statement in policy.document("policy")["Statement"]
        if statement["Effect"] == "Allow"
    ]
    alarms = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:mail-relay-dev-*"
    expected = {
        "Sid": "PublishByService",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": ["sns:Publish"],
        "Resource": [f"{ARN}alarms"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": alarms},
        },
    }
    assert allowed == [("mail-relay-dev-alarms", expected)]


def test_the_alarms_names_are_those_that_the_topic_lets_in(dev: Deployment) -> None:
    assert all(one.name.startswith("mail-relay-dev-") for one in dev.all(ALARM))


def test_operators_are_subscribed_by_mail_once_each(deploy: Deploy) -> None:
    stack = deploy(
        alarmEmails=["a@example.com", "b@example.com", "a@example.com"],
        fallbackEmails=["c@example.com"],
    )
    found = {
        (one.inputs["topic"], one.inputs["protocol"], one.inputs["endpoint"])
        for one in stack.all(SUBSCRIPTION)
    }
    assert found == {
        (f"{ARN}alarms", "email", "a@example.com"),
        (f"{ARN}alarms", "email", "b@example.com"),
        (f"{ARN}fallback", "email", "c@example.com"),
    }


def test_an_alarm_sounds_when_the_messages_in_the_dlq_exceed_50(dev: Deployment) -> None:
    inputs = alarm(dev, "ApproximateNumberOfMessagesVisible").inputs
    assert inputs["threshold"] == 50
    assert inputs["dimensions"] == {"QueueName": "mail-relay-dev-incoming-dead-letters"}
    assert inputs["statistic"] == "Maximum"


def test_an_alarm_sounds_when_the_oldest_message_is_older_than_3_minutes(dev: Deployment) -> None:
    inputs = alarm(dev, "ApproximateAgeOfOldestMessage").inputs
    assert inputs["threshold"] == 3 * 60
    assert inputs["dimensions"] == {"QueueName": "mail-relay-dev-incoming"}
    assert inputs["statistic"] == "Maximum"


def test_an_alarm_sounds_when_more_than_180_messages_came_in_5_minutes(dev: Deployment) -> None:
    inputs = alarm(dev, "NumberOfMessagesSent").inputs
    assert inputs["threshold"] == 180
    assert inputs["dimensions"] == {"QueueName": "mail-relay-dev-incoming"}
    assert (inputs["statistic"], inputs["period"]) == ("Sum", 5 * 60)


def test_the_thresholds_are_configurable(deploy: Deploy) -> None:
    stack = deploy(dlqAlarmThreshold=1, queueAgeAlarmSeconds=600, trafficAlarmThreshold=1000)
    found = {one.inputs["metricName"]: one.inputs["threshold"] for one in stack.all(ALARM)}
    assert found == {
        "ApproximateNumberOfMessagesVisible": 1,
        "ApproximateAgeOfOldestMessage": 600,
        "NumberOfMessagesSent": 1000,
    }


def test_every_alarm_tells_the_alarms_topic_and_an_idle_queue_is_healthy(dev: Deployment) -> None:
    assert len(dev.all(ALARM)) == 3
    for one in dev.all(ALARM):
        assert one.inputs["namespace"] == "AWS/SQS"
        assert one.inputs["alarmActions"] == [f"{ARN}alarms"]
        assert one.inputs["comparisonOperator"] == "GreaterThanThreshold"
        assert one.inputs["treatMissingData"] == "notBreaching"
        assert one.inputs["alarmDescription"]
