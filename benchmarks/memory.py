"""The memory of the core path, seen from outside: `python -m benchmarks.memory FILE`.

It runs in a separate process, because memory that an earlier measurement used would hide growth.
It prints the peak growth of its resident memory in bytes, the message included, above that of the
warmed-up interpreter. The peak is read from Linux's /proc, which counts only this program;
`ru_maxrss` would start with the parent's peak (getrusage(2)).
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.mails import sensor_mails
from benchmarks.paths import relayed


def peak_growth(raw: bytes) -> int:
    """The peak growth in bytes of a process that reads `raw` and relays it."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(raw)
        file.flush()
        command = [sys.executable, "-m", "benchmarks.memory", file.name]
        return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def resident(counter: str) -> int:
    """A counter of this process's memory, in bytes, by its name in proc_pid_status(5)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    match = re.search(rf"{counter}:\s*(\d+) kB", status)
    if match is None:
        raise OSError(f"no {counter} in /proc/self/status: memory is measured on Linux only")
    return int(match.group(1)) * 1024


if __name__ == "__main__":
    relayed(next(sensor_mails(10_000)).raw)
    before = resident("VmRSS")
    relayed(Path(sys.argv[1]).read_bytes())
    print(resident("VmHWM") - before)
