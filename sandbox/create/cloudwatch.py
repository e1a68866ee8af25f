"""CloudWatch: log groups, alarms on one metric, and dashboards."""

from __future__ import annotations

import json

from .declared import Account, Created, Creator, DeclarationError, Declared


def log_group(declared: Declared, account: Account) -> Created:
    """`aws.cloudwatch.LogGroup`."""
    logs, name = account.client("logs"), declared.physical_name()
    logs.create_log_group(
        logGroupName=name,
        tags=declared.tags(),
        **declared.renamed({"kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass"}),
    )
    if days := declared.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    declared.leave_out("skipDestroy", because="it acts when a stack is destroyed")
    arn = f"arn:aws:logs:{account.region}:{account.account_id}:log-group:{name}"
    return Created(name, {"name": name, "arn": arn})


def metric_alarm(declared: Declared, account: Account) -> Created:
    """`aws.cloudwatch.MetricAlarm`; `sandbox.services.metrics` supplies the data."""
    cloudwatch, name = account.client("cloudwatch"), declared.physical_name()
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        ActionsEnabled=False,
        Dimensions=[
            {"Name": key, "Value": value} for key, value in declared.get("dimensions", {}).items()
        ],
        Tags=declared.tag_list(),
        **declared.renamed(
            {
                "alarmActions": "AlarmActions",
                "alarmDescription": "AlarmDescription",
                "comparisonOperator": "ComparisonOperator",
                "datapointsToAlarm": "DatapointsToAlarm",
                "evaluationPeriods": "EvaluationPeriods",
                "extendedStatistic": "ExtendedStatistic",
                "insufficientDataActions": "InsufficientDataActions",
                "metricName": "MetricName",
                "namespace": "Namespace",
                "okActions": "OKActions",
                "period": "Period",
                "statistic": "Statistic",
                "threshold": "Threshold",
                "treatMissingData": "TreatMissingData",
                "unit": "Unit",
            }
        ),
    )
    # AWS sets the state within minutes, before a subscription is confirmed. The emulator sets it
    # with the first data, and its first action would then be a notification of OK.
    if declared.get("treatMissingData") == "notBreaching":
        cloudwatch.set_alarm_state(
            AlarmName=name, StateValue="OK", StateReason="missing data is not breaching"
        )
    if declared.get("actionsEnabled", True):
        cloudwatch.enable_alarm_actions(AlarmNames=[name])
    arn = f"arn:aws:cloudwatch:{account.region}:{account.account_id}:alarm:{name}"
    return Created(name, {"name": name, "arn": arn})


def dashboard(declared: Declared, account: Account) -> Created:
    """`aws.cloudwatch.Dashboard`: stored only. Like AWS, refuses a body that is not valid."""
    name, body = declared.require("dashboardName"), declared.require("dashboardBody")
    try:
        widgets = json.loads(body)["widgets"]
    except (ValueError, KeyError, TypeError) as error:
        raise DeclarationError(
            f"dashboardBody is not a JSON object with widgets: {error}"
        ) from error
    if not isinstance(widgets, list):
        raise DeclarationError("dashboardBody.widgets is not a list")
    answer = account.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    if messages := answer.get("DashboardValidationMessages"):
        raise DeclarationError(f"dashboardBody is not valid: {messages}")
    # A dashboard's ARN has no region.
    arn = f"arn:aws:cloudwatch::{account.account_id}:dashboard/{name}"
    return Created(name, {"dashboardArn": arn})


CREATORS: dict[str, Creator] = {
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
}
