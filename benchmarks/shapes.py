"""The cost of each costly shape of mail for the function: `python -m benchmarks.shapes [SHAPE…]`.

The function runs as `benchmarks.function` makes it, with the stand-in for AWS, in a separate
process for each mail, because memory that an earlier mail used would hide growth. It relays an
ordinary mail first. So the figures are what this mail adds to a warm worker, the mail included.

`python -m benchmarks.shapes --child ENDPOINT` reads a mail and prints its figures as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.aws_stub import aws_stub
from benchmarks.devices import Arrived
from benchmarks.function import MeasuredFunction, loopback_session
from benchmarks.memory import resident
from relay_core.keys import RawKey
from tests.core.costly import SHAPES, sized
from tests.receipt import received

SIZE = 4_000_000
"""Bytes of each mail."""

_MEGABYTES_10 = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The cost of one mail: processor time, and the worker's peak growth.

    `outcome` is the mail's, or `died` if its process ended before.
    """

    name: str
    message_bytes: int
    outcome: str
    cpu_seconds: float
    cpu_seconds_per_10_mb: float
    growth_bytes: int
    growth_to_message: float


def measure_shapes(
    names: Iterable[str], announce: Callable[[str], None], size: int = SIZE
) -> tuple[Shape, ...]:
    """The figures of those shapes, the slowest first."""
    with aws_stub() as endpoint:
        found = []
        for name in names:
            announce(name)
            found.append(_measure(name, size, endpoint))
    return tuple(sorted(found, key=_cost, reverse=True))


def _cost(shape: Shape) -> tuple[bool, float]:
    return shape.outcome == "died", shape.cpu_seconds_per_10_mb


def _measure(name: str, size: int, endpoint: str) -> Shape:
    raw = received(sized(name, size))
    command = [sys.executable, "-m", "benchmarks.shapes", "--child", endpoint]
    done = subprocess.run(command, input=raw, stdout=subprocess.PIPE, check=False)
    answer = json.loads(done.stdout) if done.returncode == 0 else {}
    cpu, growth = answer.get("cpu_seconds", 0.0), answer.get("growth_bytes", 0)
    return Shape(
        name=name,
        message_bytes=len(raw),
        outcome=answer.get("outcome", "died"),
        cpu_seconds=cpu,
        cpu_seconds_per_10_mb=cpu / len(raw) * _MEGABYTES_10,
        growth_bytes=growth,
        growth_to_message=growth / len(raw),
    )


def _child(endpoint: str) -> None:
    function = MeasuredFunction(loopback_session(endpoint))
    warming = Arrived(raw_key=_new_key(), raw=received(sized("log", 10_000)))
    function.receive(warming)
    function.relay(warming)
    key = _new_key()
    function.receive(Arrived(raw_key=key, raw=sys.stdin.buffer.read()))
    mail = Arrived(raw_key=key, raw=b"")  # it is in the bucket only
    before = resident("VmRSS")
    # Reset the peak (proc_pid_clear_refs(5)).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    started = time.process_time()
    written = function.relay(mail)
    cpu = time.process_time() - started
    growth = resident("VmHWM") - before
    outcomes = [json.loads(line).get("outcome") for line in written.splitlines()]
    outcome = next((one for one in outcomes if one), "unknown")
    print(json.dumps({"outcome": outcome, "cpu_seconds": cpu, "growth_bytes": growth}))


def _new_key() -> RawKey:
    return RawKey(f"incoming/{uuid.uuid4().hex}")


def main(arguments: list[str]) -> None:
    """Measure and print, or run as the measured process."""
    if arguments[:1] == ["--child"]:
        _child(arguments[1])
        return
    console = Console()
    for one in measure_shapes(arguments or SHAPES, lambda _name: None):
        console.print(
            f"{one.name:34} {one.outcome:10} {one.cpu_seconds_per_10_mb:8.2f} s per 10 MB"
            f" {one.growth_to_message:7.1f} of its size",
            highlight=False,
            soft_wrap=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
