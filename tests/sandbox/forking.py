"""Processes forked by servers that have imported what they need (`fork_server`).

The imports are half of what a sandbox or an emulator computes until it is ready.
`test_lifecycle` and others start both by their command lines.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from sandbox.emulator import running
from tests.sandbox import fork_server

START_PROCESS = running.start_process
"""Starts an emulator by its command line."""


class ForkedProcess:
    """A forked process, with the part of `subprocess.Popen` that is used of one."""

    def __init__(self, connection: socket.socket, stdin: IO[bytes] | None) -> None:
        self.pid = int(connection.recv(16))
        self.stdin = stdin
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                status = self._connection.recv(16)
            except (BlockingIOError, TimeoutError):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None
            self._connection.close()
            self.returncode = int(status)  # a ValueError: the server ended before
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(
    server: str,
    arguments: Sequence[str],
    *,
    stdin: int,
    stdout: IO[bytes],
    stderr: IO[bytes],
    env: Mapping[str, str],
    cwd: Path,
    start_new_session: bool = False,
) -> ForkedProcess:
    """A process of the server at this path; the arguments are those of `subprocess.Popen`."""
    request = {
        "arguments": arguments,
        "env": dict(env),
        "cwd": str(cwd),
        "start_new_session": start_new_session,
    }
    if stdin == subprocess.PIPE:
        reading, writing = os.pipe()
        kept = os.fdopen(writing, "wb", buffering=0)
    else:
        reading, kept = os.open(os.devnull, os.O_RDONLY), None
    connection = socket.socket(*fork_server.KIND)
    try:
        connection.connect(server)
        streams = [reading, stdout.fileno(), stderr.fileno()]
        socket.send_fds(connection, [json.dumps(request).encode()], streams)
        return ForkedProcess(connection, kept)
    finally:
        os.close(reading)


def fork_emulators(find_server: Callable[[], str]) -> Callable[..., Any]:
    """`sandbox.emulator.running.start_process`, by the server at the path that this returns."""

    def start_process(
        program: Path, *, environment: Mapping[str, str], folder: Path, output: IO[bytes]
    ) -> ForkedProcess:
        return fork(
            find_server(),
            [str(program)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )

    return start_process


@cache
def emulator_server() -> str:
    """The path of the server of emulators, which runs until this process ends."""
    # -P as for the emulator itself: no module of ours may be found there.
    return _start("-P", fork_server.__file__)


@cache
def sandbox_server() -> str:
    """The path of the server of sandboxes, which runs until this process ends."""
    return _start("-m", "tests.sandbox.sandbox_server", last=[emulator_server()])


@cache
def program_server() -> str:
    """The path of the server of Pulumi programs, which runs until this process ends."""
    return _start("-u", "-m", "tests.sandbox.program_server")


def _start(*program: str, last: Sequence[str] = ()) -> str:
    folder = tempfile.TemporaryDirectory(prefix="fork-server-")
    path = f"{folder.name}/socket"
    server = subprocess.Popen(
        [sys.executable, *program, path, *last],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def stop() -> None:
        server.communicate()
        folder.cleanup()

    atexit.register(stop)
    assert server.stdout is not None
    assert server.stdout.readline() == b"\n"
    return path
