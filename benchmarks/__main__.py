"""`python -m benchmarks`: measure, then print tables or JSON."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict

from rich.console import Console
from rich.progress import Progress

from benchmarks.figures import measure
from benchmarks.tables import tables_of

_MIN_WIDTH = 130  # columns


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=None)
        figures = measure(lambda what: progress.update(task, description=f"measuring {what}"))
    console = Console()
    # Tables need more than 80 columns and must not be cut without a terminal.
    console.width = max(console.width, _MIN_WIDTH)
    if as_json:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        print(json.dumps({"python": python, "machine": platform.machine(), **asdict(figures)}))
    else:
        for table in tables_of(figures):
            console.print(table, "")


if __name__ == "__main__":
    main()
