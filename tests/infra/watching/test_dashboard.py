"""The dashboard shows a mail's path through this stack, and the thresholds of its alarms."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from adapters.telemetry import download as download_telemetry
from adapters.telemetry import relay as telemetry
from adapters.telemetry.relay import outcome_metric
from relay_core.record.report import Outcome
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
NAMES = {
    "QueueName": {"mail-relay-dev-incoming", "mail-relay-dev-incoming-dead-letters"},
    "FunctionName": {"mail-relay-dev-function", "mail-relay-dev-download"},
    "service": {"mail-relay-dev"},
}


def widgets(stack: Deployment, type_: str | None = None) -> list[dict[str, Any]]:
    body = stack.one(DASHBOARD).document("dashboardBody")
    assert body["periodOverride"] == "inherit"
    return [one for one in body["widgets"] if type_ in {None, one["type"]}]


def curves(widget: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """Namespace, metric, dimensions and options of a graph's curves, without searches."""
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
                of_account = "whole account" in widget["properties"]["title"]
                own = {"ses:configuration-set": "mail-relay-dev-devices"}
                assert dimensions == ({} if of_account else own)
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

    other = deploy(stack="other", createIdentities=False, linkMode="page")
    assert not shown(dev) & shown(other)


def test_every_alarms_metric_is_shown_as_it_sees_it_with_a_line_where_it_sounds(
    deploy: Deploy,
) -> None:
    stack = deploy(
        linkMode="page",
        downloadDomain="files.example.com",
        hostedZoneId="Z123",
        dlqAlarmThreshold=7,
        queueAgeAlarmSeconds=600,
        trafficAlarmThreshold=1000,
    )
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
    stack = deploy(
        linkMode="page", functionTimeoutSeconds=60, maxConcurrency=7, downloadMaxConcurrency=8
    )
    found = {
        label: value for one in widgets(stack, "metric") for label, value in lines(one).items()
    }
    alarms = {
        "alarm " + one.name.removeprefix("mail-relay-dev-"): one.inputs["threshold"]
        for one in stack.all(ALARM)
    }
    limits = {"timeout": 60_000, "maxConcurrency": 7, "downloadMaxConcurrency": 8}
    assert found == {**alarms, **limits}


def test_no_line_is_drawn_where_there_is_no_limit(deploy: Deploy) -> None:
    stack = deploy(linkMode="page", downloadMaxConcurrency=0)
    found = {label for one in widgets(stack, "metric") for label in lines(one)}
    assert "downloadMaxConcurrency" not in found


def test_it_begins_with_the_state_of_every_alarm(dev: Deployment) -> None:
    first, *_ = widgets(dev)
    assert first["type"] == "alarm"
    arn = f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:"
    assert set(first["properties"]["alarms"]) == {arn + one.name for one in dev.all(ALARM)}


def titles(stack: Deployment) -> list[str]:
    """The headings from left to right; each graph is below one of them."""
    headings = sorted(widgets(stack, "text"), key=lambda widget: widget["x"])
    for widget in widgets(stack, "metric"):
        assert widget["x"] in {heading["x"] for heading in headings}
    return [widget["properties"]["markdown"].splitlines()[0] for widget in headings]


def test_it_follows_a_mail_from_left_to_right(dev: Deployment, presigned: Deployment) -> None:
    way = ["## 1. Received", "## 2. Waiting", "## 3. Processed", "## 4. Submitted"]
    assert titles(dev) == [*way, "## 5. Fetched", "## 6. Failed"]
    assert titles(presigned) == [*way, "## 5. Failed"]


def test_requests_at_the_domain_are_shown_beside_those_at_the_functions_url(
    dev: Deployment, in_domain: Deployment
) -> None:
    def at_domain(stack: Deployment) -> set[tuple[str, str]]:
        return {
            (metric, options["stat"])
            for widget in widgets(stack, "metric")
            for namespace, metric, _, options in curves(widget)
            if namespace == "AWS/ApiGateway"
        }

    assert at_domain(dev) == set()
    assert at_domain(in_domain) == {("5xx", "Sum"), ("Latency", "p50"), ("Latency", "p95")}


def test_without_a_page_nothing_of_a_page_is_shown(presigned: Deployment) -> None:
    shown = str(widgets(presigned))
    assert "download" not in shown.lower()
    assert "PagesShown" not in shown


def test_no_widget_lies_on_another_or_off_the_grid(every: Deployment) -> None:
    def cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
        across = range(widget["x"], widget["x"] + widget["width"])
        down = range(widget["y"], widget["y"] + widget["height"])
        return {(x, y) for x in across for y in down}

    taken = [cells(widget) for widget in widgets(every)]
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
    written = inspect.getsource(telemetry) + inspect.getsource(download_telemetry)
    ends = (*(outcome.value for outcome in Outcome), "retried", "failed")
    outcomes = {outcome_metric(end) for end in ends}
    for widget in widgets(dev, "metric"):
        for namespace, metric, _, _ in curves(widget):
            if namespace == "MailRelay":
                assert metric in outcomes or f'"{metric}"' in written


@pytest.mark.parametrize(
    ("title", "metric", "dimension"),
    [("Refusals by reason", "Refusals", "reason"), ("Pages by status", "PagesShown", "status")],
)
def test_what_has_kinds_has_a_curve_a_kind_whatever_kinds_there_are(
    dev: Deployment, title: str, metric: str, dimension: str
) -> None:
    (widget,) = (one for one in widgets(dev, "metric") if one["properties"]["title"] == title)
    ((curve,),) = widget["properties"]["metrics"]
    assert curve["expression"] == (
        f'SEARCH(\'{{MailRelay,service,{dimension}}} MetricName="{metric}"'
        " service=\"mail-relay-dev\"', 'Sum', 300)"
    )
    assert curve["label"] == f"${{PROP('Dim.{dimension}')}}"


def test_it_is_the_same_text_at_every_preview(dev: Deployment, deploy: Deploy) -> None:
    text = dev.one(DASHBOARD).inputs["dashboardBody"]
    assert deploy(linkMode="page").one(DASHBOARD).inputs["dashboardBody"] == text
