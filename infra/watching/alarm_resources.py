"""The alarms as resources of CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .alarm import Alarm
from .metrics import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsArgs:
    """The alarms of a stack, the resources that they measure, and the topics that they notify.

    `second_topic_arn` is used only by alarms with `Alarm.notifies_both_topics`.
    """

    stack: str
    documents_url: str | None
    alarms: Sequence[Alarm]
    names: Mapping[Subject, pulumi.Input[str]]
    topic_arn: pulumi.Input[str]
    second_topic_arn: pulumi.Input[str]


class Alarms(pulumi.ComponentResource):
    """The alarms on CloudWatch; `arns` are in the order of the arguments."""

    arns: tuple[pulumi.Output[str], ...]

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:alarms:Alarms", name, None, opts)

        def actions(alarm: Alarm) -> list[pulumi.Input[str]]:
            second = [args.second_topic_arn] if alarm.notifies_both_topics else []
            return [args.topic_arn, *second]

        self.arns = tuple(
            aws.cloudwatch.MetricAlarm(
                f"{name}-{alarm.key}",
                alarm_description=alarm.description(args.stack, args.documents_url),
                namespace=alarm.metric.of.namespace,
                metric_name=alarm.metric.name,
                dimensions=alarm.metric.dimensions(args.names),
                statistic=alarm.metric.statistic,
                period=alarm.period_seconds,
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.breaching,
                comparison_operator="GreaterThanThreshold",
                threshold=alarm.threshold,
                treat_missing_data="ignore" if alarm.keeps_state_without_data else "notBreaching",
                alarm_actions=actions(alarm),
                ok_actions=actions(alarm) if alarm.notifies_recovery else [],
                opts=pulumi.ResourceOptions(parent=self),
            ).arn
            for alarm in args.alarms
        )
        self.register_outputs({})
