"""A pseudo-terminal for commands that ask for confirmation."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.operate.deployed import Deployed

ROOT = Path(__file__).parent.parent.parent.parent


def at_a_terminal(
    deployed: Deployed, reply: str, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command on a terminal, and answer its question."""
    master, terminal = pty.openpty()
    try:
        os.write(master, f"{reply}\n".encode())
        return subprocess.run(
            [
                *(sys.executable, "-m", "operate", *arguments),
                *("--ready-file", str(deployed.ready_file)),
            ],
            cwd=ROOT,
            stdin=terminal,
            capture_output=True,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(master)
