"""The emulator's own process: ministack, with Lambda's memory limit. Run as a script.

Beside it, `receipt_rules` and `account` have what ministack lacks of SES and of SNS, `updates`
what it lacks of the update of a function, `keys` the asking of KMS keys, `guard` whom it lets in;
`shared_code` unpacks a function's archive once.

Lambda ends a worker with SIGKILL as soon as its processes hold more memory than the function
declares, and fails the invocation with `Runtime.ExitError` (AWS Lambda guide, "Configure Lambda
function memory"; "Troubleshoot execution issues in Lambda"). The emulator declares a limit and
enforces none. What is measured here is the peak of the resident memory of the worker's process,
`VmHWM` of proc_pid_status(5): the interpreter and its libraries count, reserved addresses do not.
The kernel keeps that peak, so that no short one is missed between two looks: an invocation whose
peak was beyond the limit has failed, even if it has answered meanwhile.

Lambda's `REPORT` line gives the maximum over all invocations of one execution environment (AWS
Lambda guide, "Report log lines"), which is what `VmHWM` is.

It also ends, with all workers, when its standard input is closed: however the sandbox ends.

This runs in the emulator's process, where nothing else of the sandbox can be imported. It leans on
`Worker.invoke` of `ministack.core.lambda_runtime` and on what writes the report in
`ministack.services.lambda_svc` (1.5.33); `tests/sandbox/emulator/contract/` states the
behaviour.
"""

from __future__ import annotations

import fcntl
import os
import re
import runpy
import signal
import termios
import threading
import time
from array import array
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_MEGABYTE = 1024 * 1024  # Lambda's MB
_PAUSE = 0.01  # seconds between two looks at a worker at work
_MORE = (
    "account.py",
    "alarms.py",
    "guard.py",
    "keys.py",
    "receipt_rules.py",
    "shared_code.py",
    "updates.py",
)
"""What is beside this file."""

_LAST_LINES = 5.0  # seconds that a dead worker's last lines are waited for at most
_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB$", re.MULTILINE)

_invocation = threading.local()  # `peak`: of the one that this thread ran last, in bytes


class _Worker(lambda_runtime.Worker):  # type: ignore[misc] # ministack has no types
    """A worker that dies of more memory than its function declares."""

    def invoke(self, event: object, request_id: str, **more: object) -> dict[str, Any]:
        """One invocation; the answer is an error if the worker took too much memory for it."""
        with _Watch(self) as watch:
            try:
                response: dict[str, Any] = super().invoke(event, request_id, **more)
            except RuntimeError as error:  # it ended before it was ready
                response = {"status": "error", "error": str(error), "log": ""}
        if response.get("status") == "error" and self._stderr_thread is not None:
            # The worker is gone: what it wrote has an end. The emulator waits for 50 ms at most,
            # which a busy machine may need to hand it on.
            self._stderr_thread.join(_LAST_LINES)
            response["log"] = "\n".join(filter(None, [response.get("log"), self._drain_stderr()]))
        _invocation.peak = watch.peak
        if watch.killed:
            _invocation.peak = watch.limit  # more than there is, nothing can have
            response["status"] = "error"
            response["error"] = (
                f"RequestId: {request_id} Error: Runtime exited with error: signal: killed\n"
                "Runtime.ExitError"
            )
        return response

    def _drain_stderr_bounded(self, *_: float, **__: float) -> str:
        """What the worker has written by now, all of it.

        The emulator gives its reader 5 ms after the last line. On a busy machine it has not come
        to the rest of the pipe by then, which would be logged by the next invocation only.
        """
        deadline = time.monotonic() + _LAST_LINES
        while self._holds_unread_lines() and time.monotonic() < deadline:
            time.sleep(0.001)
        log: str = super()._drain_stderr_bounded(idle_confirm=0.02)
        return log

    def _holds_unread_lines(self) -> bool:
        process = self._proc
        if process is None or process.stderr is None or process.stderr.closed:
            return False
        waiting = array("i", [0])
        fcntl.ioctl(process.stderr, termios.FIONREAD, waiting)
        return waiting[0] > 0


class _Watch:
    """Looks at a worker's memory until the context ends, and kills it if that is too much."""

    def __init__(self, worker: lambda_runtime.Worker) -> None:
        self.peak = 0
        self.killed = False
        self._worker = worker
        self.limit = int(worker.config.get("MemorySize", 128)) * _MEGABYTE
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def _run(self) -> None:
        while not self.killed and not self._ended.wait(_PAUSE):
            self._look()

    def _look(self) -> None:
        process = self._worker._proc  # noqa: SLF001 (None while it is not running)
        if process is None:
            return
        self.peak = max(self.peak, _peak_of(process.pid))
        if self.peak > self.limit:
            process.kill()
            self.killed = True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if not self.killed:
            self._look()  # what it took since the last look


def _peak_of(pid: int) -> int:
    """The largest resident memory that the process had, in bytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    found = _PEAK.search(status)
    return int(found[1]) * 1024 if found else 0


def _reported_peak(_function: object) -> int:
    """The peak in MB, for the report of the invocation that this thread has just run."""
    return -(-int(getattr(_invocation, "peak", 0)) // _MEGABYTE)


def _end_with_the_sandbox() -> None:
    os.read(0, 1)  # returns when the other end is closed, however its process ended
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    lambda_runtime.Worker = _Worker
    lambda_svc._probe_peak_memory_mb = _reported_peak  # noqa: SLF001 (see above)
    threading.Thread(target=_end_with_the_sandbox, daemon=True).start()
    for file in _MORE:
        runpy.run_path(str(Path(__file__).with_name(file)))["install"]()
    runpy.run_module("ministack", run_name="__main__")
