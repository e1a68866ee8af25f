"""`python -m tests.sandbox.load --messages 1000`: the scenario under load, with a table.

The suite runs a small one (`test_nothing_twice`); `scenario` says what happens in it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.sandbox.running import running_sandbox
from tests.sandbox.scenario import Result, Scenario, run_scenario


def main(arguments: Sequence[str]) -> int:
    """Run a scenario in a sandbox of its own; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.load", description=__doc__)
    parser.add_argument("--messages", type=int, default=1000, metavar="N")
    parser.add_argument("--kills", type=int, metavar="N", help="one for 20 messages if left out")
    parser.add_argument("--workers", type=int, default=6, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave what was written in DIR")
    found = parser.parse_args(arguments)
    scenario = Scenario(
        messages=found.messages,
        kills=found.messages // 20 if found.kills is None else found.kills,
        workers=found.workers,
        seed=found.seed,
        patience=300 + 3 * found.messages,
    )
    console, begun = Console(), time.monotonic()

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - begun:5.0f} s  {text}", highlight=False)

    with _folder(found.keep) as folder, running_sandbox(folder, scenario.config()) as relay:
        result = run_scenario(relay, scenario, say)
    console.print(make_table(result))
    for problem in result.problems:
        console.print(problem, style="red", soft_wrap=True, markup=False)
    console.print(f"{len(result.problems)} problems" if result.problems else "All promises kept.")
    return 1 if result.problems else 0


def make_table(result: Result) -> Table:
    """The observations as a table for people."""
    table = Table(title="Nothing lost, nothing twice", show_header=False)
    for name, value in result.facts.items():
        table.add_row(name, str(value))
    return table


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="mail-relay-load-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
