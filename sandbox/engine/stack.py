"""Stacks of a program that Pulumi's engine deploys on an emulator.

The Automation API runs the CLI and serves the program to it from this process (an inline program),
so no language host is needed. The state and the CLI's own files are in one folder. The caller's
account, backend and stacks are not read.

The secrets in a state are encrypted with a key of the account's KMS: the other way, a passphrase,
makes the CLI compute for a quarter of a second each time it starts.
"""

from __future__ import annotations

import json
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types
from pulumi import automation

from sandbox.deploy.program import PROGRAM, DeployError, check_config, checked_export, joined_lines

from .cli import find_pulumi
from .command import Command
from .inline_program import runnable
from .outcome import EventCollector, Outcome
from .provider import PACKAGES, Provider, serving
from .state import (
    Pending,
    pending_resources,
    read_resources,
    repair_state,
    write_empty_state,
)

if TYPE_CHECKING:
    from sandbox.emulator.running import Emulator


class _QuietStack(automation.Stack):
    """Skips the Automation API's queries before and after operations; they take as long as one."""

    def __init__(self, name: str, workspace: automation.LocalWorkspace) -> None:
        self.name = name
        self.workspace = workspace

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002, FBT001, FBT002 (Pulumi's signature)
        return automation.UpdateSummary(
            kind="", start_time=datetime.now(UTC), message="", environment={}, config={}, result=""
        )


class Stack:
    """One stack: its configuration, its state and its operations. Made by `Engine`."""

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
        """Switch to another release's program, with a new configuration."""
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
        """The changes that `up` would make.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.preview)

    def up(self, *, checkpoints: bool = False) -> Outcome:
        """Deploy the program.

        With `checkpoints` the state is written after each step, as Pulumi does by default, else
        only at the end. An operation that may be killed needs them; they take half of its time.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.up, checkpoints=checkpoints)

    def refresh(self) -> Outcome:
        """Update the state from the account.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.refresh)

    def preview_destroy(self) -> Outcome:
        """The deletions of `destroy`. The command line shows them first by default.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.preview_destroy)

    def destroy(self) -> Outcome:
        """Delete all resources of the stack.

        Raises:
            DeployError: for the first error.
        """
        return self._do(self._stack.destroy)

    def rename(self, name: str) -> None:
        """Rename the stack."""
        self._stack.rename(name)

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to the operation in another thread; return whether there is one."""
        return self._command.signal(number)

    def recover(self) -> tuple[Pending, ...]:
        """Make the stack usable again after an operation was killed.

        The lock is removed, and pending creations are removed from the state (Pulumi docs,
        "Pending operations"). They are returned: such a resource may exist or not.
        """
        repair_state(self._state)
        self._stack.cancel()
        state = self._stack.export_stack()
        deployment: Any = state.deployment
        pending = deployment.pop("pending_operations", None) or ()
        self._stack.import_stack(state)
        return pending_resources(pending)

    def exports(self) -> dict[str, object]:
        """The stack's outputs as plain values, including secrets."""
        found = self._command.run(
            ["stack", "output", "--json", "--show-secrets", "--stack", self.name],
            self._stack.workspace.work_dir,
            self._stack.workspace.env_vars,
        )
        return {
            name: checked_export(name, value) for name, value in json.loads(found.stdout).items()
        }

    def resources(self) -> tuple[Mapping[str, Any], ...]:
        """The resources in the state, in Pulumi's format; secrets are encrypted."""
        return read_resources(self._state, project=self._project, stack=self.name)

    def _do(self, operation: Callable[..., object], *, checkpoints: bool = False) -> Outcome:
        workspace = self._stack.workspace
        skip = {"PULUMI_SKIP_CHECKPOINTS": str(not checkpoints).lower()}
        workspace.env_vars = {**workspace.env_vars, **skip}
        self._provider.take_first_error()
        collected, started = EventCollector(), time.monotonic()
        try:
            with runnable(self._program) as program, warnings.catch_warnings():
                workspace.program = program
                # The Automation API's warning after the engine was killed; the call also raises.
                warnings.filterwarnings("ignore", "Error in event stream")
                operation(on_event=collected)
        except automation.errors.CommandError as error:
            first = next(iter(collected.errors), str(error))
            raise DeployError(
                self._provider.take_first_error() or _readable(first, self._program)
            ) from error
        return Outcome(
            steps=tuple(collected.steps),
            counts=dict(collected.counts),
            warnings=tuple(collected.warnings),
            seconds=time.monotonic() - started,
        )


def _describe(folder: Path, program: Path, project: str) -> None:
    """Write the Pulumi.yaml of a stack: the program's own, with the program's path."""
    described = program.with_name("Pulumi.yaml")
    description = {
        **(yaml.safe_load(described.read_text("utf-8")) if described.exists() else {}),
        "name": project,
        "runtime": "python",
        "main": str(program.parent),
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(description), "utf-8")


def _readable(message: str, program: Path) -> str:
    """An error on one line; for an exception in the program, its type and text."""
    if "Traceback (most recent call last)" in message:
        return f"{program.name}: {message.strip().splitlines()[-1].strip()}"
    return joined_lines(message.removeprefix("error: "))


class Engine:
    """Pulumi's engine for one account. Made by `running`, usable while that context lasts."""

    def __init__(self, account: Emulator, folder: Path, provider: Provider, port: int) -> None:
        self.provider = provider
        self._account = account
        self._folder = folder
        self._command = find_pulumi()
        for name in ("state", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._environment = {
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            # For the key of the secrets.
            "AWS_ACCESS_KEY_ID": account.access_key_id,
            "AWS_SECRET_ACCESS_KEY": account.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package in PACKAGES),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # The CLI ends after some seconds and uses 150 MB: little garbage needs collecting.
            "GOGC": "800",
        }
        key = account.client("kms").create_key(Description="secrets in Pulumi's state")
        place = {"region": account.region, "endpoint": account.endpoint}
        self._secrets = f"awskms://{key['KeyMetadata']['KeyId']}?{urlencode(place)}"

    def stack(
        self,
        name: str,
        config: Mapping[str, object],
        *,
        program: Path = PROGRAM,
        project: str = "mail-relay",
    ) -> Stack:
        """A new stack of the program, configured but not deployed.

        Raises:
            DeployError: if its region is not the account's.
        """
        check_config(config, self._account)
        folder = self._folder / "stacks" / name
        folder.mkdir(parents=True)
        _describe(folder, program, project)
        command = Command(self._command)
        workspace = automation.LocalWorkspace(
            work_dir=str(folder),
            env_vars=self._environment,
            secrets_provider=self._secrets,
            pulumi_command=command,
        )
        (folder / f"Pulumi.{name}.yaml").write_text(
            yaml.safe_dump({"secretsprovider": self._secrets}), "utf-8"
        )
        write_empty_state(self._folder / "state", project=project, stack=name)
        stack = Stack(
            _QuietStack(name, workspace),
            project=project,
            program=program,
            provider=self.provider,
            command=command,
            state=self._folder / "state",
        )
        stack.configure(config)
        return stack


@contextmanager
def running(account: Emulator, folder: Path, *, program: Path = PROGRAM) -> Iterator[Engine]:
    """An engine for `account`, with its state in `folder`; file paths are relative to the program.

    Raises:
        NoEngine: if there is no fitting CLI.
    """
    provider = Provider(account, program.parent)
    with serving(provider) as port:
        yield Engine(account, folder, provider, port)
