"""The three alarms: too many failures, too slow, too much mail.

SQS counts only queues that were in use within six hours, and an idle queue is a healthy one:
missing data is not breaching. A queue that holds messages is in use, so none of the alarms can
miss what it watches for. (SQS guide, "Available CloudWatch metrics".)

Two things these metrics do not say: a message that was received three times leaves the age of
the oldest message, so that one bad mail does not hold the alarm up; it is the dead-letter
queue's to tell. And messages received count every try, so that traffic is measured by those
sent.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAlarmsArgs:
    """Queues by name; each alarm sounds when its metric exceeds its threshold."""

    queue_name: pulumi.Input[str]
    dead_letter_name: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    failed_messages: int
    oldest_message_seconds: int
    messages_in_five_minutes: int


class QueueAlarms(pulumi.ComponentResource):
    """The alarms on the incoming queue and its dead-letter queue."""

    def __init__(
        self, name: str, args: QueueAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:alarms:QueueAlarms", name, None, opts)
        self._alarm(
            f"{name}-dead-letters",
            args,
            queue=args.dead_letter_name,
            metric="ApproximateNumberOfMessagesVisible",
            statistic="Maximum",
            period_seconds=60,
            threshold=args.failed_messages,
            description=(
                f"More than {args.failed_messages} mails could not be relayed and wait in the"
                " dead-letter queue for the operator."
            ),
        )
        self._alarm(
            f"{name}-queue-age",
            args,
            queue=args.queue_name,
            metric="ApproximateAgeOfOldestMessage",
            statistic="Maximum",
            period_seconds=60,
            threshold=args.oldest_message_seconds,
            description=(
                f"A mail has waited for more than {args.oldest_message_seconds} seconds: the relay"
                " does not keep up with what comes in."
            ),
        )
        self._alarm(
            f"{name}-traffic",
            args,
            queue=args.queue_name,
            metric="NumberOfMessagesSent",
            statistic="Sum",
            period_seconds=300,
            threshold=args.messages_in_five_minutes,
            description=(
                f"More than {args.messages_in_five_minutes} mails came in within five minutes:"
                " traffic exceeds the norm."
            ),
        )
        self.register_outputs({})

    def _alarm(
        self,
        name: str,
        args: QueueAlarmsArgs,
        *,
        queue: pulumi.Input[str],
        metric: str,
        statistic: str,
        period_seconds: int,
        threshold: int,
        description: str,
    ) -> None:
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=description,
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions={"QueueName": queue},
            statistic=statistic,
            period=period_seconds,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            treat_missing_data="notBreaching",
            alarm_actions=[args.topic_arn],
            opts=pulumi.ResourceOptions(parent=self),
        )
