"""`python -m benchmarks`: measure, then print tables or JSON."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.figures import Figures, measure

_KB, _MB = 1_000, 1_000_000


def _size(size: int) -> str:
    return f"{size / _MB:.0f} MB" if size >= _MB else f"{size / _KB:.0f} kB"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.2f} ms"


def _print(figures: Figures, console: Console) -> None:
    paths = Table(title="Core path: parse, plan, decode, digest, rewrite", title_justify="left")
    for heading in ("message", "relay", "library", "bare decode", "of library", "of decode"):
        paths.add_column(heading, justify="right")
    for one in figures.core_path:
        paths.add_row(
            _size(one.message_bytes),
            _time(one.relay_seconds),
            _time(one.library_seconds),
            _time(one.decode_seconds),
            f"{one.relay_to_library:.2f} ({1 / one.relay_to_library:.1f} x faster)",
            f"{one.relay_to_decode:.2f}",
        )
    memory = Table(title="Peak memory, the message included", title_justify="left")
    for heading in ("message", "growth", "of message"):
        memory.add_column(heading, justify="right")
    for use in figures.memory:
        memory.add_row(
            _size(use.message_bytes), _size(use.growth_bytes), f"{use.growth_to_message:.2f}"
        )
    parts = Table(title="Growth with the number of attachments", title_justify="left")
    for heading in ("attachments", "relay", "for each"):
        parts.add_column(heading, justify="right")
    for count in figures.parts:
        parts.add_row(
            f"{count.attachments:,}",
            _time(count.relay_seconds),
            f"{count.seconds_each * 1e6:.0f} us",
        )
    for table in (paths, memory, parts):
        console.print(table, "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("measuring", total=None)
        figures = measure(lambda what: progress.update(task, description=f"measuring {what}"))
    if as_json:
        python = f"{platform.python_implementation()} {platform.python_version()}"
        print(json.dumps({"python": python, "machine": platform.machine(), **asdict(figures)}))
    else:
        _print(figures, Console())


if __name__ == "__main__":
    main()
