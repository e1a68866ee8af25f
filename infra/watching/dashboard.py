"""The dashboard: the stages of a mail from left to right, below the states of the alarms.

`columns` says what it shows; `body` writes that for CloudWatch once the names are known
(CloudWatch API reference, "Dashboard Body Structure and Syntax"). The same input always gives the
same text, or every preview would show a change.

A graph of a metric that an alarm watches shows it as the alarm sees it, with the same statistic
and period, and a line at the alarm's threshold. A dashboard belongs to an account, not to a
region: its name is the stack's prefix.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from .alarm import Alarm
from .dashboard_columns import Column, Graph, Limits, Line, Series, columns
from .metrics import RELAY_NAMESPACE, Subject

_WIDTH = 24  # of CloudWatch's grid


_ALARMS_HEIGHT, _HEADING_HEIGHT, _GRAPH_HEIGHT = 3, 2, 6

_PERIOD = 300  # seconds, for metrics without an alarm


def body(
    shown: Sequence[Column],
    alarms: Sequence[Alarm],
    *,
    names: Mapping[Subject, str],
    alarm_arns: Sequence[str],
    region: str,
) -> str:
    """The dashboard's JSON for CloudWatch, with the names of the subjects."""
    document = {
        "start": "-PT6H",
        "periodOverride": "inherit",  # an alarm's line is valid only for its own period
        "widgets": [
            {
                "type": "alarm",
                **_place(0, 0, _WIDTH, _ALARMS_HEIGHT),
                "properties": {
                    "title": "Alarms",
                    "alarms": list(alarm_arns),
                    "sortBy": "stateUpdatedTimestamp",
                },
            },
            *_widgets(shown, alarms, names=names, region=region),
        ],
    }
    return json.dumps(document, ensure_ascii=False)


def _widgets(
    shown: Sequence[Column], alarms: Sequence[Alarm], *, names: Mapping[Subject, str], region: str
) -> Iterator[dict[str, Any]]:
    x = 0
    for number, (column, width) in enumerate(zip(shown, _widths(len(shown)), strict=True), 1):
        y = _ALARMS_HEIGHT
        yield {
            "type": "text",
            **_place(x, y, width, _HEADING_HEIGHT),
            "properties": {"markdown": f"## {number}. {column.title}\n{column.explanation}"},
        }
        y += _HEADING_HEIGHT
        for graph in column.graphs:
            yield {
                "type": "metric",
                **_place(x, y, width, _GRAPH_HEIGHT),
                "properties": {
                    "title": graph.title,
                    "region": region,
                    "view": "timeSeries",
                    "stacked": graph.stacked,
                    "yAxis": {"left": {"min": 0, "showUnits": False}},
                    "metrics": [_curve(graph, one, alarms, names) for one in graph.series],
                    "annotations": {
                        "horizontal": [
                            {"value": line.value, "label": line.label}
                            for line in _lines(graph, alarms)
                        ]
                    },
                },
            }
            y += _GRAPH_HEIGHT
        x += width


def _widths(columns: int) -> list[int]:
    """The width of each column: equal, and one more for the last ones where it does not divide."""
    width, rest = divmod(_WIDTH, columns)
    return [width] * (columns - rest) + [width + 1] * rest


def _place(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "width": width, "height": height}


def _lines(graph: Graph, alarms: Sequence[Alarm]) -> Iterator[Line]:
    yield from graph.limits
    for series in graph.series:
        for alarm in alarms:
            if alarm.metric == series.metric:
                yield Line(value=alarm.threshold, label=f"alarm {alarm.key}")


def _curve(
    graph: Graph, series: Series, alarms: Sequence[Alarm], names: Mapping[Subject, str]
) -> list[Any]:
    metric = series.metric
    if graph.by is not None:
        schema = f"{RELAY_NAMESPACE},service,{graph.by}"
        wanted = f'MetricName="{metric.name}" service="{names[Subject.RELAY]}"'
        search = f"SEARCH('{{{schema}}} {wanted}', '{metric.statistic}', {_PERIOD})"
        return [{"expression": search, "id": "all", "label": f"${{PROP('Dim.{graph.by}')}}"}]
    periods = [alarm.period_seconds for alarm in alarms if alarm.metric == metric]
    dimensions = [part for pair in metric.dimensions(names).items() for part in pair]
    options = {
        "label": series.label,
        "stat": metric.statistic,
        "period": min(periods, default=_PERIOD),
    }
    return [metric.of.namespace, metric.name, *dimensions, options]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowDashboardArgs:
    """The arguments of `body`; `dashboard_name` is unique in the account."""

    dashboard_name: str
    limits: Limits
    alarms: Sequence[Alarm]
    alarm_arns: Sequence[pulumi.Input[str]]
    names: Mapping[Subject, pulumi.Input[str]]
    region: str


class FlowDashboard(pulumi.ComponentResource):
    """The dashboard; `url` opens it in AWS's console."""

    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: FlowDashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:dashboard:FlowDashboard", name, None, opts)
        subjects = tuple(args.names)

        def write(values: Sequence[str]) -> str:
            return body(
                columns(args.limits),
                args.alarms,
                names=dict(zip(subjects, values[: len(subjects)], strict=True)),
                alarm_arns=values[len(subjects) :],
                region=args.region,
            )

        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args.dashboard_name,
            dashboard_body=pulumi.Output.all(*args.names.values(), *args.alarm_arns).apply(write),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.url = pulumi.Output.concat(
            f"https://{args.region}.console.aws.amazon.com/cloudwatch/home?region={args.region}"
            "#dashboards/dashboard/",
            dashboard.dashboard_name,
        )
        self.register_outputs({"url": self.url})
