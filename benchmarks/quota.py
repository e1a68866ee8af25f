"""Limits a process to the share of a processor that Lambda gives a function by its memory.

1,769 MB are one processor (AWS Lambda guide, "Configure Lambda function memory"). Lambda enforces
the share by the kernel's scheduler, in periods of 20 ms. Here a control group does the same if
this machine allows one (root; version 1 or 2). Otherwise the process is stopped by a signal when
it has used its share of a period, until the period ends. `means` says which is used.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MB_OF_A_PROCESSOR = 1769

CONTROL_GROUP = "a control group"
SIGNALS = "stopped by signals"

_PERIOD = 0.02  # seconds
_LOOK = 0.001
_ROOT = Path("/sys/fs/cgroup")


def share_of(memory_mb: int) -> float:
    """The share of a processor of a function with that memory, at most one."""
    return min(1.0, memory_mb / MB_OF_A_PROCESSOR)


class Quota:
    """Limits one process and its threads to a share of a processor."""

    def __init__(self, pid: int, group: Path | None) -> None:
        """`group` is a control group for the process, None where there can be none."""
        self._pid = pid
        self._group = group
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self.means = CONTROL_GROUP if group else SIGNALS

    def hold(self, share: float) -> None:
        """Limit the process to `share` of a processor from now on."""
        if self._group is not None:
            _write_quota(self._group, share)
            (self._group / "cgroup.procs").write_text(str(self._pid), "ascii")
        elif share < 1:
            self._thread = threading.Thread(target=self._stop_and_go, args=[share], daemon=True)
            self._thread.start()

    def release(self) -> None:
        """Remove the limit; the process may have ended."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        if self._group is not None:
            with suppress(OSError):
                _procs(self._group.parent).write_text(str(self._pid), "ascii")

    def _stop_and_go(self, share: float) -> None:
        clock = (~self._pid << 3) | 2  # its CPU clock (Linux posix-timers.h)
        with suppress(OSError):  # the process has ended
            while not self._end.is_set():
                until = time.monotonic() + _PERIOD
                least = time.clock_gettime(clock) + share * _PERIOD
                while time.monotonic() < until:
                    time.sleep(_LOOK)
                    if time.clock_gettime(clock) >= least:
                        os.kill(self._pid, signal.SIGSTOP)
                        time.sleep(max(0.0, until - time.monotonic()))
                        os.kill(self._pid, signal.SIGCONT)


@contextmanager
def quota_for(pid: int) -> Iterator[Quota]:
    """The quota for this process, inside the block."""
    group = _make_group(f"mail-relay-bench-{pid}")
    quota = Quota(pid, group)
    try:
        yield quota
    finally:
        quota.release()
        if group is not None:
            with suppress(OSError):
                group.rmdir()


def _make_group(name: str) -> Path | None:
    for parent in (_ROOT / "cpu", _ROOT):
        group = parent / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            _write_quota(group, 1.0)
        except OSError:
            with suppress(OSError):
                group.rmdir()
            continue
        return group
    return None


def _write_quota(group: Path, share: float) -> None:
    """Write the quota in microseconds ("CFS bandwidth control"; "Control group v2", `cpu.max`)."""
    period = round(_PERIOD * 1e6)
    quota = round(share * period)
    if (group / "cpu.max").exists():
        (group / "cpu.max").write_text(f"{quota} {period}", "ascii")
    else:
        (group / "cpu.cfs_period_us").write_text(str(period), "ascii")
        (group / "cpu.cfs_quota_us").write_text(str(quota), "ascii")


def _procs(group: Path) -> Path:
    return group / "cgroup.procs"
