"""Measure shapes: see `shapes`."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass

from tests.core.adversarial.shapes import SHAPES, UNLIMITED, Shape
from tests.core.laws import relayed


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubling:
    """Seconds at a size, and how often longer twice and four times the size took."""

    size: int
    seconds: float
    twice: float
    four_times: float


def measure(shape: Shape, *, enough: float = 0.1) -> Doubling:
    """Grow the size until a run takes `enough` seconds; then double twice."""
    size = 500
    while (seconds := _seconds(shape, size)) < enough and size < 1_000_000:
        size *= 2
    twice = _seconds(shape, 2 * size)
    return Doubling(
        size=size,
        seconds=seconds,
        twice=twice / seconds,
        four_times=_seconds(shape, 4 * size) / twice if twice < 8 else float("nan"),
    )


def _seconds(shape: Shape, size: int) -> float:
    """Processor time of the whole path, without other programs of the machine."""
    raw = shape(size)
    if len(raw) > UNLIMITED.limits.size:
        return float("nan")
    start = time.process_time()
    relayed(raw, UNLIMITED)
    return time.process_time() - start


def main() -> None:
    for name in sys.argv[1:] or SHAPES:
        found = measure(SHAPES[name])
        mark = "  <-- not linear" if max(found.twice, found.four_times) > 3 else ""
        print(  # noqa: T201 - the output of the command
            f"{name:40} {found.size:>8,} {found.seconds * 1000:7.0f} ms"
            f"  x{found.twice:.1f}  x{found.four_times:.1f}{mark}",
            flush=True,
        )


if __name__ == "__main__":
    main()
