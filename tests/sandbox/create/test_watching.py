"""Alarms and dashboards are made as declared, and refused as AWS would refuse them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.create import DeclarationError, Declared
from sandbox.create.cloudwatch import dashboard, metric_alarm
from sandbox.emulator.running import Emulator

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


def declared_alarm(name: str, **more: Any) -> Declared:
    return Declared(
        name,
        {
            "name": name,
            "namespace": "Own",
            "metricName": name,
            "statistic": "Sum",
            "period": 60,
            "evaluationPeriods": 4,
            "datapointsToAlarm": 1,
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 0,
            "treatMissingData": "notBreaching",
            "alarmActions": ["arn:aws:sns:eu-central-1:000000000000:some"],
            "okActions": ["arn:aws:sns:eu-central-1:000000000000:some"],
            **more,
        },
    )


def described(emulator: Emulator, name: str) -> Any:
    (alarm,) = emulator.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return alarm


def test_an_alarm_begins_as_it_settles_on_aws_and_acts_from_then_on(emulator: Emulator) -> None:
    declared = declared_alarm("settled")
    metric_alarm(declared, emulator)
    assert declared.unhandled() == []
    alarm = described(emulator, "settled")
    assert (alarm["StateValue"], alarm["ActionsEnabled"]) == ("OK", True)
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 4)
    assert alarm["OKActions"] == alarm["AlarmActions"]


def test_an_alarm_that_missing_data_does_not_settle_waits_for_some(emulator: Emulator) -> None:
    metric_alarm(declared_alarm("waiting", treatMissingData="ignore"), emulator)
    assert described(emulator, "waiting")["StateValue"] == "INSUFFICIENT_DATA"


def test_an_alarm_that_is_not_to_act_does_not(emulator: Emulator) -> None:
    metric_alarm(declared_alarm("silent", actionsEnabled=False), emulator)
    assert described(emulator, "silent")["ActionsEnabled"] is False


def test_a_dashboard_is_kept_as_declared(emulator: Emulator) -> None:
    body = json.dumps({"widgets": []})
    declared = Declared("some", {"dashboardName": "some", "dashboardBody": body})
    arn = dashboard(declared, emulator).outputs["dashboardArn"]
    assert declared.unhandled() == []
    found = emulator.client("cloudwatch").get_dashboard(DashboardName="some")
    assert found["DashboardBody"] == body
    assert arn == f"arn:aws:cloudwatch::{emulator.account_id}:dashboard/some"


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"widgets": 1}'])
def test_a_dashboard_that_aws_could_not_read_is_refused(emulator: Emulator, body: str) -> None:
    declared = Declared("some", {"dashboardName": "some", "dashboardBody": body})
    with pytest.raises(DeclarationError, match="dashboardBody"):
        dashboard(declared, emulator)
