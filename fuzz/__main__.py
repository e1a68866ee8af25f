"""`python -m fuzz TARGET [--seconds N] [INPUT…]`: fuzz one target, or try single inputs."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
"""The Pythons that atheris has wheels for."""
SLOWEST = 20
"""Seconds of processor time after which one input is too slow.

Linear work on `MAX_INPUT` bytes takes far less. Not seconds of a clock: a fuzzer may run beside
other work.
"""
HANGS = 600
"""Seconds after which an input is taken for one that never ends."""
MAX_INPUT = 4096
MEMORY = 2048
"""Memory limit in megabytes; the fuzzer keeps its corpus in memory."""


def main() -> None:
    """Fuzz until the time is up; exits with 77 (libFuzzer's code) when a law is broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument(
        "target", nargs="?", choices=["mail", "recipient-code", "header", "agreement"]
    )
    parser.add_argument(
        "--check-python", action="store_true", help="only check whether this Python is supported"
    )
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: 60)")
    parser.add_argument("inputs", nargs="*", type=Path, help="inputs to try instead")
    arguments = parser.parse_args()
    if problem := _problem_with_python():
        sys.exit(f"fuzz: {problem}")
    if arguments.check_python:
        return
    if arguments.target is None:
        parser.error("which target?")
    atheris = _atheris()
    with atheris.instrument_imports(include=["relay_core"]):
        targets = importlib.import_module("fuzz.targets")
    target = targets.TARGETS[arguments.target]
    if arguments.inputs:
        for path in arguments.inputs:
            target(path.read_bytes())
        return
    folder = ROOT / "build" / "fuzz" / arguments.target
    learned, seeds = folder / "corpus", folder / "seeds"
    for directory in (learned, seeds):
        directory.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "tests" / "corpus").rglob("*.eml"):
        (seeds / path.name).write_bytes(path.read_bytes())
    options = [
        f"-max_total_time={arguments.seconds}",
        f"-max_len={MAX_INPUT}",
        f"-timeout={HANGS}",
        f"-rss_limit_mb={MEMORY}",
        f"-artifact_prefix={folder}{os.sep}",
        f"-dict={ROOT / 'fuzz' / 'dictionary.txt'}",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(learned), str(seeds)], _in_time(target))
    atheris.Fuzz()


def _in_time(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    def timed(data: bytes) -> None:
        begun = time.process_time()
        target(data)
        taken = time.process_time() - begun
        assert taken < SLOWEST, f"{len(data)} bytes took {taken:.1f} s of processor time"

    return timed


def _problem_with_python() -> str | None:
    """Why this Python cannot run atheris, and what to do; None if it can."""
    running = sys.version_info[:2]
    if not OLDEST <= running <= NEWEST:
        return (
            f"atheris supports Python {_dotted(OLDEST)} to {_dotted(NEWEST)}, this is "
            f"{_dotted(running)}; run make fuzz PYTHON=python{_dotted(NEWEST)}"
        )
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return (
            f"atheris comes built for Linux on x86-64, this is {sys.platform} on "
            f"{platform.machine()}; run make fuzz in a container of that kind"
        )
    return None


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _atheris() -> Any:  # noqa: ANN401 - atheris has no types
    # `make fuzz` installs it in a separate environment.
    try:
        return importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzz: atheris is not installed here; run make fuzz")


if __name__ == "__main__":
    main()
