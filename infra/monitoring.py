"""The stack's alarms, and the dashboard that shows their metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from .configuration.config import StackConfig
from .functions.optional_functions import OptionalFunctions
from .watching.alarm_resources import Alarms, AlarmsArgs
from .watching.alarms import Thresholds, alarms
from .watching.dashboard import FlowDashboard, FlowDashboardArgs
from .watching.dashboard_columns import Limits
from .watching.metrics import Subject
from .watching.topics import OperatorTopic


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringArgs:
    """The configuration, the topics of alarms, and the watched resources.

    `download_max_concurrency` and `page_log_group` are None without a download page. `names` are
    those of the metrics' subjects.
    """

    config: StackConfig
    download_max_concurrency: int | None
    log_group: str
    page_log_group: str | None
    optional: OptionalFunctions
    names: Mapping[Subject, pulumi.Input[str]]
    alarms: OperatorTopic
    fallback: OperatorTopic


def monitor(name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Declare alarms and dashboard; returns the URL of the dashboard."""
    config, optional = args.config, args.optional
    watched = alarms(
        Thresholds(
            failed_messages=config.dlq_alarm_threshold,
            oldest_message_seconds=config.queue_age_alarm_seconds,
            messages_in_five_minutes=config.traffic_alarm_threshold,
        ),
        dashboard=config.prefix,
        log_group=args.log_group,
        page_log_group=args.page_log_group,
        is_scanned=config.malware_protection,
        posting_log_group=optional.posting_log_group,
        watch_log_group=optional.watch_log_group,
        has_domain=Subject.DOWNLOAD_DOMAIN in args.names,
    )
    alarm_arns = Alarms(
        name,
        AlarmsArgs(
            stack=config.stack,
            documents_url=config.documents_url,
            alarms=watched,
            names=args.names,
            topic_arn=args.alarms.arn,
            second_topic_arn=args.fallback.arn,
        ),
        opts,
    ).arns
    return FlowDashboard(
        name,
        FlowDashboardArgs(
            dashboard_name=config.prefix,
            limits=Limits(
                function_timeout_seconds=config.function_timeout_seconds,
                max_concurrency=config.max_concurrency,
                download_max_concurrency=args.download_max_concurrency,
                is_posted=optional.posting_log_group is not None,
                is_watched=optional.watch_log_group is not None,
                has_domain=Subject.DOWNLOAD_DOMAIN in args.names,
            ),
            alarms=watched,
            alarm_arns=alarm_arns,
            names=args.names,
            region=config.region,
        ),
        opts,
    ).url
