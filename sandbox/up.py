"""`make up`: a stack on an emulator, for use with `pulumi` until Ctrl-C.

It is deployed by Pulumi's CLI, as users deploy it (`engine.project`). It has no SMTP server; `make
run` has one.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from pathlib import Path

from infra.configuration.stack_config import ConfigError, load_config

from .deploy.account import prepare_account
from .emulator.running import Emulator, EmulatorError
from .engine.cli import NoEngine
from .engine.folder import PROJECT
from .engine.project import Project, project_on
from .stop import StopRequest

STACK = "look"
_WORDS = ("stack output", "stack graph graph.dot", "state", "preview", "up", "refresh", "destroy")
"""Suggested commands; `stack graph` writes a file."""


def main() -> int:
    """Deploy, print the suggested commands, and wait; return the exit status."""
    stop = StopRequest.on_signals()
    try:
        config = load_config(PROJECT)
        with (
            tempfile.TemporaryDirectory(prefix="mail-relay-up-") as name,
            Emulator.start(
                Path(name), worker_environment={}, region=str(config["aws:region"])
            ) as account,
            project_on(account, Path(name), config, stack=STACK) as project,
        ):
            prepare_account(
                ses=account.client("ses"), sesv2=account.client("sesv2"), config=config
            )
            sys.stdout.write("Deploying by pulumi up …\n")
            made = project.run("up", "--yes", "--skip-preview")
            if made.returncode:
                sys.stderr.write(made.stdout)
                return 1
            sys.stdout.write(inspection_lines(project))
            sys.stdout.flush()
            stop.wait()
    except (ConfigError, EmulatorError, NoEngine, OSError) as error:
        sys.stderr.write(f"up: {error}\n")
        return 1
    return 0


def inspection_lines(project: Project) -> str:
    """The lines to paste into another shell, and the suggested commands."""
    programs = ":".join(shlex.quote(str(folder)) for folder in project.programs)
    exports = "".join(
        f"  export {key}={shlex.quote(value)}\n" for key, value in project.variables.items()
    )
    commands = "".join(f"  pulumi {words}\n" for words in _WORDS)
    return (
        f"\nThe stack {STACK} exists until Ctrl-C. In another shell:\n\n"
        f'  export PATH={programs}:"$PATH"\n'
        f"{exports}  cd {shlex.quote(str(project.folder))}\n"
        f"\nand then, for example:\n\n{commands}"
    )


if __name__ == "__main__":
    sys.exit(main())
