"""The needs of a stack at a rate of mails: `python -m benchmarks.scaling [FIGURES]`.

It prints the tables of docs/scaling.md, from the figures of `python -m benchmarks --json`
(FIGURES, default docs/pictures/bench.json). Calls and bytes of a mail are measured; the rest is
calculated:

* Little's law: the number of busy containers is the rate of mails times the seconds of each. The
  seconds are estimated as for the cost (`benchmarks.cost`): AWS is assumed to answer in
  `AWS_SECONDS`.
* The stored bytes in the steady state are the rate times the size times the retention.
* A device's submission through SES's SMTP endpoint is also an outgoing mail: it counts against
  the sending quotas and is charged (SES guide, "Service quotas": by recipients).
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import cost, prices, quotas
from infra.configuration.derived_times import BATCH_SIZE
from infra.watching.alarms import Thresholds, alarms
from infra.watching.dashboard_columns import Limits, columns
from infra.watching.metrics import Subject

from .counting import Occasion, ResourceUse
from .devices import LARGE, MANY, SMALL
from .load import DAY, Load
from .quotas import Quota

RATES = (1, 100, 10_000)
"""Mails a second."""

SHAPES = {SMALL.name: "text, to 1", LARGE.name: "1 MB, to 1", MANY.name: "text, to 40"}

REFUSED = 0.01
"""The assumed share of refused mails, each with a notice."""

_FIGURES = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "bench.json"

_BLOCK = re.compile(r"(<!-- table (?P<name>\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def tables(figures: Mapping[str, Any]) -> dict[str, str]:
    """Every table as Markdown, by its name in the document."""
    taken = [_taken(one) for one in figures["taken"]]
    shown = [one for name in SHAPES for one in taken if one.name == name]
    return {
        "mail": _of_a_mail(shown),
        **{
            f"rate-{rate}": _of_a_rate([Load(rate=rate, taken=t) for t in shown]) for rate in RATES
        },
        "quotas": _of_quotas(),
        "month": _of_a_month(),
    }


def with_tables(text: str, figures: Mapping[str, Any]) -> str:
    """The document with new tables; each is between its name and an end mark.

    Raises:
        ValueError: if the document does not have exactly these tables.
    """
    made = tables(figures)
    names = [match["name"] for match in _BLOCK.finditer(text)]
    if sorted(names) != sorted(made):
        raise ValueError(f"the document has the tables {names}; there are {list(made)}")
    return _BLOCK.sub(lambda match: f"{match[1]}{made[match['name']]}{match[3]}", text)


def _taken(entry: Mapping[str, Any]) -> ResourceUse:
    return ResourceUse(**{**entry, "occasion": Occasion(entry["occasion"])})


def _of_a_mail(shown: Sequence[ResourceUse]) -> str:
    prefixes = sorted({name for one in shown for name in one.s3_requests})
    rows: list[tuple[str, ...]] = [
        ("bytes that come in", *(f"{one.message_bytes:,}" for one in shown)),
        *(
            (f"`{name}`", *(str(one.s3_requests.get(name, "")) for one in shown))
            for name in prefixes
        ),
        ("`SendEmail`", *(str(one.calls["sesv2.SendEmail"]) for one in shown)),
        ("bytes submitted", *(f"{one.submitted_bytes:,}" for one in shown)),
        ("bytes kept beside the raw mail", *(f"{one.kept_bytes:,}" for one in shown)),
        ("bytes logged", *(f"{one.logged_bytes:,}" for one in shown)),
        (
            "of its own: processor time on the machine that took the figures",
            *(f"{1000 * one.processor_seconds:.0f} ms" for one in shown),
        ),
        (
            f"estimated: time in Lambda, AWS answering in {cost.AWS_SECONDS} s",
            *(f"{cost.billed_seconds(one):.2f} s" for one in shown),
        ),
    ]
    return _markdown(("", *SHAPES.values()), rows)


def _of_a_rate(loads: Sequence[Load]) -> str:
    def row(what: str, limit: Quota | None, values: Sequence[float]) -> tuple[str, ...]:
        most = None if limit is None else limit.value
        cells = (_cell(value, most) for value in values)
        return (what, "" if most is None else f"{most:,.0f}", *cells)

    return _markdown(
        ("", "limit", *SHAPES.values()),
        [
            row("SES: mails received a second", None, [one.rate for one in loads]),
            row(
                "SES: recipients a second, the devices' own mails included",
                None,
                [one.sends for one in loads],
            ),
            row("SES: recipients in 24 hours", None, [DAY * one.sends for one in loads]),
            *(row(*entry) for entry in _of_prefixes(loads)),
            row("SQS: requests a second, at most", None, [3 * one.rate for one in loads]),
            row(
                "SQS: messages in flight, at most",
                quotas.IN_FLIGHT,
                [BATCH_SIZE * one.containers for one in loads],
            ),
            row(
                "Lambda: containers at work",
                quotas.CONCURRENCY,
                [one.containers for one in loads],
            ),
            row(
                "Parameter Store: reads a second, at most",
                quotas.PARAMETERS,
                [one.parameter_reads for one in loads],
            ),
            row(
                "KMS: requests a second without bucket keys",
                quotas.KMS,
                [one.kms_requests for one in loads],
            ),
            row(
                f"SNS: notices a second, if {REFUSED:.0%} are refused",
                quotas.NOTICES,
                [REFUSED * one.rate for one in loads],
            ),
            row(
                "CloudWatch Logs: GB a day",
                None,
                [one.rate * DAY * one.taken.logged_bytes / 1e9 for one in loads],
            ),
            row(
                f"S3: GB kept, {cost.RETENTION_DAYS} days of mail",
                None,
                [one.stored_bytes / 1e9 for one in loads],
            ),
            row("USD a month: the relay", None, [one.usd_of("") for one in loads]),
            row("of it SES", None, [one.usd_of("SES ") for one in loads]),
            row("of it what S3 keeps", None, [one.usd_of("S3 GB-months") for one in loads]),
            row(
                "USD a month: the devices' submissions",
                None,
                [one.usd_of_devices for one in loads],
            ),
            row(
                "USD a month: KMS without bucket keys",
                None,
                [one.usd_of_keys for one in loads],
            ),
            row("**to set:** stacks", None, [one.stacks for one in loads]),
            row("`maxConcurrency` of each", None, [one.max_concurrency for one in loads]),
            row(
                "minutes until that many work, from idle",
                None,
                [one.max_concurrency / quotas.SCALING.value for one in loads],
            ),
            row(
                "`directoryRefreshSeconds`",
                None,
                [one.directory_refresh_seconds for one in loads],
            ),
            row("`trafficAlarmThreshold` of each", None, [one.traffic_threshold for one in loads]),
        ],
    )


def _of_prefixes(loads: Sequence[Load]) -> Iterator[tuple[str, Quota, list[float]]]:
    for name in sorted({name for one in loads for name in one.s3_requests}):
        limit = quotas.S3_READS if name.startswith("GetObject") else quotas.S3_WRITES
        values = [one.s3_requests.get(name, 0.0) for one in loads]
        yield f"S3: `{name}` a second", limit, values


def _of_quotas() -> str:
    return _markdown(
        ("service", "quota", "default", "can be raised", "source"),
        [
            (
                one.service,
                one.name,
                f"{one.value:,.0f} {one.unit}",
                "yes" if one.is_adjustable else "no",
                one.source,
            )
            for one in quotas.ALL
        ],
        ruler="---",
    )


def _of_a_month() -> str:
    """The monthly cost of an idle stack."""
    thresholds = Thresholds(
        failed_messages=0, oldest_message_seconds=0, messages_in_five_minutes=0
    )
    watched = alarms(thresholds, dashboard="", log_group="", page_log_group="", is_scanned=False)
    limits = Limits(function_timeout_seconds=0, max_concurrency=0, download_max_concurrency=0)
    own = {
        series.metric.name
        for column in columns(limits)
        for graph in column.graphs
        for series in graph.series
        if series.metric.of is Subject.RELAY
    }
    lines = (
        (f"{len(own)} metrics of its own, at least", len(own), prices.METRIC_MONTH),
        (f"{len(watched)} alarms", len(watched), prices.ALARM_MONTH),
        ("the dashboard", 1, prices.DASHBOARD_MONTH),
        ("a KMS key, with `customerManagedKey`", 1, prices.KEY_MONTH),
    )
    return _markdown(
        ("", "USD a month"),
        [(what, f"{number * price.usd_each:.2f}") for what, number, price in lines],
    )


def _cell(value: float, most: float | None) -> str:
    words = _rounded(value)
    return f"**{words}**" if most is not None and value > most else words


def _rounded(value: float) -> str:
    """Three significant digits: the figures are not more exact."""
    if not value:
        return ""
    if value >= 1000:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def _markdown(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, ruler: str = "--:"
) -> str:
    """A table; all columns except the first have this ruler."""
    rulers = ("---", *(ruler for _ in headings[1:]))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (headings, rulers, *rows))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling", description="print the tables of docs/scaling.md"
    )
    parser.add_argument("figures", nargs="?", type=Path, default=_FIGURES)
    figures = json.loads(parser.parse_args().figures.read_text("utf-8"))
    for name, table in tables(figures).items():
        print(f"{name}\n\n{table}")


if __name__ == "__main__":
    main()
