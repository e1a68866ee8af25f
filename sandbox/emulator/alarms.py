"""An alarm looks at its own metric alone. Runs in the emulator's own process.

A metric is its name with its dimensions (CloudWatch guide, "Metrics concepts"); ministack (1.5.33)
evaluates an alarm on the data of every metric of that name, so that one queue's depth, or one
function's errors, would fire another's alarm.
"""
# Nothing of the emulator is typed.
# ruff: noqa: ANN401

from __future__ import annotations

from types import FunctionType
from typing import Any

from ministack.services import cloudwatch


def install() -> None:
    """Have each alarm evaluated on the data of its own dimensions."""
    evaluate = cloudwatch._evaluate_alarm  # noqa: SLF001 (there is no other way in)

    def evaluate_own(alarm: Any) -> None:
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []}
        own = {
            key: [point for point in points if (point.get("Dimensions") or {}) == dimensions]
            for key, points in cloudwatch._metrics.items()  # noqa: SLF001
        }
        # The same code, with nothing but these data to look at.
        look = FunctionType(evaluate.__code__, {**vars(cloudwatch), "_metrics": own})
        look(alarm)

    cloudwatch._evaluate_alarm = evaluate_own  # noqa: SLF001
