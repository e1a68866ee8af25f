"""The dashboard: a mail's way from left to right, and the alarms above it.

Where there is a download page, the way ends with whoever fetches the files.

What stands on it is data without a name in it (`columns`), so that a test can hold it against
the alarms; `body` writes it down for CloudWatch once the names are known (CloudWatch API
reference, "Dashboard Body Structure and Syntax"). The same input always gives the same text, or
every preview would show a change.

A graph of a metric that an alarm watches shows it as the alarm sees it, with the same statistic
and period, and a line where the alarm sounds. A dashboard belongs to an account, not to a region:
its name is the stack's prefix.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from . import metrics
from .alarms import Alarm
from .metrics import RELAY_NAMESPACE, Metric, Subject, asked, counted, invoked, received

_WIDTH = 24  # of CloudWatch's grid
_ALARMS_HEIGHT, _HEADING_HEIGHT, _GRAPH_HEIGHT = 3, 2, 6
_PERIOD = 300  # seconds, of what no alarm watches


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric in a graph, and what it is called there."""

    metric: Metric
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A horizontal line across a graph."""

    value: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Metrics over time; `limits` are lines that no alarm draws.

    `by` is the dimension beside `service` whose every value has a curve of its own, whatever
    values there are; the graph then holds one series.
    """

    title: str
    series: tuple[Series, ...]
    limits: tuple[Line, ...] = ()
    stacked: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A station on the way."""

    title: str
    explanation: str
    graphs: tuple[Graph, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the configuration allows at most.

    `download_max_concurrency` is None where there is no download page, and 0 where it may answer
    as many requests at once as the account allows. `is_posted`: whether notices and alarms are
    posted to webhooks or an event bus; `is_watched`: whether subscriptions are looked at.
    """

    function_timeout_seconds: int
    max_concurrency: int
    download_max_concurrency: int | None
    is_posted: bool = False
    is_watched: bool = False


_OUTCOMES = {
    "MessagesRelayed": "relayed",
    "MessagesRefused": "refused",
    "MessagesHeld": "held",
    "MessagesIgnored": "ignored",
    "MessagesDuplicate": "duplicate",
    "MessagesUnfinished": "unfinished",
    "MessagesParked": "parked",
    "MessagesBusy": "busy",
    "MessagesRetried": "retried",
    "MessagesFailed": "failed",
}


def columns(limits: Limits) -> tuple[Column, ...]:
    """What the dashboard shows, from left to right."""
    most_pages = limits.download_max_concurrency
    return (
        Column(
            title="Received",
            explanation="from SES, through the bucket",
            graphs=(
                _graph("Mails received", (metrics.MAILS_RECEIVED, "mails in 5 minutes")),
                _graph("Bytes received", (counted("MessageBytes"), "bytes in 5 minutes")),
            ),
        ),
        Column(
            title="Waiting",
            explanation="in the queue",
            graphs=(
                _graph(
                    "Mails in the queue",
                    (received("ApproximateNumberOfMessagesVisible", "Maximum"), "waiting"),
                    (received("ApproximateNumberOfMessagesNotVisible", "Maximum"), "in work"),
                    (received("ApproximateNumberOfMessagesDelayed", "Maximum"), "put off"),
                ),
                _graph("Age of the oldest mail", (metrics.OLDEST_MAIL, "seconds")),
            ),
        ),
        Column(
            title="Worked through",
            explanation="by the function",
            graphs=(
                _graph(
                    "Mails by outcome",
                    *((counted(metric), outcome) for metric, outcome in _OUTCOMES.items()),
                    stacked=True,
                ),
                _graph(
                    "Invocations",
                    (invoked("Invocations", "Sum"), "mails given to workers"),
                    (metrics.ERRORS, "errors"),
                    (metrics.THROTTLES, "throttles"),
                ),
                _graph(
                    "Duration of a mail",
                    (invoked("Duration", "p50"), "ms, p50"),
                    (invoked("Duration", "p95"), "ms, p95"),
                    (invoked("Duration", "Maximum"), "ms, longest"),
                    limit=Line(value=1000 * limits.function_timeout_seconds, label="timeout"),
                ),
                _graph(
                    "Workers at once",
                    (invoked("ConcurrentExecutions", "Maximum"), "workers"),
                    limit=Line(value=limits.max_concurrency, label="maxConcurrency"),
                ),
            ),
        ),
        Column(
            title="Submitted",
            explanation="to SES, a mail a recipient",
            graphs=(
                _graph(
                    "Recipients",
                    (counted("RecipientsSubmitted"), "submitted"),
                    (metrics.RECIPIENTS_FAILED, "failed"),
                    (counted("RecipientsLeftOut"), "left out"),
                    (counted("RecipientsPossiblyRepeated"), "possibly repeated"),
                    (counted("DuplicatesAvoided"), "repetitions avoided"),
                ),
                _graph(
                    "From receipt to last submission",
                    (counted("SubmissionAge", "p50"), "seconds, p50"),
                    (counted("SubmissionAge", "p95"), "seconds, p95"),
                    (counted("SubmissionAge", "Maximum"), "seconds, longest"),
                ),
                _graph("Attachments", (counted("AttachmentsDetached"), "detached")),
                _graph("Bytes of attachments", (counted("AttachmentBytes"), "bytes stored")),
            ),
        ),
        *(() if most_pages is None else (_fetched(most_pages),)),
        Column(
            title="Went wrong",
            explanation="and who has to look at it",
            graphs=(
                _graph("Dead letters", (metrics.DEAD_LETTERS, "mails")),
                Graph(
                    title="Refusals by reason",
                    series=(Series(metric=counted("Refusals"), label="refused"),),
                    stacked=True,
                    by="reason",
                ),
                _graph(
                    "Troubles",
                    (metrics.AT_LAST_TRY, "mails at last try"),
                    (metrics.PARKED, "mails parked"),
                    (metrics.HELD, "mails held"),
                    (metrics.DIRECTORY_FAILURES, "directory not read"),
                    (metrics.MALWARE_FOUND, "files with malware"),
                ),
                _graph(
                    "Suppressed and summed up",
                    (counted("AddressesSuppressed"), "addresses not sent to any more"),
                    (counted("NoticesSummedUp"), "notices told in a summary"),
                ),
                _graph("Device mail that bounced", (metrics.DEVICE_BOUNCES, "mails lost")),
                _graph("Bounces, whole account", (metrics.BOUNCE_RATE, "of mails sent")),
                _graph("Complaints, whole account", (metrics.COMPLAINT_RATE, "of mails sent")),
                *(
                    ()
                    if most_pages is None
                    else (
                        _graph(
                            "Download page",
                            (metrics.PAGE_FAILURES, "answered with an error"),
                            (metrics.PAGE_THROTTLES, "turned away"),
                        ),
                    )
                ),
                *_heard(limits),
            ),
        ),
    )


def _heard(limits: Limits) -> tuple[Graph, ...]:
    """Whether notices and alarms reach somebody."""
    series = (
        *(((metrics.NOT_POSTED, "not posted"),) if limits.is_posted else ()),
        *(
            (
                (metrics.SUBSCRIPTIONS_MISSING, "addresses not subscribed"),
                (metrics.ALARMS_UNDELIVERED, "alarms not delivered"),
                (metrics.NOTICES_UNDELIVERED, "notices not delivered"),
            )
            if limits.is_watched
            else ()
        ),
    )
    return (_graph("Notices and alarms that nobody gets", *series),) if series else ()


def _fetched(most_pages: int) -> Column:
    limit = Line(value=most_pages, label="downloadMaxConcurrency") if most_pages else None
    return Column(
        title="Fetched",
        explanation="by recipients, on the page",
        graphs=(
            Graph(
                title="Pages by status",
                series=(Series(metric=counted("PagesShown"), label="shown"),),
                stacked=True,
                by="status",
            ),
            _graph(
                "Downloads",
                (counted("DownloadsStarted"), "started"),
                (counted("ArchivesMade"), "archives made"),
            ),
            _graph(
                "Time to a page",
                (asked("UrlRequestLatency", "p50"), "ms, p50"),
                (asked("UrlRequestLatency", "p95"), "ms, p95"),
            ),
            _graph(
                "Pages at once",
                (asked("ConcurrentExecutions", "Maximum"), "requests"),
                limit=limit,
            ),
        ),
    )


def _graph(
    title: str,
    *series: tuple[Metric, str],
    limit: Line | None = None,
    stacked: bool = False,
) -> Graph:
    return Graph(
        title=title,
        series=tuple(Series(metric=metric, label=label) for metric, label in series),
        limits=() if limit is None else (limit,),
        stacked=stacked,
    )


def body(
    shown: Sequence[Column],
    alarms: Sequence[Alarm],
    *,
    names: Mapping[Subject, str],
    alarm_arns: Sequence[str],
    region: str,
) -> str:
    """The dashboard as CloudWatch takes it, with the names that subjects have."""
    document = {
        "start": "-PT6H",
        "periodOverride": "inherit",  # an alarm's line means nothing at another period
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
    """How wide each column is: all alike, and what is left over for the last ones."""
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
    """What `body` takes; `dashboard_name` is unique in the account."""

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
