"""`python -m benchmarks.lambda_times [--rounds N] [--json]`: the functions in an emulated Lambda.

It measures the time of a container from its start to its first mail or page, and of the later
ones, compared with boto3 alone making the same calls. It also measures the effect of bytecode and
of the trust store, the cost of a connection, and the effect of the function's memory. See
`benchmarks.emulated`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import botocore
from rich.console import Console
from rich.table import Table

from benchmarks import prices
from benchmarks.counting import PAGE_MEMORY_MB, RELAY_MEMORY_MB
from benchmarks.emulated import (
    AWS_SECONDS,
    Container,
    Emulated,
    Job,
    Timed,
    mail_job,
    page_job,
    unpack,
)
from infra.functions.archive import AMAZON_ROOTS_FILE, function_archive
from infra.functions.bytecode import runtime_python

ROUNDS = 7
MEMORY_ROUNDS = 3
MEMORIES_MB = (256, 512, 1024, 1769)

DEPLOYED = "as deployed"
COLD = "init + first"
"""Init and the first invocation together."""

_ROOT = Path(__file__).resolve().parents[1]
_STORE = Path(botocore.__file__).with_name("cacert.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """Medians, in seconds, of one step of a function, and of its calls alone.

    `variant` is `DEPLOYED`, or the difference from it.
    """

    function: str
    variant: str
    memory_mb: int
    step: str
    seconds: float
    processor_seconds: float
    bare_seconds: float
    bare_processor_seconds: float
    to_bare: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaTimes:
    """All times, and how they were measured.

    `connection_processor_seconds` is the cost of a new connection by trust store; `peak_bytes` is
    the peak of the resident memory of the relay's function.
    """

    python: str
    means: str
    steps: tuple[StepTime, ...]
    connection_processor_seconds: dict[str, float]
    peak_bytes: int


def measure_lambda(
    announce: Callable[[str], None], rounds: int = ROUNDS, memory_rounds: int = MEMORY_ROUNDS
) -> LambdaTimes:
    """Run every container `rounds` times; those of another memory `memory_rounds` times."""
    python = runtime_python() or Path(sys.executable)
    jobs = {"relay": (mail_job(), RELAY_MEMORY_MB), "page": (page_job(), PAGE_MEMORY_MB)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = unpack(Path(function_archive(_ROOT).path), folder / "code")
        sources = folder / "sources"
        shutil.copytree(code, sources, ignore=shutil.ignore_patterns("__pycache__"))
        emulated = Emulated(folder)
        deployed = partial(Container, python=python, code=code, anchors=code / AMAZON_ROOTS_FILE)
        steps: list[StepTime] = []
        peaks = [0]
        for function, (job, memory_mb) in jobs.items():
            variants = {
                DEPLOYED: deployed(memory_mb=memory_mb),
                "trustStore: system": deployed(memory_mb=memory_mb, anchors=_STORE),
                "without bytecode": deployed(memory_mb=memory_mb, code=sources),
            }
            for variant, container in variants.items():
                announce(f"the {function} in an emulated Lambda, {variant}")
                runs = _both(emulated, job, container, rounds)
                steps += _steps(function, variant, memory_mb, *runs)
                if function == "relay":
                    peaks += [timed.peak_bytes for run in runs[0] for timed in run]
        job, _ = jobs["relay"]
        for memory_mb in MEMORIES_MB:
            announce(f"the relay in an emulated Lambda of {memory_mb} MB")
            runs = _both(emulated, job, deployed(memory_mb=memory_mb), memory_rounds)
            steps += _steps("relay", f"{memory_mb} MB", memory_mb, *runs)
        connections = {}
        for trust_store, anchors in (("amazon", code / AMAZON_ROOTS_FILE), ("system", _STORE)):
            announce(f"new connections, trustStore {trust_store}")
            container = deployed(memory_mb=RELAY_MEMORY_MB, anchors=anchors)
            connections[trust_store] = emulated.connection_cost(container)
    return LambdaTimes(
        python=python.name,
        means=emulated.means,
        steps=tuple(steps),
        connection_processor_seconds=connections,
        peak_bytes=max(peaks),
    )


_Runs = list[list[Timed]]


def _both(emulated: Emulated, job: Job, container: Container, rounds: int) -> tuple[_Runs, _Runs]:
    """Runs of the function and of its calls alone, alternating."""
    runs: tuple[_Runs, _Runs] = ([], [])
    for _ in range(rounds):
        for bare in (False, True):
            runs[bare].append(list(emulated.run(job, container, bare=bare)))
    return runs


def _steps(
    function: str, variant: str, memory_mb: int, runs: _Runs, bare_runs: _Runs
) -> Iterator[StepTime]:
    own, bare = _medians(runs), _medians(bare_runs)
    for step, (seconds, processor_seconds) in own.items():
        bare_seconds, bare_processor_seconds = bare[step]
        yield StepTime(
            function=function,
            variant=variant,
            memory_mb=memory_mb,
            step=step,
            seconds=seconds,
            processor_seconds=processor_seconds,
            bare_seconds=bare_seconds,
            bare_processor_seconds=bare_processor_seconds,
            to_bare=seconds / bare_seconds,
        )


def _medians(runs: _Runs) -> dict[str, tuple[float, float]]:
    times: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for run in runs:
        for timed in run:
            times[timed.kind].append((timed.seconds, timed.processor_seconds))
        init, first = run[:2]
        times[COLD].append(
            (
                init.seconds + first.seconds,
                init.processor_seconds + first.processor_seconds,
            )
        )
    return {
        step: (median(one for one, _ in taken), median(one for _, one in taken))
        for step, taken in times.items()
    }


def tables_of(times: LambdaTimes) -> Iterator[Table]:
    """The figures as tables for a terminal."""
    yield _steps_table(times)
    yield _memory_table(times.steps)


def _steps_table(times: LambdaTimes) -> Table:
    table = Table(title="An emulated Lambda: TLS, its Python, its share of a processor")
    table.title_justify = table.caption_justify = "left"
    for heading in ("function", "", "MB", "step"):
        table.add_column(heading, no_wrap=True)
    for heading in ("time", "of it processor", "its calls alone", "of it processor", "ratio"):
        table.add_column(heading, justify="right")
    for one in times.steps:
        if one.variant.endswith(" MB"):
            continue
        own, own_processor = _ms(one.seconds), _ms(one.processor_seconds)
        bare, bare_processor = _ms(one.bare_seconds), _ms(one.bare_processor_seconds)
        table.add_row(
            *(one.function, one.variant, str(one.memory_mb), one.step, own, own_processor),
            *(bare, bare_processor, f"{one.to_bare:.2f}"),
        )
    connections = ", ".join(
        f"{_ms(seconds)} with trustStore {store}"
        for store, seconds in times.connection_processor_seconds.items()
    )
    table.caption = (
        f"{times.python}; AWS answers after {_ms(AWS_SECONDS)}; held to its share by"
        f" {times.means}.\nA new connection takes {connections} of the processor."
        f" At most {times.peak_bytes / 1e6:.0f} MB were resident."
    )
    return table


def _memory_table(steps: Sequence[StepTime]) -> Table:
    rows = [one for one in steps if one.variant.endswith(" MB")]
    kinds = [kind for kind in dict.fromkeys(one.step for one in rows) if kind != "init"]
    table = Table(title="The relay by `functionMemory`: time, and USD for a million by its time")
    table.title_justify = "left"
    for heading in ("MB", *(f"{kind}{unit}" for kind in kinds for unit in ("", ", USD"))):
        table.add_column(heading, justify="right")
    for memory_mb in MEMORIES_MB:
        found = {one.step: one for one in rows if one.memory_mb == memory_mb}
        cells = [str(memory_mb)]
        for kind in kinds:
            seconds = found[kind].seconds
            usd = seconds * memory_mb / 1024 * prices.LAMBDA_GB_SECOND.usd_each * 1_000_000
            cells += [_ms(seconds), f"{usd:.2f}"]
        table.add_row(*cells)
    return table


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.1f} ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lambda_times", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--memory-rounds", type=int, default=MEMORY_ROUNDS)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    errors = Console(stderr=True)
    times = measure_lambda(errors.print, options.rounds, options.memory_rounds)
    if options.json:
        print(json.dumps(asdict(times)))
        return
    console = Console()
    console.width = max(console.width, 130)
    for table in tables_of(times):
        console.print(table, "")


if __name__ == "__main__":
    main()
