"""The declared alarms and their current state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

_SIGNS = {
    "GreaterThanOrEqualToThreshold": "≥",
    "GreaterThanThreshold": ">",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "≤",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView:
    """One alarm. `condition` says when it fires; `state` is OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str
    condition: str
    description: str
    reason: str
    since: datetime | None

    @property
    def is_firing(self) -> bool:
        """Whether it is in the state ALARM."""
        return self.state == "ALARM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Reads the alarms."""

    cloudwatch: CloudWatchClient

    def views(self) -> Sequence[AlarmView]:
        """Every alarm, those in ALARM first."""
        found = [
            AlarmView(
                name=alarm["AlarmName"],
                state=alarm["StateValue"],
                condition=(
                    f"{alarm.get('Statistic') or alarm.get('ExtendedStatistic', '')}"
                    f" of {alarm['MetricName']}"
                    f" {_SIGNS.get(alarm['ComparisonOperator'], alarm['ComparisonOperator'])}"
                    f" {alarm['Threshold']:g} in {alarm['Period']} s"
                ),
                description=alarm.get("AlarmDescription", ""),
                reason=alarm.get("StateReason", ""),
                since=alarm.get("StateUpdatedTimestamp"),
            )
            for page in self.cloudwatch.get_paginator("describe_alarms").paginate()
            for alarm in page["MetricAlarms"]
        ]
        return sorted(found, key=lambda alarm: (not alarm.is_firing, alarm.name))
