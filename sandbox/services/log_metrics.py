"""Metrics in the function's log (EMF), put into CloudWatch for the alarms.

CloudWatch takes what the function counts out of the log by itself: a line in its embedded metric
format is a JSON object whose member `_aws` says which of the other members are metrics, and which
their dimensions (CloudWatch guide, "Specification: Embedded metric format"). The emulator only
keeps the line.

Lambda counts errors of the function, whoever invokes it. The emulator counts them for those that
call Invoke, not for a queue; but it writes into the log what an invocation died of. Of a function
behind a URL, the same is an answer 502, which Lambda counts as `Url5xxCount` besides (AWS Lambda
guide, "Monitoring Lambda function URLs"); what such a function answers by itself is in no log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_MOST_AT_ONCE = 1000  # CloudWatch API reference, PutMetricData
_DEATH = re.compile(
    r"Task timed out after \d|Worker (process died|returned no response|init failed)"
    r"|RequestId: \S+ Error: Runtime exited"
    r"|Traceback \(most recent call last\):"
)


class LogMetrics:
    """Puts the metrics that new lines of a function's log tell of; called with such lines.

    What it died of counts as `Errors`, and as `Url5xxCount` too if it `has_url`.
    """

    def __init__(
        self, cloudwatch: CloudWatchClient, *, function_name: str, has_url: bool = False
    ) -> None:
        self._cloudwatch = cloudwatch
        self._function_name = function_name
        self._error_metrics = ("Errors", "Url5xxCount") if has_url else ("Errors",)

    def __call__(self, lines: Sequence[str]) -> None:
        """Put the metrics of these lines, which hold an invocation whole or not at all.

        Raises:
            ClientError, BotoCoreError: if CloudWatch does not take them.
        """
        found: dict[str, list[MetricDatumTypeDef]] = {}
        for line in lines:
            for namespace, datum in parse_embedded_metrics(line):
                found.setdefault(namespace, []).append(datum)
        if errors := count_errors(lines):
            found["AWS/Lambda"] = [
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": self._function_name}],
                    "Unit": "Count",
                    "Value": errors,
                }
                for metric in self._error_metrics
            ]
        for namespace, data in found.items():
            for start in range(0, len(data), _MOST_AT_ONCE):
                self._cloudwatch.put_metric_data(
                    Namespace=namespace, MetricData=data[start : start + _MOST_AT_ONCE]
                )


def parse_embedded_metrics(line: str) -> list[tuple[str, MetricDatumTypeDef]]:
    """Namespace and datum of each metric that a line embeds, for each set of its dimensions.

    A line that embeds none, or not as the format says, has none: so does CloudWatch see it.
    """
    try:
        document: Any = json.loads(line)
        metadata = document["_aws"]
        at = datetime.fromtimestamp(metadata["Timestamp"] / 1000, UTC)
        return [
            (
                directive["Namespace"],
                {
                    "MetricName": metric["Name"],
                    "Dimensions": [{"Name": name, "Value": document[name]} for name in names],
                    "Timestamp": at,
                    "Unit": metric.get("Unit", "None"),
                    "Values": _values(document[metric["Name"]]),
                },
            )
            for directive in metadata["CloudWatchMetrics"]
            for names in directive["Dimensions"] or [[]]
            for metric in directive["Metrics"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return []


def _values(value: float | list[float]) -> list[float]:
    return [float(one) for one in (value if isinstance(value, list) else [value])]


def count_errors(lines: Sequence[str]) -> int:
    """How many invocations died, of those that these lines hold."""
    errors, died = 0, False
    for line in lines:
        died = died or bool(_DEATH.match(line))
        if line.startswith("REPORT RequestId:"):
            errors, died = errors + died, False
    return errors
