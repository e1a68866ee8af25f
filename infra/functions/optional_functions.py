"""The functions that are deployed only if they are configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.configuration.config import StackConfig
from infra.configuration.derived_times import DEAD_LETTER_RETENTION, QUEUE_RETENTION
from infra.watching.metrics import Subject
from infra.watching.topics import OperatorTopic

from .posting_function import Posting, PostingArgs
from .watch_function import SubscriptionWatch, SubscriptionWatchArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalFunctions:
    """The deployed functions; a log group is None without its function.

    `names` are those of the metrics' subjects; `exports` are the outputs.
    """

    posting_log_group: str | None
    watch_log_group: str | None
    names: Mapping[Subject, pulumi.Input[str]]
    exports: Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalFunctionsArgs:
    """The topics, the code of the functions, and the keys as in `PostingArgs`."""

    config: StackConfig
    code: pulumi.Archive
    account: pulumi.Input[str]
    alarms: OperatorTopic
    fallback: OperatorTopic
    key_arn: pulumi.Input[str] | None
    usable_key_arn: pulumi.Input[str] | None


def declare_optional_functions(
    name: str, args: OptionalFunctionsArgs, opts: pulumi.ResourceOptions
) -> OptionalFunctions:
    """Declare the configured functions."""
    config = args.config
    common = config.common_variables()
    names: dict[Subject, pulumi.Input[str]] = {}
    exports: dict[str, pulumi.Input[str]] = {}
    posting_log_group = f"/aws/lambda/{name}-posting" if config.has_receivers else None
    if posting_log_group:
        posting = Posting(
            f"{name}-posting",
            PostingArgs(
                code=args.code,
                environment=common,
                stack=config.stack,
                webhooks=config.webhooks,
                event_bus=config.event_bus,
                parameter_name=f"/{config.project}/{config.stack}/receivers",
                alarms_topic_arn=args.alarms.arn,
                fallback_topic_arn=args.fallback.arn,
                retry_delay_seconds=config.retry_delay_seconds,
                max_receive_count=config.dlq_max_receive_count,
                retention=QUEUE_RETENTION,
                dead_letter_retention=DEAD_LETTER_RETENTION,
                log_group_name=posting_log_group,
                log_retention_days=config.log_retention_days,
                log_level=config.log_level,
                region=config.region,
                account=args.account,
                key_arn=args.key_arn,
                usable_key_arn=args.usable_key_arn,
            ),
            opts,
        )
        names[Subject.POSTING_DEAD_LETTERS] = posting.dead_letter_name
        exports["postingDeadLetterQueueUrl"] = posting.dead_letter_url
        exports["postingFunctionName"] = posting.function_name
    watch_log_group = f"/aws/lambda/{name}-watch" if config.watch_subscriptions else None
    if watch_log_group:
        watch = SubscriptionWatch(
            f"{name}-watch",
            SubscriptionWatchArgs(
                code=args.code,
                environment=common,
                alarms_topic_arn=args.alarms.arn,
                fallback_topic_arn=args.fallback.arn,
                alarm_emails=config.alarm_emails,
                fallback_emails=config.fallback_emails,
                log_group_name=watch_log_group,
                log_retention_days=config.log_retention_days,
                log_level=config.log_level,
            ),
            opts,
        )
        names[Subject.ALARMS_TOPIC] = args.alarms.topic_name
        names[Subject.FALLBACK_TOPIC] = args.fallback.topic_name
        exports["watchFunctionName"] = watch.function_name
    return OptionalFunctions(
        posting_log_group=posting_log_group,
        watch_log_group=watch_log_group,
        names=names,
        exports=exports,
    )
