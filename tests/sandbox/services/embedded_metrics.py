from __future__ import annotations

import json
from datetime import UTC, datetime


def embedded(name: str, values: object) -> str:
    """A line of a function's log that embeds a metric."""
    metric = {"Name": name, "Unit": "Count"}
    directive = {"Namespace": "Own", "Dimensions": [["service"]], "Metrics": [metric]}
    now = int(datetime.now(UTC).timestamp() * 1000)
    return json.dumps(
        {
            "_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]},
            "service": "some",
            name: values,
        }
    )
