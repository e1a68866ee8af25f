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
    return f"{size / _MB:.3g} MB" if size >= _MB else f"{size / _KB:.0f} kB"


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e3:.2f} ms"


def _print(figures: Figures, console: Console) -> None:
    for table in (
        _core_paths(figures),
        _ratios(figures),
        _decoding(figures),
        _floor(figures),
        _memory(figures),
        _parts(figures),
    ):
        console.print(table, "")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _core_paths(figures: Figures) -> Table:
    table = _table(
        "Core path: parse, plan, decode, digest, rewrite",
        *("message", "relay", "without pybase64", "email, the same job"),
        *("its parse + generate", "by compat32"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            _time(one.relay_seconds),
            _time(one.relay_alone_seconds),
            _time(one.library_seconds),
            _time(one.round_trip_seconds),
            _time(one.round_trip_compat32_seconds),
        )
    return table


def _ratios(figures: Figures) -> Table:
    table = _table(
        "How many times as fast as email, and what share of its parse + generate",
        *("message", "relay", "without pybase64", "of parse + generate", "by compat32"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            f"{one.library_to_relay:.1f} x",
            f"{one.library_to_relay_alone:.1f} x",
            f"{one.relay_to_round_trip:.2f}",
            f"{one.relay_to_round_trip_compat32:.2f}",
        )
    return table


def _decoding(figures: Figures) -> Table:
    table = _table(
        "Against nothing but decoding the base64",
        *("message", "a2b_base64", "relay without pybase64", "pybase64", "relay"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            _time(one.binascii_seconds),
            f"{one.relay_alone_to_binascii:.2f} of it",
            _time(one.pybase64_seconds),
            f"{one.relay_to_pybase64:.2f} of it",
        )
    return table


def _floor(figures: Figures) -> Table:
    table = _table(
        "The floor: one search for delimiters, one decoding, one SHA-256",
        *("message", "search", "pybase64", "SHA-256", "floor", "relay"),
    )
    for one in figures.core_path:
        table.add_row(
            _size(one.message_bytes),
            _time(one.search_seconds),
            _time(one.pybase64_seconds),
            _time(one.sha256_seconds),
            _time(one.floor_seconds),
            f"{one.relay_to_floor:.2f} of it",
        )
    return table


def _memory(figures: Figures) -> Table:
    table = _table("Peak memory, the message included", "message", "growth", "of message")
    for one in figures.memory:
        table.add_row(
            _size(one.message_bytes), _size(one.growth_bytes), f"{one.growth_to_message:.2f}"
        )
    return table


def _parts(figures: Figures) -> Table:
    table = _table("Growth with the number of attachments", "attachments", "relay", "for each")
    for one in figures.parts:
        table.add_row(
            f"{one.attachments:,}",
            _time(one.relay_seconds),
            f"{one.seconds_each * 1e6:.0f} us",
        )
    return table


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
