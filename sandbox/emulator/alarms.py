"""Restricts an alarm to its own metric. Runs in the emulator's own process.

A metric is its name with its dimensions (CloudWatch guide, "Metrics concepts"). ministack (1.5.33)
evaluates an alarm on the data of every metric of that name. So one queue's depth, or one
function's errors, would fire another's alarm.
"""
# The emulator is untyped.
# ruff: noqa: ANN401

from __future__ import annotations

from types import FunctionType
from typing import Any

from ministack.services import cloudwatch


def install() -> None:
    """Evaluate each alarm on the data of its own dimensions."""
    evaluate = cloudwatch._evaluate_alarm  # noqa: SLF001 (there is no public name)

    def evaluate_own(alarm: Any) -> None:
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []}
        own = {
            key: [point for point in points if (point.get("Dimensions") or {}) == dimensions]
            for key, points in cloudwatch._metrics.items()  # noqa: SLF001
        }
        # The same code, with only these data as its global.
        look = FunctionType(evaluate.__code__, {**vars(cloudwatch), "_metrics": own})
        look(alarm)

    cloudwatch._evaluate_alarm = evaluate_own  # noqa: SLF001
