"""The dashboard shows a mail's way through this stack, and where its alarms sound."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from adapters import telemetry
from adapters.telemetry import outcome_metric
from relay_core.report import Outcome
from tests.infra.conftest import Deploy
from tests.infra.program import ACCOUNT, Deployment

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
NAMES = {
    "QueueName": {"mail-relay-dev-incoming", "mail-relay-dev-incoming-dead-letters"},
    "FunctionName": {"mail-relay-dev-function"},
    "service": {"mail-relay-dev"},
}


def widgets(stack: Deployment, type_: str | None = None) -> list[dict[str, Any]]:
    body = stack.one(DASHBOARD).document("dashboardBody")
    assert body["periodOverride"] == "inherit"
    return [one for one in body["widgets"] if type_ in {None, one["type"]}]


def curves(widget: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """Namespace, metric, dimensions and options of a graph's curves but searches."""
    for curve in widget["properties"]["metrics"]:
        if isinstance(curve[0], str):
            namespace, metric, *dimensions, options = curve
            pairs = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
            yield namespace, metric, pairs, options


def lines(widget: dict[str, Any]) -> dict[str, float]:
    found = widget["properties"]["annotations"]["horizontal"]
    return {line["label"]: line["value"] for line in found}


def test_it_has_the_stacks_name_and_its_address_is_exported(dev: Deployment) -> None:
    assert dev.one(DASHBOARD).inputs["dashboardName"] == "mail-relay-dev"
    assert dev.exports["dashboardUrl"] == (
        "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1"
        "#dashboards/dashboard/mail-relay-dev"
    )


def test_every_metric_is_of_this_stacks_resources(dev: Deployment) -> None:
    for widget in widgets(dev, "metric"):
        assert widget["properties"]["region"] == "eu-central-1"
        for namespace, _, dimensions, _ in curves(widget):
            if namespace == "AWS/SES":
                assert dimensions == {}
                assert "whole account" in widget["properties"]["title"]
            else:
                ((dimension, name),) = dimensions.items()
                assert name in NAMES[dimension]


def test_two_stacks_share_no_metric_but_the_accounts(dev: Deployment, deploy: Deploy) -> None:
    def shown(stack: Deployment) -> set[str]:
        return {
            json.dumps(curve)
            for widget in widgets(stack, "metric")
            for curve in widget["properties"]["metrics"]
            if curve[0] != "AWS/SES"
        }

    assert not shown(dev) & shown(deploy(stack="other", createIdentities=False))


def test_every_alarms_metric_is_shown_as_it_sees_it_with_a_line_where_it_sounds(
    deploy: Deploy,
) -> None:
    stack = deploy(dlqAlarmThreshold=7, queueAgeAlarmSeconds=600, trafficAlarmThreshold=1000)
    for alarm in stack.all(ALARM):
        inputs = alarm.inputs
        watched = (inputs["namespace"], inputs["metricName"], inputs["dimensions"])
        (graph, options) = next(
            (widget, options)
            for widget in widgets(stack, "metric")
            for *metric, options in curves(widget)
            if tuple(metric) == watched and options["stat"] == inputs["statistic"]
        )
        assert options["period"] == inputs["period"]
        key = alarm.name.removeprefix("mail-relay-dev-")
        assert lines(graph)[f"alarm {key}"] == inputs["threshold"]


def test_every_line_is_an_alarms_threshold_or_a_configured_limit(deploy: Deploy) -> None:
    stack = deploy(functionTimeoutSeconds=60, maxConcurrency=7)
    found = {
        label: value for one in widgets(stack, "metric") for label, value in lines(one).items()
    }
    alarms = {
        "alarm " + one.name.removeprefix("mail-relay-dev-"): one.inputs["threshold"]
        for one in stack.all(ALARM)
    }
    assert found == {**alarms, "timeout": 60_000, "maxConcurrency": 7}


def test_it_begins_with_the_state_of_every_alarm(dev: Deployment) -> None:
    first, *_ = widgets(dev)
    assert first["type"] == "alarm"
    arn = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:"
    assert set(first["properties"]["alarms"]) == {arn + one.name for one in dev.all(ALARM)}


def test_it_follows_a_mail_from_left_to_right(dev: Deployment) -> None:
    headings = sorted(widgets(dev, "text"), key=lambda widget: widget["x"])
    titles = [widget["properties"]["markdown"].splitlines()[0] for widget in headings]
    assert titles == [
        "## 1. Received",
        "## 2. Waiting",
        "## 3. Worked through",
        "## 4. Submitted",
        "## 5. Went wrong",
    ]
    for widget in widgets(dev, "metric"):
        assert widget["x"] in {heading["x"] for heading in headings}


def test_no_widget_lies_on_another_or_off_the_grid(dev: Deployment) -> None:
    def cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
        across = range(widget["x"], widget["x"] + widget["width"])
        down = range(widget["y"], widget["y"] + widget["height"])
        return {(x, y) for x in across for y in down}

    taken = [cells(widget) for widget in widgets(dev)]
    assert all(0 <= x < 24 for cell in taken for x, _ in cell)
    assert not any(one & other for one, other in combinations(taken, 2))


def test_every_outcome_of_a_mail_is_shown(dev: Deployment) -> None:
    shown = {
        metric
        for widget in widgets(dev, "metric")
        if widget["properties"]["title"] == "Mails by outcome"
        for _, metric, _, _ in curves(widget)
    }
    ends = (*(outcome.value for outcome in Outcome), "retried", "failed")
    assert {outcome_metric(end) for end in ends} == shown


def test_the_relays_own_metrics_are_those_that_it_writes(dev: Deployment) -> None:
    written = inspect.getsource(telemetry)
    ends = (*(outcome.value for outcome in Outcome), "retried", "failed")
    outcomes = {outcome_metric(end) for end in ends}
    for widget in widgets(dev, "metric"):
        for namespace, metric, _, _ in curves(widget):
            if namespace == "MailRelay":
                assert metric in outcomes or f'"{metric}"' in written


def test_refusals_have_a_curve_a_reason_whatever_reasons_there_are(dev: Deployment) -> None:
    (curve,) = (
        curve
        for widget in widgets(dev, "metric")
        for (curve, *_) in widget["properties"]["metrics"]
        if isinstance(curve, dict)
    )
    assert curve["expression"] == (
        'SEARCH(\'{MailRelay,service,reason} MetricName="Refusals"'
        " service=\"mail-relay-dev\"', 'Sum', 300)"
    )
    assert curve["label"] == "${PROP('Dim.reason')}"


def test_it_is_the_same_text_at_every_preview(dev: Deployment, deploy: Deploy) -> None:
    text = dev.one(DASHBOARD).inputs["dashboardBody"]
    assert deploy().one(DASHBOARD).inputs["dashboardBody"] == text
