"""CloudWatch: the lives of log groups, alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import cloudwatch as create

from .lifecycle import (
    ON_DELETION,
    Change,
    Existing,
    Lifecycle,
    deleted_by,
    found_by,
    no_update,
    updated_by,
    updated_by_put,
)

_ALARM = (
    *("actionsEnabled", "alarmActions", "alarmDescription", "comparisonOperator"),
    *("datapointsToAlarm", "dimensions", "evaluationPeriods", "extendedStatistic"),
    *("insufficientDataActions", "metricName", "namespace", "okActions", "period"),
    *("statistic", "threshold", "treatMissingData", "unit"),
)


def _set_retention(change: Change, account: Account) -> Mapping[str, Any]:
    logs = account.client("logs")
    if days := change.new.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=change.id, retentionInDays=days)
    else:
        logs.delete_retention_policy(logGroupName=change.id)
    return {}


def _read_log_group(group: Existing, account: Account) -> Mapping[str, Any] | None:
    found = account.client("logs").describe_log_groups(logGroupNamePrefix=group.id)["logGroups"]
    for one in found:
        if one["logGroupName"] == group.id:
            return {"retentionInDays": one.get("retentionInDays")}
    return None


def _read_alarm(alarm: Existing, account: Account) -> Mapping[str, Any] | None:
    found = account.client("cloudwatch").describe_alarms(AlarmNames=[alarm.id])["MetricAlarms"]
    return {"threshold": found[0]["Threshold"]} if found else None


def _delete_alarm(alarm: Existing, account: Account) -> None:
    account.client("cloudwatch").delete_alarms(AlarmNames=[alarm.id])


def _delete_dashboard(dashboard: Existing, account: Account) -> None:
    account.client("cloudwatch").delete_dashboards(DashboardNames=[dashboard.id])


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:cloudwatch/logGroup:LogGroup": Lifecycle(
        create=create.log_group,
        read=_read_log_group,
        delete=deleted_by("logs", "delete_log_group", logGroupName="id"),
        source="internal/service/logs/group.go",
        replaced_by=frozenset({"name", "namePrefix", "logGroupClass"}),
        updates={
            **updated_by(_set_retention, "retentionInDays"),
            **no_update("skipDestroy", because=ON_DELETION),
        },
        named_by="name",
        longest_name=512,
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Lifecycle(
        create=create.metric_alarm,
        read=_read_alarm,
        delete=_delete_alarm,
        source="internal/service/cloudwatch/metric_alarm.go",
        replaced_by=frozenset({"name"}),
        updates=updated_by_put(create.metric_alarm, *_ALARM),
        named_by="name",
    ),
    "aws:cloudwatch/dashboard:Dashboard": Lifecycle(
        create=create.dashboard,
        read=found_by("cloudwatch", "get_dashboard", DashboardName="id"),
        delete=_delete_dashboard,
        source="internal/service/cloudwatch/dashboard.go",
        replaced_by=frozenset({"dashboardName"}),
        updates=updated_by_put(create.dashboard, "dashboardBody"),
    ),
}
