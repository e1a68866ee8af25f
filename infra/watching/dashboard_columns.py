"""The graphs of the dashboard, in a column for each stage of a mail.

This is data without resource names, so that a test can compare it with the alarms. `dashboard`
writes it for CloudWatch. With a download page, the last column shows the downloads.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import metrics
from .metrics import (
    Metric,
    domain_metric,
    function_metric,
    page_metric,
    queue_metric,
    relay_metric,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A metric in a graph, and its label there."""

    metric: Metric
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A horizontal line across a graph."""

    value: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Metrics over time; `limits` are lines in addition to those of alarms.

    `by` is a dimension besides `service`; each of its values has its own curve. The graph then has
    one series.
    """

    title: str
    series: tuple[Series, ...]
    limits: tuple[Line, ...] = ()
    stacked: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A stage of a mail."""

    title: str
    explanation: str
    graphs: tuple[Graph, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The maximum values of the configuration.

    `download_max_concurrency` is None without a download page, and 0 if the page has no limit but
    the account's. `is_posted`: whether notices and alarms are posted to webhooks or an event bus;
    `is_watched`: whether subscriptions are checked; `has_domain`: whether there is an API at
    `downloadDomain`.
    """

    function_timeout_seconds: int
    max_concurrency: int
    download_max_concurrency: int | None
    is_posted: bool = False
    is_watched: bool = False
    has_domain: bool = False


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
    """The columns of the dashboard, from left to right."""
    max_pages = limits.download_max_concurrency
    return (
        Column(
            title="Received",
            explanation="from SES, through the bucket",
            graphs=(
                _graph("Mails received", (metrics.MAILS_RECEIVED, "mails in 5 minutes")),
                _graph("Bytes received", (relay_metric("MessageBytes"), "bytes in 5 minutes")),
            ),
        ),
        Column(
            title="Waiting",
            explanation="in the queue",
            graphs=(
                _graph(
                    "Mails in the queue",
                    (queue_metric("ApproximateNumberOfMessagesVisible", "Maximum"), "waiting"),
                    (queue_metric("ApproximateNumberOfMessagesNotVisible", "Maximum"), "in work"),
                    (queue_metric("ApproximateNumberOfMessagesDelayed", "Maximum"), "put off"),
                ),
                _graph("Age of the oldest mail", (metrics.OLDEST_MAIL, "seconds")),
            ),
        ),
        Column(
            title="Processed",
            explanation="by the function",
            graphs=(
                _graph(
                    "Mails by outcome",
                    *((relay_metric(metric), outcome) for metric, outcome in _OUTCOMES.items()),
                    stacked=True,
                ),
                _graph(
                    "Invocations",
                    (function_metric("Invocations", "Sum"), "mails given to workers"),
                    (metrics.ERRORS, "errors"),
                    (metrics.THROTTLES, "throttles"),
                ),
                _graph(
                    "Duration of a mail",
                    (function_metric("Duration", "p50"), "ms, p50"),
                    (function_metric("Duration", "p95"), "ms, p95"),
                    (function_metric("Duration", "Maximum"), "ms, longest"),
                    limit=Line(value=1000 * limits.function_timeout_seconds, label="timeout"),
                ),
                _graph(
                    "Workers at once",
                    (function_metric("ConcurrentExecutions", "Maximum"), "workers"),
                    limit=Line(value=limits.max_concurrency, label="maxConcurrency"),
                ),
            ),
        ),
        Column(
            title="Submitted",
            explanation="to SES, one mail for each recipient",
            graphs=(
                _graph(
                    "Recipients",
                    (relay_metric("RecipientsSubmitted"), "submitted"),
                    (metrics.RECIPIENTS_FAILED, "failed"),
                    (relay_metric("RecipientsLeftOut"), "left out"),
                    (relay_metric("RecipientsPossiblyRepeated"), "possibly repeated"),
                    (relay_metric("DuplicatesAvoided"), "repetitions avoided"),
                ),
                _graph(
                    "From receipt to last submission",
                    (relay_metric("SubmissionAge", "p50"), "seconds, p50"),
                    (relay_metric("SubmissionAge", "p95"), "seconds, p95"),
                    (relay_metric("SubmissionAge", "Maximum"), "seconds, longest"),
                ),
                _graph("Attachments", (relay_metric("AttachmentsDetached"), "detached")),
                _graph("Bytes of attachments", (relay_metric("AttachmentBytes"), "bytes stored")),
            ),
        ),
        *(() if max_pages is None else (_download_column(limits, max_pages),)),
        Column(
            title="Failed",
            explanation="what an operator has to check",
            graphs=(
                _graph("Dead letters", (metrics.DEAD_LETTERS, "mails")),
                Graph(
                    title="Refusals by reason",
                    series=(Series(metric=relay_metric("Refusals"), label="refused"),),
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
                    (relay_metric("AddressesSuppressed"), "addresses suppressed"),
                    (relay_metric("NoticesSummedUp"), "notices summed up"),
                ),
                _graph(
                    "Mail by previous addresses",
                    (relay_metric("MessagesByPreviousAddress"), "mails"),
                ),
                _graph("Device mail that bounced", (metrics.DEVICE_BOUNCES, "mails lost")),
                _graph("Bounces, whole account", (metrics.BOUNCE_RATE, "of mails sent")),
                _graph("Complaints, whole account", (metrics.COMPLAINT_RATE, "of mails sent")),
                *(
                    ()
                    if max_pages is None
                    else (
                        _graph(
                            "Download page",
                            (metrics.PAGE_FAILURES, "answered with an error"),
                            *(
                                (
                                    (
                                        metrics.DOMAIN_FAILURES,
                                        "answered with an error at the domain",
                                    ),
                                )
                                if limits.has_domain
                                else ()
                            ),
                            (metrics.PAGE_THROTTLES, "turned away"),
                        ),
                    )
                ),
                *_undelivered_graphs(limits),
            ),
        ),
    )


def _undelivered_graphs(limits: Limits) -> tuple[Graph, ...]:
    """The graph of notices and alarms that are not delivered."""
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
    return (_graph("Notices and alarms not delivered", *series),) if series else ()


def _download_column(limits: Limits, max_pages: int) -> Column:
    at_domain = (domain_metric("Latency", "p50"), domain_metric("Latency", "p95"))
    limit = Line(value=max_pages, label="downloadMaxConcurrency") if max_pages else None
    return Column(
        title="Fetched",
        explanation="by recipients, from the download page",
        graphs=(
            Graph(
                title="Pages by status",
                series=(Series(metric=relay_metric("PagesShown"), label="shown"),),
                stacked=True,
                by="status",
            ),
            _graph(
                "Downloads",
                (relay_metric("DownloadsStarted"), "started"),
                (relay_metric("ArchivesMade"), "archives made"),
            ),
            _graph(
                "Time to a page",
                (page_metric("UrlRequestLatency", "p50"), "ms, p50"),
                (page_metric("UrlRequestLatency", "p95"), "ms, p95"),
                *(
                    zip(at_domain, ("ms at the domain, p50", "ms at the domain, p95"), strict=True)
                    if limits.has_domain
                    else ()
                ),
            ),
            _graph(
                "Pages at once",
                (page_metric("ConcurrentExecutions", "Maximum"), "requests"),
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
