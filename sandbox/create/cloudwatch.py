"""CloudWatch: log groups and alarms on one metric."""

from __future__ import annotations

from .declared import Account, Created, Creator, Declared


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
    """`aws.cloudwatch.MetricAlarm`; `sandbox.metrics` brings it the data."""
    name = declared.physical_name()
    account.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Dimensions=[
            {"Name": key, "Value": value} for key, value in declared.get("dimensions", {}).items()
        ],
        Tags=declared.tag_list(),
        **declared.renamed(
            {
                "actionsEnabled": "ActionsEnabled",
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
    arn = f"arn:aws:cloudwatch:{account.region}:{account.account_id}:alarm:{name}"
    return Created(name, {"name": name, "arn": arn})


CREATORS: dict[str, Creator] = {
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
}
