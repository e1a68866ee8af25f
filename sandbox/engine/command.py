"""Pulumi's CLI for the Automation API, with runs that can be interrupted or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pulumi.automation import CommandResult, PulumiCommand, errors
from semver import VersionInfo

from .cli import version_of

_FOREIGN = ("AWS_", "PULUMI_")
"""Prefixes of variables of the caller that could select another account or backend."""


class Command(PulumiCommand):
    """Runs one `pulumi` at a time."""

    def __init__(self, pulumi: Path) -> None:
        # The package's own constructor asks for the version anew; `find_pulumi` has checked it.
        self.command = str(pulumi)
        self.version = VersionInfo.parse(version_of(pulumi) or "")
        self._running: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to the running command; return whether there is one."""
        with self._lock:
            if self._running is None or self._running.poll() is not None:
                return False
            self._running.send_signal(number)
            return True

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """Run `pulumi` with these arguments.

        Raises:
            CommandError: if it ends with a status other than 0.
        """
        kept = {key: val for key, val in os.environ.items() if not key.startswith(_FOREIGN)}
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**kept, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            # Ctrl-C must reach only the sandbox, which ends its children in order.
            start_new_session=True,
        )
        with self._lock:
            self._running = process
        try:
            out, err = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            raise
        for text, print_line in ((out, on_output), (err, on_error)):
            if print_line:
                for line in text.splitlines():
                    print_line(line)
        result = CommandResult(stdout=out, stderr=err, code=process.returncode)
        if result.code != 0:
            raise errors.create_command_error(result)
        return result
