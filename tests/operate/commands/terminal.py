"""`relayctl` at a pseudo-terminal, for commands that ask for confirmation or start an editor.

Each run is a process of its own, forked from one that has imported `relayctl`: starting Python
and importing are most of a run. `test_launcher` and `test_command_line` start it as users do.
"""

from __future__ import annotations

import multiprocessing
import os
import pty
import runpy
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import operate.cli  # for the process that is forked
from tests.operate.deployed import Deployed

ROOT = Path(__file__).parent.parent.parent.parent

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit status and the output of a command."""

    returncode: int | None
    stdout: bytes
    stderr: bytes


def at_a_terminal(deployed: Deployed, reply: str, *arguments: str) -> Finished:
    """Run a command on a terminal, and answer its question."""
    return run_at_a_terminal(deployed, f"{reply}\n", arguments, os.environ)


def run_at_a_terminal(
    deployed: Deployed, replies: str, arguments: tuple[str, ...], environment: Mapping[str, str]
) -> Finished:
    """Run a command on a terminal at which `replies` are typed, in this environment."""
    master, terminal = pty.openpty()
    with tempfile.TemporaryDirectory() as name:
        files = [os.ttyname(terminal), f"{name}/stdout", f"{name}/stderr"]
        given = ["relayctl", *arguments, "--ready-file", str(deployed.ready_file)]
        try:
            os.write(master, replies.encode())
            process = _FORKING.Process(target=_relayctl, args=(given, dict(environment), files))
            process.start()
            process.join()
        finally:
            os.close(terminal)
            os.close(master)
        return Finished(process.exitcode, *(Path(file).read_bytes() for file in files[1:]))


def _relayctl(arguments: list[str], environment: dict[str, str], files: list[str]) -> None:
    """Be `python -m operate` with these arguments, environment and standard files."""
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # the environment names another
    for number, file in enumerate(files):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOCTTY, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    sys.argv = arguments
    runpy.run_module(operate.__name__, run_name="__main__", alter_sys=True)
