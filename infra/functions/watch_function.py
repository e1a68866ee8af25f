"""A check, once an hour, that the e-mail addresses are still subscribed to the topics.

SNS has no metric of lost subscriptions: it does not try to deliver to one that is not confirmed,
so no delivery fails. A function checks and counts them (`adapters.watch_function`). The alarm on
its count goes to both topics, because one of them may have no subscriber.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.configuration.environment import LogLevel
from relay_core.environment import variable_name

from .logged_function import FunctionSpec, make_function

HANDLER = "adapters.watch_function.handler"
SCHEDULE = "rate(1 hour)"

_MEMORY_MB = 128
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionWatchArgs:
    """The topics, and the addresses that must be subscribed to each."""

    code: pulumi.Archive
    environment: Mapping[str, str]
    alarms_topic_arn: pulumi.Input[str]
    fallback_topic_arn: pulumi.Input[str]
    alarm_emails: Sequence[str]
    fallback_emails: Sequence[str]
    log_group_name: str
    log_retention_days: int
    log_level: LogLevel


class SubscriptionWatch(pulumi.ComponentResource):
    """The function and its schedule."""

    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: SubscriptionWatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:subscription_watch:SubscriptionWatch", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        function = make_function(
            name,
            FunctionSpec(
                code=args.code,
                handler=HANDLER,
                environment={
                    **args.environment,
                    variable_name("alarms_topic_arn"): args.alarms_topic_arn,
                    variable_name("fallback_topic_arn"): args.fallback_topic_arn,
                    variable_name("alarm_emails"): json.dumps(list(args.alarm_emails)),
                    variable_name("fallback_emails"): json.dumps(list(args.fallback_emails)),
                },
                memory_mb=_MEMORY_MB,
                timeout_seconds=_TIMEOUT_SECONDS,
                log_group_name=args.log_group_name,
                log_retention_days=args.log_retention_days,
                log_level=args.log_level,
                permissions=(
                    policy_documents.allow(
                        "LookAtSubscriptions",
                        ["sns:ListSubscriptionsByTopic"],
                        [args.alarms_topic_arn, args.fallback_topic_arn],
                    ),
                ),
            ),
            self,
        ).function
        rule = aws.cloudwatch.EventRule(
            name,
            description="Checks the subscriptions of the mail relay's topics",
            schedule_expression=SCHEDULE,
            opts=child,
        )
        allowed = aws.lambda_.Permission(
            name,
            function=function.name,
            statement_id="TheScheduleMayInvoke",
            action="lambda:InvokeFunction",
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id="watch",
            arn=function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        self.function_name = function.name
        self.register_outputs({"functionName": self.function_name})
