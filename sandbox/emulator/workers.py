"""Finds and kills the function's worker processes from outside, for tests of crashes.

How the emulator runs a function (ministack 1.5.33, `core/lambda_runtime.py` and
`services/lambda_svc.py`; stated in `tests/sandbox/emulator/contract/`):

* Each worker is a child process of the emulator's, `python <TMPDIR>/ministack-lambda-<function
  name>-<random>/_worker.py`, and the emulator is a child of the sandbox. A worker runs one
  invocation at a time and stays warm; an invocation that finds none free gets a new one. The
  first is kept permanently, others for 300 idle seconds.
* The timeout starts when a worker that has started gets its event, so without the start. Then the
  worker is ended by SIGTERM. A worker whose handler raises goes on (`process`).
* An event source mapping receives up to `BatchSize` visible messages (at most 10), without waiting
  for more. It processes up to `MaximumConcurrency` such batches (default 5) at the same time.
* A worker that uses more memory than its function declares is killed (`process`).
* The end of a worker during an invocation is noticed at once, "Worker process died". Its log up
  to then is kept. Its messages stay hidden until the queue's visibility timeout, one more try
  is counted for each, and after the last try they go to the dead-letter queue. The mapping
  pauses for a second and continues, with a new worker. Killing an idle worker affects no
  message.
* The queue supports ChangeMessageVisibility and a message's own DelaySeconds, also from within
  the function; a message that is sent again starts with no tries. `VisibilityTimeout` of the
  queue can be set at any time, and applies from the next receipt.
* Lambda's detection of recursive loops counts direct invocations only, not messages that a
  function sends to its own queue. AWS counts both.

It needs Linux, for `/proc` and pidfd_open(2).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROCESSES = Path("/proc")
_PROGRAM = "_worker.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """A worker's process; `started` (clock ticks since boot) detects a reused process id."""

    pid: int
    started: int


def find_workers(data: Path, function_name: str) -> tuple[WorkerProcess, ...]:
    """The running workers of a function, oldest first; `data` is the sandbox's folder."""
    folder = str(data.resolve() / "emulator" / "tmp" / f"ministack-lambda-{function_name}-")
    return tuple(sorted(_find(folder), key=lambda worker: (worker.started, worker.pid)))


def kill_worker(worker: WorkerProcess) -> bool:
    """Kill a worker with SIGKILL, as a crash would; False if it has already ended."""
    try:
        # From now on the descriptor refers to that process, even if its id is used again.
        process = os.pidfd_open(worker.pid)
    except ProcessLookupError:
        return False
    try:
        if _read_start(_PROCESSES / str(worker.pid)) != worker.started:
            return False
        signal.pidfd_send_signal(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(process)
    return True


def _find(folder: str) -> Iterator[WorkerProcess]:
    for process in _PROCESSES.iterdir():
        if process.name.isdecimal() and _is_worker(process, folder):
            started = _read_start(process)
            if started is not None:
                yield WorkerProcess(pid=int(process.name), started=started)


def _is_worker(process: Path, folder: str) -> bool:
    try:
        arguments = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return False
    return any(
        path.startswith(folder) and path.endswith(f"/{_PROGRAM}")
        for path in map(os.fsdecode, arguments[1:])
    )


def _read_start(process: Path) -> int | None:
    """The 22nd field of `stat` (proc_pid_stat(5)); None if the process has ended or is ending."""
    try:
        # An ending process first frees its memory, which holds the arguments, and `stat` last.
        if not (process / "cmdline").read_bytes():
            return None
        stat = (process / "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in parentheses, and may hold any character.
    return int(stat.rpartition(")")[2].split()[19])
