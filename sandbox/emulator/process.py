"""The emulator's own process: ministack, with Lambda's memory limit. Run as a script.

It also installs: `receipt_rules` and `account`, what ministack lacks of SES and SNS; `updates`,
the correct update of a function; `keys`, the check of KMS key policies; `guard`, the check of
requests; `shared_code`, which unpacks a function's archive once.

Lambda ends a worker with SIGKILL as soon as its processes hold more memory than the function
declares, and fails the invocation with `Runtime.ExitError` (AWS Lambda guide, "Configure Lambda
function memory"; "Troubleshoot execution issues in Lambda"). The emulator enforces no limit. Here
the peak of the resident memory of the worker's process is measured, `VmHWM` of proc_pid_status(5).
It includes the interpreter and its libraries, but not reserved addresses. The kernel keeps the
peak, so a short one between two checks is not missed. An invocation whose peak was over the limit
fails, even if it has answered meanwhile.

Lambda's `REPORT` line gives the maximum over all invocations of one execution environment (AWS
Lambda guide, "Report log lines"). `VmHWM` is the same.

A handler that raises fails its invocation, and the worker takes the next one (AWS Lambda guide,
"Failures during the invoke phase": only a crash or a timeout resets the environment). The emulator
ends the worker, so here the answer says what was raised in another way until it has been read.

The process also ends, with all workers, when its standard input is closed, so however the sandbox
ends.

Nothing else of the sandbox can be imported in this process. It depends on `Worker.invoke` and the
workers' program of `ministack.core.lambda_runtime`, and on the function that writes the report in
`ministack.services.lambda_svc` (1.5.33); `tests/sandbox/emulator/contract/` states the behaviour.
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
_PAUSE = 0.01  # seconds between two checks of a busy worker
_MORE = (
    "account.py",
    "alarms.py",
    "guard.py",
    "keys.py",
    "receipt_rules.py",
    "shared_code.py",
    "updates.py",
)
"""Modules in the folder of this file."""

_RAISED = '"status": "error", "error": str(e), "trace": traceback.format_exc()'
"""In the emulator's program of a worker: the answer for a handler that raised."""

_LAST_LINES = 5.0  # seconds to wait for a dead worker's last lines
_PEAK = re.compile(rb"^VmHWM:\s*(\d+) kB$", re.MULTILINE)

_invocation = threading.local()  # `peak`: of this thread's last invocation, in bytes


class _Worker(lambda_runtime.Worker):  # type: ignore[misc] # ministack has no types
    """A worker that is killed when it uses more memory than its function declares."""

    def invoke(self, event: object, request_id: str, **more: object) -> dict[str, Any]:
        """Run one invocation; the answer is an error if it used too much memory."""
        with _Watch(self) as watch:
            try:
                response: dict[str, Any] = super().invoke(event, request_id, **more)
            except RuntimeError as error:  # it ended before it was ready
                response = {"status": "error", "error": str(error), "log": ""}
        if raised := response.pop("raised", None):
            response.update(raised)
        elif response.get("status") == "error" and self._stderr_thread is not None:
            # The worker has ended, so its output has an end. The emulator waits for 50 ms only,
            # which is too short on a busy machine.
            self._stderr_thread.join(_LAST_LINES)
            response["log"] = "\n".join(filter(None, [response.get("log"), self._drain_stderr()]))
        _invocation.peak = watch.peak
        if watch.killed:
            _invocation.peak = watch.limit  # it cannot use more than the limit
            response["status"] = "error"
            response["error"] = (
                f"RequestId: {request_id} Error: Runtime exited with error: signal: killed\n"
                "Runtime.ExitError"
            )
        return response

    def _drain_stderr_bounded(self, *_: float, **__: float) -> str:
        """Everything that the worker has written so far.

        The emulator gives its reader 5 ms after the last line. On a busy machine the reader has
        then not read the whole pipe, and the rest would be logged by the next invocation.
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
    """Checks a worker's memory until the context ends, and kills it if it uses too much."""

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
            self._look()  # its peak since the last check


def _kept_when_it_raises(program: str) -> str:
    """The program of a worker, whose answer for a handler that raised does not end the worker."""
    before, found, after = program.partition(_RAISED)
    if not found or _RAISED in after:
        raise RuntimeError("the emulator's workers answer otherwise; correct sandbox/emulator")
    return f'{before}"status": "ok", "raised": {{{_RAISED}}}{after}'


def _peak_of(pid: int) -> int:
    """The peak of the process's resident memory in bytes; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0
    found = _PEAK.search(status)
    return int(found[1]) * 1024 if found else 0


def _reported_peak(_function: object) -> int:
    """The peak in MB of the invocation that this thread ran last, for its report."""
    return -(-int(getattr(_invocation, "peak", 0)) // _MEGABYTE)


def _exit_with_parent() -> None:
    os.read(0, 1)  # returns when the other end is closed, however its process ended
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    lambda_runtime.Worker = _Worker
    lambda_runtime._PYTHON_WORKER_SCRIPT = _kept_when_it_raises(  # noqa: SLF001 (see above)
        lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001 (see above)
    )
    lambda_svc._probe_peak_memory_mb = _reported_peak  # noqa: SLF001 (see above)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    for file in _MORE:
        runpy.run_path(str(Path(__file__).with_name(file)))["install"]()
    runpy.run_module("ministack", run_name="__main__")
