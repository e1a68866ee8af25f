"""The operator is subscribed to notices of mail that was not relayed, and to alarms."""

from __future__ import annotations

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

TOPIC, TOPIC_POLICY = "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ARN = f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-"


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


def test_only_the_stacks_own_alarms_and_mail_may_publish_on_the_alarms_topic(
    dev: Deployment,
) -> None:
    allowed = [
        (policy.name, statement)
        for policy in dev.all(TOPIC_POLICY)
        for statement in policy.document("policy")["Statement"]
        if statement["Effect"] == "Allow"
    ]
    alarms = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:mail-relay-dev-*"
    sending = f"arn:aws:ses:eu-central-1:{ACCOUNT}:configuration-set/mail-relay-dev"
    expected = [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["sns:Publish"],
            "Resource": [f"{ARN}alarms"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": source},
            },
        }
        for sid, service, source in (
            ("PublishAlarms", "cloudwatch.amazonaws.com", alarms),
            ("PublishEventsOfDevices", "ses.amazonaws.com", f"{sending}-devices"),
            ("PublishEventsOfSending", "ses.amazonaws.com", sending),
        )
    ]
    assert allowed == [("mail-relay-dev-alarms", one) for one in expected]


def test_operators_are_subscribed_by_mail_once_each(deploy: Deploy) -> None:
    stack = deploy(
        alarmEmails=["a@example.com", "b@example.com", "a@example.com"],
        fallbackEmails=["c@example.com"],
    )
    found = {
        (one.inputs["topic"], one.inputs["protocol"], one.inputs["endpoint"])
        for one in stack.all(SUBSCRIPTION)
        if one.inputs["protocol"] == "email"
    }
    assert found == {
        (f"{ARN}alarms", "email", "a@example.com"),
        (f"{ARN}alarms", "email", "b@example.com"),
        (f"{ARN}fallback", "email", "c@example.com"),
    }
