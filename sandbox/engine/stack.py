"""Stacks of a program that Pulumi's engine deploys on an emulator.

The Automation API runs the CLI and serves the program to it from this process (an inline program),
so that no language host is needed. State, secrets' key and the CLI's own files are in one folder,
and nothing of the caller's is read: neither an account nor a backend nor a project's stacks.
"""

from __future__ import annotations

import json
import secrets
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types
from pulumi import automation
from pulumi.automation._stack import StackInitMode  # exported nowhere

from sandbox.create import Account
from sandbox.deploy.program import PROGRAM, DeployError, check_config, checked_export, joined_lines

from .cli import find_pulumi
from .command import Command
from .inline_program import runnable
from .outcome import Heard, Outcome
from .provider import PACKAGES, Provider, serving
from .state import Pending, mend_state, pending_resources


class _QuietStack(automation.Stack):
    """Without what the Automation API asks after each operation: it takes as long as one."""

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002, FBT001, FBT002 (Pulumi's signature)
        return automation.UpdateSummary(
            kind="", start_time=datetime.now(UTC), message="", environment={}, config={}, result=""
        )


class Stack:
    """One stack: its configuration, its state, and what can be done with it. Made by `Engine`."""

    def __init__(
        self,
        stack: automation.Stack,
        *,
        project: str,
        program: Path,
        provider: Provider,
        command: Command,
        state: Path,
    ) -> None:
        self._stack = stack
        self._state = state
        self._project = project
        self._program = program
        self._provider = provider
        self._command = command

    @property
    def name(self) -> str:
        """The stack's name."""
        name: str = self._stack.name
        return name

    def become(self, program: Path, config: Mapping[str, object]) -> None:
        """Be another release's program from now on, configured anew."""
        self._program = program
        _describe(Path(self._stack.workspace.work_dir), program, self._project)
        self.configure(config)

    def configure(self, config: Mapping[str, object]) -> None:
        """Set the whole configuration; `config` has full names (`mail-relay:senderEmail`)."""
        file = Path(self._stack.workspace.work_dir, f"Pulumi.{self.name}.yaml")
        settings = yaml.safe_load(file.read_text("utf-8")) if file.exists() else {}
        settings = {**(settings or {}), "config": dict(config)}
        file.write_text(yaml.safe_dump(settings), "utf-8")

    def preview(self) -> Outcome:
        """What `up` would do.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.preview)

    def up(self) -> Outcome:
        """Make the account what the program declares.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.up)

    def refresh(self) -> Outcome:
        """Make the state what the account is.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.refresh)

    def preview_destroy(self) -> Outcome:
        """What `destroy` would do: the command line looks first, too, unless it is told not to.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.preview_destroy)

    def destroy(self) -> Outcome:
        """Delete everything that the stack made.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.destroy)

    def rename(self, name: str) -> None:
        """Give the stack another name."""
        self._stack.rename(name)

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to the operation that runs in another thread; whether one does."""
        return self._command.signal(number)

    def recover(self) -> tuple[Pending, ...]:
        """After an operation that was killed: make the stack usable again.

        The lock is taken off, and what was being made is forgotten (Pulumi docs, "Pending
        operations"). It is returned: it may be there or not, and is in the state no more.
        """
        mend_state(self._state)
        self._stack.cancel()
        state = self._stack.export_stack()
        deployment: Any = state.deployment
        pending = deployment.pop("pending_operations", None) or ()
        self._stack.import_stack(state)
        return pending_resources(pending)

    def exports(self) -> dict[str, object]:
        """The stack's outputs as plain values, secrets among them."""
        found = self._command.run(
            ["stack", "output", "--json", "--show-secrets", "--stack", self.name],
            self._stack.workspace.work_dir,
            self._stack.workspace.env_vars,
        )
        return {
            name: checked_export(name, value) for name, value in json.loads(found.stdout).items()
        }

    def resources(self) -> tuple[Mapping[str, Any], ...]:
        """The resources in the state, as Pulumi writes them down; secrets are encrypted."""
        deployment = self._stack.export_stack().deployment or {}
        return tuple(deployment.get("resources") or ())

    def _do(self, operation: Callable[..., object]) -> Outcome:
        self._provider.take_first_error()
        heard, started = Heard(), time.monotonic()
        try:
            with runnable(self._program) as program, warnings.catch_warnings():
                self._stack.workspace.program = program
                # So the Automation API says that the engine was killed; it fails, too.
                warnings.filterwarnings("ignore", "Error in event stream")
                operation(on_event=heard)
        except automation.errors.CommandError as error:
            first = next(iter(heard.errors), str(error))
            raise DeployError(
                self._provider.take_first_error() or _readable(first, self._program)
            ) from error
        return Outcome(
            steps=tuple(heard.steps),
            counts=dict(heard.counts),
            warnings=tuple(heard.warnings),
            seconds=time.monotonic() - started,
        )


def _describe(folder: Path, program: Path, project: str) -> None:
    """Write the Pulumi.yaml of a stack: the program's own, led to where the program is."""
    described = program.with_name("Pulumi.yaml")
    description = {
        **(yaml.safe_load(described.read_text("utf-8")) if described.exists() else {}),
        "name": project,
        "runtime": "python",
        "main": str(program.parent),
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(description), "utf-8")


def _readable(message: str, program: Path) -> str:
    """An error on one line; of an exception in the program its type and text."""
    if "Traceback (most recent call last)" in message:
        return f"{program.name}: {message.strip().splitlines()[-1].strip()}"
    return joined_lines(message.removeprefix("error: "))


class Engine:
    """Pulumi's engine over one account. Made by `running`, and of use while that context lasts."""

    def __init__(self, account: Account, folder: Path, provider: Provider, port: int) -> None:
        self.provider = provider
        self._account = account
        self._folder = folder
        self._command = find_pulumi()
        for name in ("state", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._environment = {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_urlsafe(24),
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package in PACKAGES),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def stack(
        self,
        name: str,
        config: Mapping[str, object],
        *,
        program: Path = PROGRAM,
        project: str = "mail-relay",
    ) -> Stack:
        """A new stack of the program, configured and not deployed yet.

        Raises:
            DeployError: if it is configured for another region than the account's.
        """
        check_config(config, self._account)
        folder = self._folder / "stacks" / name
        folder.mkdir(parents=True)
        _describe(folder, program, project)
        command = Command(self._command)
        workspace = automation.LocalWorkspace(
            work_dir=str(folder),
            env_vars=self._environment,
            secrets_provider="passphrase",
            pulumi_command=command,
        )
        made = _QuietStack(name, workspace, StackInitMode.CREATE)
        stack = Stack(
            made,
            project=project,
            program=program,
            provider=self.provider,
            command=command,
            state=self._folder / "state",
        )
        stack.configure(config)
        return stack


@contextmanager
def running(account: Account, folder: Path, *, program: Path = PROGRAM) -> Iterator[Engine]:
    """An engine whose state is in `folder`, over `account`; relative files are the program's.

    Raises:
        NoEngine: if there is no fitting CLI.
    """
    provider = Provider(account, program.parent)
    with serving(provider) as port:
        yield Engine(account, folder, provider, port)
