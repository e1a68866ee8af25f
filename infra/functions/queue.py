"""The queue between the incoming bucket and the function, and its dead-letter queue.

S3 writes a notification of each stored mail into the queue. It checks its permission when the
notification is configured, so the notification waits for the queue's policy. A message that was
received `max_receive_count` times and never deleted moves to the dead-letter queue and keeps its
date. So that queue must keep messages longer than this one (SQS guide, "Dead-letter queues").

SES's bounces and complaints use the same queue, so that the function learns which addresses do not
accept mail. They get the same retries, and need no separate function or queue.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

import pulumi
import pulumi_aws as aws

from infra import policy_documents

_LONG_POLL_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingQueueArgs:
    """`bucket_name` and `bucket_arn` are of the bucket whose objects under `key_prefix` queue.

    `visibility_seconds` is the time for which a received message is hidden from other receivers.
    `key_arn` is the encryption key, None for SQS's own. `events_topic_arn` is the topic of SES's
    events about mail, None if there is none.
    """

    account: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    key_prefix: str
    visibility_seconds: int
    max_receive_count: int
    retention: timedelta
    dead_letter_retention: timedelta
    key_arn: pulumi.Input[str] | None = None
    events_topic_arn: pulumi.Input[str] | None = None


class IncomingQueue(pulumi.ComponentResource):
    """The queue, its dead-letter queue and the bucket's notification.

    Resources that store objects for the queue depend on `notification`: S3 announces no object
    that was stored before it. Callers use a queue's URL, policies its ARN and metrics its name.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    queue_name: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    notification: pulumi.Resource

    def __init__(
        self, name: str, args: IncomingQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:queue:IncomingQueue", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Only one of the two: SQS would use the later one.
        managed = True if args.key_arn is None else None
        dead_letters = aws.sqs.Queue(
            f"{name}-dead-letters",
            sqs_managed_sse_enabled=managed,
            kms_master_key_id=args.key_arn,
            message_retention_seconds=int(args.dead_letter_retention.total_seconds()),
            receive_wait_time_seconds=_LONG_POLL_SECONDS,
            opts=child,
        )
        queue = aws.sqs.Queue(
            name,
            sqs_managed_sse_enabled=managed,
            kms_master_key_id=args.key_arn,
            message_retention_seconds=int(args.retention.total_seconds()),
            receive_wait_time_seconds=_LONG_POLL_SECONDS,
            visibility_timeout_seconds=args.visibility_seconds,
            redrive_policy=pulumi.Output.json_dumps(
                {
                    "deadLetterTargetArn": dead_letters.arn,
                    "maxReceiveCount": args.max_receive_count,
                }
            ),
            opts=child,
        )
        aws.sqs.QueuePolicy(
            f"{name}-dead-letters",
            queue_url=dead_letters.url,
            policy=policy_documents.document(
                policy_documents.deny_without_tls("sqs:*", [dead_letters.arn])
            ),
            opts=child,
        )
        queue_policy = aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=policy_documents.document(
                policy_documents.deny_without_tls("sqs:*", [queue.arn]),
                policy_documents.allow(
                    "SendByBucket",
                    ["sqs:SendMessage"],
                    [queue.arn],
                    service="s3.amazonaws.com",
                    condition={
                        "StringEquals": {"aws:SourceAccount": args.account},
                        "ArnEquals": {"aws:SourceArn": args.bucket_arn},
                    },
                ),
                *_send_by_topic(args.events_topic_arn, queue.arn),
            ),
            opts=child,
        )
        if args.events_topic_arn is not None:
            aws.sns.TopicSubscription(
                f"{name}-events",
                topic=args.events_topic_arn,
                protocol="sqs",
                endpoint=queue.arn,
                # SES's own JSON, without SNS's envelope; alarms are filtered out.
                raw_message_delivery=True,
                filter_policy_scope="MessageBody",
                filter_policy=json.dumps({"eventType": ["Bounce", "Complaint"]}),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[queue_policy]),
            )
        self.notification = aws.s3.BucketNotification(
            name,
            bucket=args.bucket_name,
            queues=[
                {
                    "id": "incoming",
                    "queue_arn": queue.arn,
                    "events": ["s3:ObjectCreated:*"],
                    "filter_prefix": args.key_prefix,
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[queue_policy]),
        )
        self.arn = queue.arn
        self.url = queue.url
        self.queue_name = queue.name
        self.dead_letter_url = dead_letters.url
        self.dead_letter_name = dead_letters.name
        self.register_outputs({"url": self.url, "deadLetterUrl": self.dead_letter_url})


def _send_by_topic(
    topic_arn: pulumi.Input[str] | None, queue_arn: pulumi.Input[str]
) -> tuple[policy_documents.Statement, ...]:
    if topic_arn is None:
        return ()
    return (
        policy_documents.allow(
            "SendByTopic",
            ["sqs:SendMessage"],
            [queue_arn],
            service="sns.amazonaws.com",
            condition={"ArnEquals": {"aws:SourceArn": topic_arn}},
        ),
    )
