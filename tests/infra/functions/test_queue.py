"""S3 announces each mail in a queue; messages that fail too often go to a dead-letter queue."""

from __future__ import annotations

import json

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

QUEUE, DEAD_LETTERS = "mail-relay-dev-incoming", "mail-relay-dev-incoming-dead-letters"
QUEUE_TYPE, POLICY_TYPE = "aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"
ARN = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:"


def test_a_message_that_failed_the_configured_times_goes_to_the_dead_letter_queue(
    deploy: Deploy,
) -> None:
    queue = deploy(dlqMaxReceiveCount=7).named(QUEUE_TYPE, QUEUE)
    expected = {"deadLetterTargetArn": ARN + DEAD_LETTERS, "maxReceiveCount": 7}
    assert json.loads(queue.inputs["redrivePolicy"]) == expected


def test_queues_are_encrypted_and_polled_long(dev: Deployment) -> None:
    for queue in dev.all(QUEUE_TYPE):
        assert queue.inputs["sqsManagedSseEnabled"] is True
        assert queue.inputs["receiveWaitTimeSeconds"] == 20


def test_queues_deny_everything_without_tls(dev: Deployment) -> None:
    for name in (QUEUE, DEAD_LETTERS):
        policy = dev.named(POLICY_TYPE, name).document("policy")
        assert {
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": [ARN + name],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        } in policy["Statement"]


def test_only_the_incoming_bucket_may_send_to_the_queue_from_outside_the_account(
    dev: Deployment,
) -> None:
    allowed = [
        (policy.name, statement)
        for policy in dev.all(POLICY_TYPE)
        for statement in policy.document("policy")["Statement"]
        if statement["Effect"] == "Allow"
    ]
    expected = {
        "Sid": "SendByBucket",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": ["sqs:SendMessage"],
        "Resource": [ARN + QUEUE],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::mail-relay-dev-incoming"},
        },
    }
    # SES's bounces and complaints, by the topic.
    by_topic = {
        "Sid": "SendByTopic",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": ["sqs:SendMessage"],
        "Resource": [ARN + QUEUE],
        "Condition": {
            "ArnEquals": {
                "aws:SourceArn": f"arn:aws:sns:eu-central-1:{ACCOUNT}:mail-relay-dev-alarms"
            }
        },
    }
    assert allowed == [(QUEUE, expected), (QUEUE, by_topic)]


def test_bounces_and_complaints_come_by_the_queue_and_alarms_do_not(dev: Deployment) -> None:
    (subscription,) = (
        one
        for one in dev.all("aws:sns/topicSubscription:TopicSubscription")
        if one.inputs["protocol"] == "sqs"
    )
    assert subscription.inputs["topic"].endswith(":mail-relay-dev-alarms")
    assert subscription.inputs["endpoint"] == ARN + QUEUE
    assert subscription.inputs["rawMessageDelivery"] is True
    assert subscription.inputs["filterPolicyScope"] == "MessageBody"
    assert subscription.document("filterPolicy") == {"eventType": ["Bounce", "Complaint"]}


def test_events_of_a_foreign_configuration_set_do_not_reach_the_queue(deploy: Deploy) -> None:
    stack = deploy(configurationSetName="theirs")
    protocols = {
        one.inputs["protocol"] for one in stack.all("aws:sns/topicSubscription:TopicSubscription")
    }
    assert protocols == {"email"}
    (policy,) = (one for one in stack.all(POLICY_TYPE) if one.name == QUEUE)
    sids = [statement["Sid"] for statement in policy.document("policy")["Statement"]]
    assert sids == ["DenyWithoutTls", "SendByBucket"]


def test_each_object_under_incoming_is_announced(dev: Deployment) -> None:
    notification = dev.one("aws:s3/bucketNotification:BucketNotification")
    assert notification.inputs == {
        "bucket": "mail-relay-dev-incoming",
        "queues": [
            {
                "id": "incoming",
                "queueArn": ARN + QUEUE,
                "events": ["s3:ObjectCreated:*"],
                "filterPrefix": "incoming/",
            }
        ],
    }


def test_the_notification_waits_for_the_queues_policy(dev: Deployment) -> None:
    policy = dev.named(POLICY_TYPE, QUEUE)
    notification = dev.one("aws:s3/bucketNotification:BucketNotification")
    assert policy.urn in notification.dependencies
