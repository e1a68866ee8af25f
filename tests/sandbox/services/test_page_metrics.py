"""Alarms on two functions of one stack are separate."""

from __future__ import annotations

from sandbox.emulator.running import Emulator
from sandbox.services.log_metrics import LogMetrics
from sandbox.services.metrics import QueueMetrics

REGION = "eu-central-1"


def alarm(emulator: Emulator, name: str, metric: str, function: str) -> None:
    emulator.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def states(emulator: Emulator) -> dict[str, str]:
    found = emulator.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return {one["AlarmName"]: one["StateValue"] for one in found}


def measured(emulator: Emulator) -> None:
    client = emulator.client
    QueueMetrics(sqs=client("sqs"), s3=client("s3"), cloudwatch=client("cloudwatch")).close()


def test_what_never_has_data_may_be_watched_of_two_functions(emulator: Emulator) -> None:
    alarm(emulator, "relay", "Throttles", "relay")
    alarm(emulator, "page", "Throttles", "page")
    measured(emulator)


def test_a_function_that_dies_sounds_its_own_alarm_alone(emulator: Emulator) -> None:
    alarm(emulator, "relay", "Errors", "relay")
    alarm(emulator, "page", "Errors", "page")
    measured(emulator)
    put = LogMetrics(emulator.client("cloudwatch"), function_name="relay")
    put(["Worker process died", "REPORT RequestId: 1"])
    found = states(emulator)
    assert found["relay"] == "ALARM"
    assert found["page"] != "ALARM"


def test_a_page_that_dies_sounds_its_own_alarm_alone(emulator: Emulator) -> None:
    alarm(emulator, "other-relay", "Errors", "other-relay")
    alarm(emulator, "site", "Url5xxCount", "site")
    measured(emulator)
    put = LogMetrics(emulator.client("cloudwatch"), function_name="site", has_url=True)
    put(["Worker process died", "REPORT RequestId: 1"])
    found = states(emulator)
    assert found["site"] == "ALARM"
    assert found["other-relay"] != "ALARM"
