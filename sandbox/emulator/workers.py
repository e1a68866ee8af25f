"""The function's worker processes, found and killed from outside, for tests of crashes.

How the emulator runs a function (ministack 1.5.33, read in its `core/lambda_runtime.py` and
`services/lambda_svc.py`, and stated in `tests/sandbox/emulator/contract/`):

* Each worker is a child process of the emulator's, `python <TMPDIR>/ministack-lambda-<function
  name>-<random>/_worker.py`, and the emulator is a child of the sandbox. It takes one
  invocation at a time and stays warm; an invocation that finds none free gets a new one. The
  first is kept for ever, others for 300 idle seconds.
* The timeout is counted from when a started worker is given its event, so not for its start;
  it is ended by SIGTERM then. A handler that raises costs its worker its life too.
* An event source mapping takes up to `BatchSize` messages (at most 10) that are visible,
  without waiting for more, and has up to `MaximumConcurrency` such batches (5 if it is not
  set) in work at the same time.
* A worker that takes more memory than its function declares is killed (`process`).
* A worker that dies in the middle of an invocation is noticed at once, "Worker process died".
  What it wrote to its log till then is kept. Its messages stay hidden until the queue's
  visibility timeout is over, with one more try counted each, and go to the dead-letter queue
  after the last. The mapping pauses for a second and goes on, with a new worker in the same
  place. A worker that is killed while it has nothing to do costs no message anything.
* The queue honours ChangeMessageVisibility and a message's own DelaySeconds, also from within
  the function; a message that is sent anew begins with its tries at none. `VisibilityTimeout`
  of the queue can be set at any time, and counts from the next receipt.
* Lambda's detection of recursive loops counts direct invocations only, not messages that a
  function sends to its own queue. AWS counts both.

Only Linux tells of processes as it is done here.
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
    """A worker's process. `started` (clock ticks since boot) tells it from a later namesake."""

    pid: int
    started: int


def find_workers(data: Path, function_name: str) -> tuple[WorkerProcess, ...]:
    """The workers of a function that run now, oldest first; `data` is the sandbox's folder."""
    folder = str(data.resolve() / "emulator" / "tmp" / f"ministack-lambda-{function_name}-")
    return tuple(sorted(_find(folder), key=lambda worker: (worker.started, worker.pid)))


def kill_worker(worker: WorkerProcess) -> bool:
    """End a worker as a crash would, with SIGKILL; False if it is gone already."""
    try:
        # From here on the descriptor stands for that process, whoever gets its number.
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
    """The 22nd field of `stat` (proc_pid_stat(5)); None if the process is gone or going."""
    try:
        # Who ends gives up the memory first, where the arguments are, and `stat` last.
        if not (process / "cmdline").read_bytes():
            return None
        stat = (process / "stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in parentheses, and may hold any character.
    return int(stat.rpartition(")")[2].split()[19])
