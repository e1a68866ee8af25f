"""Metrics in the functions' logs (EMF), put into CloudWatch for the alarms.

CloudWatch extracts metrics from the log. A line in its embedded metric format is a JSON object
whose member `_aws` says which other members are metrics, and which are their dimensions
(CloudWatch guide, "Specification: Embedded metric format"). The emulator only stores the line.

Lambda counts a function's errors for every kind of invocation. The emulator counts them for Invoke
calls, not for a queue, but it logs the error of an invocation. For a function with a URL, such an
error is an answer 502, which Lambda also counts as `Url5xxCount` (AWS Lambda guide, "Monitoring
Lambda function URLs"). A 5xx that the function itself returns is in no log.
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

_MAX_AT_ONCE = 1000  # CloudWatch API reference, PutMetricData
_DEATH = re.compile(
    r"Task timed out after \d|Worker (process died|returned no response|init failed)"
    r"|RequestId: \S+ Error: Runtime exited"
    r"|Traceback \(most recent call last\):"
)


class LogMetrics:
    """Puts the metrics of new lines of a function's log; called with such lines.

    An invocation that failed counts in `Errors`, and in `Url5xxCount` if it `has_url`.
    """

    def __init__(
        self, cloudwatch: CloudWatchClient, *, function_name: str, has_url: bool = False
    ) -> None:
        self._cloudwatch = cloudwatch
        self._function_name = function_name
        self._error_metrics = ("Errors", "Url5xxCount") if has_url else ("Errors",)

    def __call__(self, lines: Sequence[str]) -> None:
        """Put the metrics of these lines, which contain whole invocations.

        Raises:
            ClientError, BotoCoreError: if CloudWatch does not accept them.
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
            for start in range(0, len(data), _MAX_AT_ONCE):
                self._cloudwatch.put_metric_data(
                    Namespace=namespace, MetricData=data[start : start + _MAX_AT_ONCE]
                )


def parse_embedded_metrics(line: str) -> list[tuple[str, MetricDatumTypeDef]]:
    """Namespace and datum of each metric in a line, for each set of its dimensions.

    Empty for a line without metrics or in a wrong format, as in CloudWatch.
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
    """The number of failed invocations in these lines."""
    errors, died = 0, False
    for line in lines:
        died = died or bool(_DEATH.match(line))
        if line.startswith("REPORT RequestId:"):
            errors, died = errors + died, False
    return errors
