"""`python -m benchmarks.costly [--megabytes N] [NAME…]`: the cost of costly shapes for the core.

Each mail is parsed, planned, its attachments decoded, and rewritten, in a separate process. A row
shows the processor seconds, and the seconds for each 10 MB. Then it shows the growth of the peak
of the resident memory (the mail included), this growth divided by the mail's size, and the memory
after an ordinary mail that follows. The most costly is first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.core.costly import SHAPES, sized

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of one mail: sizes in bytes, `cpu` in seconds, `left` after an ordinary mail."""

    name: str
    size: int
    cpu: float
    peak: int
    left: int
    outcome: str


def measured(name: str, size: int) -> Cost:
    """The cost of one shape, measured in a new process."""
    raw = sized(name, size)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.costly", "--child"],
        input=raw,
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        return Cost(name=name, size=len(raw), cpu=0, peak=0, left=0, outcome="died")
    return Cost(name=name, size=len(raw), **json.loads(done.stdout))


def _child() -> None:
    """Read a mail from standard input, relay it, print its cost."""
    from tests.core.laws import relayed_in_turn  # noqa: PLC0415 - before the memory is looked at

    relayed_in_turn(sized("log", 10_000))
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # resets the peak
    raw = sys.stdin.buffer.read()
    started = time.process_time()
    outcome = relayed_in_turn(raw)
    cpu = time.process_time() - started
    peak = _status("VmHWM") - before
    del raw
    relayed_in_turn(sized("log", 10_000))
    left = _status("VmRSS")
    print(json.dumps({"cpu": cpu, "peak": peak, "left": left, "outcome": outcome}))


def _status(name: str) -> int:
    """A figure of this process's memory, in bytes (proc(5), `/proc/pid/status`)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costly", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=4)
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these shapes")
    options = parser.parse_args()
    if options.child:
        _child()
        return
    size = int(options.megabytes * MEGABYTE)
    costs = [measured(name, size) for name in options.names or SHAPES]
    costs.sort(key=lambda cost: (cost.outcome != "died", -cost.cpu))
    if options.json:
        for cost in costs:
            print(json.dumps(asdict(cost)))
    else:
        print("\n".join(_table(costs)))


def _table(costs: Sequence[Cost]) -> list[str]:
    rows = [f"{'shape':34}{'MB':>6}{'CPU s':>8}{'/10 MB':>8}{'peak MB':>9}{'/size':>7}{'left':>6}"]
    rows += [
        f"{cost.name:34}{cost.size / MEGABYTE:6.1f}{cost.cpu:8.2f}"
        f"{cost.cpu / cost.size * 10 * MEGABYTE:8.2f}{cost.peak / MEGABYTE:9.1f}"
        f"{cost.peak / cost.size:7.1f}{cost.left / MEGABYTE:6.0f}  {cost.outcome}"
        for cost in costs
    ]
    return rows


if __name__ == "__main__":
    main()
