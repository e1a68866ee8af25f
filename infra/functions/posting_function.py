"""Notices and alarms for receivers beside e-mail: webhooks and an event bus.

    fallback topic ─┬─▶ a queue a receiver ─▶ function ─▶ https, or the event bus
    alarms topic   ─┘          └─▶ dead-letter queue ─▶ an alarm

Each receiver has its own queue, so that one that does not answer delays no other, and only its own
messages are retried. SNS could call the function directly, but then there are only two tries
within three minutes, and the failure of one receiver would post again to the others. A retry here
is that of a mail: `retryDelaySeconds`, doubled each time, `dlqMaxReceiveCount` times.

The receivers are in a SecureString: the URL of a webhook is a secret, and more principals can read
the environment variables of a function than the parameter.

Only CloudWatch's alarms are taken from the alarms topic, not SES's events of each mail. Some
alarms are published on both topics: a receiver of both gets them from one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.configuration.environment import LogLevel
from infra.configuration.webhooks import Sends, Webhook
from infra.storage.keys import use_of
from relay_core.environment import variable_name
from relay_core.posting.receivers import ReceiverKind

from .logged_function import FunctionSpec, make_function

HANDLER = "adapters.posting_function.handler"

_MEMORY_MB = 256
_TIMEOUT_SECONDS = 30
"""Twice ten seconds for a slow receiver, and time for AWS."""

_HIDDEN_SECONDS = 6 * _TIMEOUT_SECONDS  # Lambda guide, "Using Lambda with Amazon SQS"
_AT_ONCE = 2
"""Concurrent posts to one receiver: Lambda's minimum; Slack accepts one a second."""

_ALARMS_ONLY = json.dumps({"AlarmName": [{"exists": True}]})
_NOTICES_ONLY = json.dumps({"reason": [{"exists": True}]})
_BUS = "bus"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingArgs:
    """The receivers, and the topics that they get messages from.

    `event_bus` is the name of a bus of this account and region, None for none. `parameter_name` is
    the parameter of the receivers. `retry_delay_seconds` and `max_receive_count` are those of a
    mail. `key_arn` is the encryption key of topics and queues, None for none; `usable_key_arn` a
    key with which older messages may be encrypted.
    """

    code: pulumi.Archive
    environment: Mapping[str, str]
    stack: str
    webhooks: Mapping[str, Webhook]
    event_bus: str | None
    parameter_name: str
    alarms_topic_arn: pulumi.Input[str]
    fallback_topic_arn: pulumi.Input[str]
    retry_delay_seconds: int
    max_receive_count: int
    retention: timedelta
    dead_letter_retention: timedelta
    log_group_name: str
    log_retention_days: int
    log_level: LogLevel
    region: str
    account: pulumi.Input[str]
    key_arn: pulumi.Input[str] | None = None
    usable_key_arn: pulumi.Input[str] | None = None


class Posting(pulumi.ComponentResource):
    """The queues, the function, and the parameter that it reads."""

    dead_letter_name: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PostingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:posting:Posting", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        dead_letters = aws.sqs.Queue(
            f"{name}-dead-letters",
            sqs_managed_sse_enabled=True if args.key_arn is None else None,
            kms_master_key_id=args.key_arn,
            message_retention_seconds=int(args.dead_letter_retention.total_seconds()),
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
        bus_arn = (
            None
            if args.event_bus is None
            else policy_documents.arn(
                "events", args.region, args.account, f"event-bus/{args.event_bus}"
            )
        )
        sends = {receiver: one.sends for receiver, one in args.webhooks.items()}
        if bus_arn is not None:
            sends[_BUS] = Sends.BOTH
        queues = {
            receiver: self._queue(f"{name}-{receiver}", args, what, dead_letters)
            for receiver, what in sends.items()
        }
        parameter = aws.ssm.Parameter(
            f"{name}-receivers",
            name=args.parameter_name,
            type="SecureString",
            # With many webhooks it is larger than a standard parameter.
            tier="Intelligent-Tiering",
            description="Receivers of the mail relay's notices and alarms: webhooks, event bus",
            value=_document(args, bus_arn, queues),
            opts=child,
        )
        made = make_function(
            name,
            FunctionSpec(
                code=args.code,
                handler=HANDLER,
                environment={
                    **args.environment,
                    variable_name("stack"): args.stack,
                    variable_name("receivers_parameter"): parameter.name,
                    variable_name("retry_delay"): str(args.retry_delay_seconds),
                },
                memory_mb=_MEMORY_MB,
                timeout_seconds=_TIMEOUT_SECONDS,
                log_group_name=args.log_group_name,
                log_retention_days=args.log_retention_days,
                log_level=args.log_level,
                permissions=_permissions(
                    args,
                    queue_arns=[queue.arn for queue in queues.values()],
                    parameter_arn=parameter.arn,
                    bus_arn=bus_arn,
                ),
            ),
            self,
        )
        for receiver, queue in queues.items():
            aws.lambda_.EventSourceMapping(
                f"{name}-{receiver}",
                event_source_arn=queue.arn,
                function_name=made.function.arn,
                batch_size=1,
                function_response_types=["ReportBatchItemFailures"],
                scaling_config={"maximum_concurrency": _AT_ONCE},
                opts=child,
            )
        self.dead_letter_name = dead_letters.name
        self.dead_letter_url = dead_letters.url
        self.function_name = made.function.name
        self.register_outputs({"functionName": self.function_name})

    def _queue(
        self, name: str, args: PostingArgs, sends: Sends, dead_letters: aws.sqs.Queue
    ) -> aws.sqs.Queue:
        """A receiver's queue, subscribed to the topics that it gets."""
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            name,
            sqs_managed_sse_enabled=True if args.key_arn is None else None,
            kms_master_key_id=args.key_arn,
            message_retention_seconds=int(args.retention.total_seconds()),
            visibility_timeout_seconds=_HIDDEN_SECONDS,
            redrive_policy=pulumi.Output.json_dumps(
                {
                    "deadLetterTargetArn": dead_letters.arn,
                    "maxReceiveCount": args.max_receive_count,
                }
            ),
            opts=child,
        )
        topics: dict[str, tuple[pulumi.Input[str], str | None]] = {}
        if sends is not Sends.NOTICES:
            topics["alarms"] = args.alarms_topic_arn, _ALARMS_ONLY
        if sends is not Sends.ALARMS:
            # Alarms that go to both topics arrive by the alarms topic.
            both = sends is Sends.BOTH
            topics["notices"] = args.fallback_topic_arn, _NOTICES_ONLY if both else None
        policy = aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=policy_documents.document(
                policy_documents.deny_without_tls("sqs:*", [queue.arn]),
                policy_documents.allow(
                    "SendByTopics",
                    ["sqs:SendMessage"],
                    [queue.arn],
                    service="sns.amazonaws.com",
                    condition={
                        "ArnEquals": {"aws:SourceArn": [arn for arn, _ in topics.values()]}
                    },
                ),
            ),
            opts=child,
        )
        for topic, (arn, wanted) in topics.items():
            aws.sns.TopicSubscription(
                f"{name}-{topic}",
                topic=arn,
                protocol="sqs",
                endpoint=queue.arn,
                filter_policy_scope="MessageBody" if wanted else None,
                filter_policy=wanted,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
            )
        return queue


def _document(
    args: PostingArgs,
    bus_arn: pulumi.Input[str] | None,
    queues: Mapping[str, aws.sqs.Queue],
) -> pulumi.Output[str]:
    """The receivers as JSON (`relay_core.posting.receivers`); secret, like their addresses."""
    receivers: list[tuple[aws.sqs.Queue, dict[str, pulumi.Input[str]]]] = [
        (
            queues[name],
            {
                "name": name,
                "kind": one.kind.value,
                "address": pulumi.Output.secret(one.url),
                "signing_key": pulumi.Output.secret(one.signing_key),
            },
        )
        for name, one in args.webhooks.items()
    ]
    if bus_arn is not None:
        bus: dict[str, pulumi.Input[str]] = {
            "name": _BUS,
            "kind": ReceiverKind.EVENT_BUS.value,
            "address": bus_arn,
            "signing_key": "",
        }
        receivers.append((queues[_BUS], bus))
    entries = [
        pulumi.Output.all(queue.arn, pulumi.Output.all(**one, queue_url=queue.url))
        for queue, one in receivers
    ]
    return pulumi.Output.all(*entries).apply(lambda found: json.dumps(dict(found)))


def _permissions(
    args: PostingArgs,
    *,
    queue_arns: list[pulumi.Output[str]],
    parameter_arn: pulumi.Output[str],
    bus_arn: pulumi.Output[str] | None,
) -> tuple[policy_documents.Statement, ...]:
    return (
        policy_documents.allow(
            "WorkThroughTheQueues",
            [
                *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
                # The function itself delays the next try.
                "sqs:ChangeMessageVisibility",
            ],
            queue_arns,
        ),
        policy_documents.allow_reading_secret("ReadReceivers", parameter_arn),
        *(
            ()
            if bus_arn is None
            else (policy_documents.allow("PutOnTheBus", ["events:PutEvents"], [bus_arn]),)
        ),
        *use_of(args.usable_key_arn, args.region, "sqs"),
    )
