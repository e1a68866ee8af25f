"""The time of a new container until it can handle its first event, compared with boto3 alone.

Each function's module is imported and its clients are created in a separate interpreter, which is
already running, as on Lambda; no connection is opened. For comparison, boto3 is imported and
creates the same clients, which any function with these services needs. Both are measured twice:

* compiled: from bytecode, as on a machine that has run them before;
* sources: compiled during the import. So it is in a new Lambda container if the archive has no
  bytecode (`infra.functions.bytecode`), because the archive's folder is read-only. The standard
  library has bytecode in both cases, as on Lambda.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.function import REGION, RESOURCES, SETTINGS

ROUNDS = 7
"""The number of starts of each; the figure is the median time."""

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the archive: the program that starts it, and the services it calls."""

    module: str
    program: str
    services: tuple[str, ...]


FUNCTIONS = (
    Function(
        module="adapters.relay_function",
        program="benchmarks.start_relay",
        services=("s3", "sesv2", "sns", "sqs", "ssm"),
    ),
    Function(
        module="adapters.download_function",
        program="benchmarks.start_page",
        services=("s3", "ssm"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStart:
    """Median times in seconds; `code` is `compiled` or `sources`."""

    function: str
    code: str
    function_seconds: float
    boto3_seconds: float
    function_to_boto3: float


def measure_cold_start(function: Function, rounds: int) -> Iterator[ColdStart]:
    """Start a function and boto3 alone alternately, compiled and from sources."""
    commands = {
        "function": (function.program,),
        "boto3": ("benchmarks.start_boto3", *function.services),
    }
    environment = _environment()
    for command in commands.values():
        _start(command, environment)  # fills the file cache, and writes bytecode if allowed
    yield _compare(function.module, "compiled", commands, environment, rounds)
    with _only_the_library_compiled(commands, environment) as sources:
        yield _compare(function.module, "sources", commands, sources, rounds)


def _compare(
    module: str,
    code: str,
    commands: Mapping[str, tuple[str, ...]],
    environment: Mapping[str, str],
    rounds: int,
) -> ColdStart:
    order = Random(7)  # noqa: S311 - nothing is to be kept secret
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name in order.sample(list(commands), len(commands)):
            times[name].append(_start(commands[name], environment))
    seconds = {name: median(taken) for name, taken in times.items()}
    return ColdStart(
        function=module,
        code=code,
        function_seconds=seconds["function"],
        boto3_seconds=seconds["boto3"],
        function_to_boto3=seconds["function"] / seconds["boto3"],
    )


def _start(command: tuple[str, ...], environment: Mapping[str, str]) -> float:
    answer = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=_ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
    )
    return float(answer.stdout)


def _environment() -> dict[str, str]:
    """A function's environment, without the caller's variables such as a profile or a proxy."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **SETTINGS.to_environment(),
        **RESOURCES.to_environment(),
    }


@contextmanager
def _only_the_library_compiled(
    commands: Mapping[str, tuple[str, ...]], environment: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """An environment with bytecode of the standard library only, where none is written."""
    with tempfile.TemporaryDirectory() as folder:
        cached = {**environment, "PYTHONPYCACHEPREFIX": folder}
        for command in commands.values():
            _start(command, cached)
        for path in {str(_ROOT), *map(sysconfig.get_path, ("purelib", "platlib"))}:
            shutil.rmtree(Path(folder, path.lstrip(os.sep)), ignore_errors=True)
        yield {**cached, "PYTHONDONTWRITEBYTECODE": "1"}
