"""The real program, run under Pulumi's official mocks, with the resources that it registered."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import logging
import runpy
import threading
import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import pulumi_aws
import yaml  # type: ignore[import-untyped]  # its stubs are not among the pinned requirements
from pulumi import runtime
from pulumi.runtime import resource, rpc
from pulumi.runtime.mocks import MockMonitor, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import Stack, run_pulumi_func

from infra.configuration.config import StackConfig
from infra.configuration.reader import read_config
from infra.functions import archive
from tests.infra.mocked_aws import EMPTY, OUTPUTS, SECRET_SIGNATURE, InAccount, MockedAws, plain

with warnings.catch_warnings():
    # These two modules of pulumi_aws warn at import of deprecated classes of their own, which are
    # not used here. They are loaded lazily: load them now, so that no test gets the warning.
    warnings.filterwarnings(
        "ignore", message=".* has been deprecated in favor of ", category=DeprecationWarning
    )
    _ = (pulumi_aws.s3.Bucket, pulumi_aws.lambda_.Function)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "mail-relay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One resource as the program registered it; `inputs` as sent, secrets unwrapped."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: Mapping[str, Any]
    secret_inputs: frozenset[str]
    ignored_changes: frozenset[str]
    dependencies: frozenset[str]
    protect: bool
    retain_on_delete: bool
    delete_before_replace: bool | None

    def document(self, key: str) -> Mapping[str, Any]:
        """A policy document among the inputs."""
        parsed: Mapping[str, Any] = json.loads(self.inputs[key])
        return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Everything that a run of the program registered and exported."""

    resources: tuple[Registered, ...]
    exports: Mapping[str, Any]
    secret_exports: frozenset[str]
    warnings: tuple[str, ...]

    def all(self, type_: str) -> tuple[Registered, ...]:
        """The resources of a type, by name."""
        found = (resource for resource in self.resources if resource.type == type_)
        return tuple(sorted(found, key=lambda resource: resource.name))

    def one(self, type_: str, name_holds: str = "") -> Registered:
        """The only resource of a type whose name holds this text."""
        (found,) = (one for one in self.all(type_) if name_holds in one.name)
        return found

    def waits_for(self, one: Registered) -> frozenset[str]:
        """The URNs of all resources that are created before this one, and deleted after it."""
        by_urn = {other.urn: other for other in self.resources}
        found: set[str] = set()
        following = [one]
        while following:
            current = following.pop()
            before = {*current.dependencies, current.parent} - found - {""}
            found |= before
            following += [by_urn[urn] for urn in before if urn in by_urn]
        return frozenset(found)

    def named(self, type_: str, name: str) -> Registered:
        """The resource of a type with exactly this name."""
        (found,) = (one for one in self.all(type_) if one.name == name)
        return found


class _Monitor(MockMonitor):
    """Pulumi's mock of its engine, which also records what it does not pass to its mocks."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.registered: list[Registered] = []
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  # the engine's name for it
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Pulumi's
        inputs = rpc.deserialize_properties(request.object)
        secret = {
            key
            for key, value in inputs.items()
            if isinstance(value, dict) and SECRET_SIGNATURE in value and "value" in value
        }
        with self._lock:
            self.registered.append(
                Registered(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    custom=request.custom,
                    inputs=plain(inputs),
                    secret_inputs=frozenset(secret),
                    ignored_changes=frozenset(request.ignoreChanges),
                    dependencies=frozenset(request.dependencies),
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    delete_before_replace=(
                        request.deleteBeforeReplace
                        if request.deleteBeforeReplaceDefined
                        else None  # the provider decides
                    ),
                )
            )
        return response


class _Log(logging.Logger):
    """The log of Pulumi's mock of its engine."""

    def __init__(self) -> None:
        super().__init__("pulumi", logging.WARNING)
        self.warnings: list[str] = []

    def handle(self, record: logging.LogRecord) -> None:
        self.warnings.append(record.getMessage())


@dataclass(slots=True)
class _Threads:
    """A pool whose threads' event loops, which Pulumi asks for, are closed at the end."""

    loops: list[asyncio.AbstractEventLoop] = field(default_factory=list)

    def start(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self.loops.append(loop)

    def close(self) -> None:
        for loop in self.loops:
            loop.close()


def text_config(config: Mapping[str, object]) -> dict[str, str]:
    """Values in the form of Pulumi's command line: text, otherwise JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
    }


def dev_config() -> dict[str, object]:
    """The configuration in `Pulumi.dev.yaml`."""
    return {**_dev_config()}


@functools.cache
def _dev_config() -> Mapping[str, object]:
    document = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text("utf-8"))
    config: dict[str, object] = document["config"]
    return config


_made_once = functools.cache(archive.function_archive)


def run_program(
    config: Mapping[str, object],
    *,
    stack: str = "dev",
    first_preview: bool = False,
    account: InAccount = EMPTY,
) -> Deployment:
    """Run the program of this repository on these configuration values, by full name.

    The function's archive does not depend on them: it is made once a session. In a first
    preview nothing exists, so that only what was declared is known. `account` is what is there
    before.
    """

    def execute() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    async def run() -> Deployment:
        answers = {} if first_preview else OUTPUTS
        monitor = _Monitor(MockedAws(answers=answers, account=account))
        # The tasks that Pulumi waits for: a failed run leaves its own there.
        SETTINGS.outputs = set()
        runtime.set_all_config(text_config(config), [])
        log = _Log()
        runtime.set_mocks(
            monitor.mocks,
            project=PROJECT,
            stack=stack,
            preview=first_preview,
            monitor=monitor,
            logger=log,
        )
        await run_pulumi_func(execute)
        root = runtime.get_root_resource()
        assert isinstance(root, Stack)
        outputs = {name: pulumi.Output.from_input(value) for name, value in root.outputs.items()}
        return Deployment(
            resources=tuple(monitor.registered),
            exports={name: await output.future() for name, output in outputs.items()},
            secret_exports=frozenset(
                [name for name, output in outputs.items() if await output.is_secret()]
            ),
            warnings=tuple(log.warnings),
        )

    threads = _Threads()
    with ThreadPoolExecutor(max_workers=4, initializer=threads.start) as pool:

        def main() -> Deployment:
            with asyncio.Runner() as runner:
                runner.get_loop().set_default_executor(pool)
                return runner.run(run())

        try:
            # A new context: Pulumi keeps its settings in context variables.
            # The place of each declaration, for an engine's messages: a seventh of a run.
            with (
                mock.patch.object(archive, "function_archive", _made_once),
                mock.patch.object(resource, "_get_stack_trace", StackTrace),
            ):
                return contextvars.Context().run(main)
        finally:
            threads.close()


_deployed: dict[str, Deployment] = {}


def deployed(
    config: Mapping[str, object], *, stack: str = "dev", account: InAccount = EMPTY
) -> Deployment:
    """`run_program`, run once in a process for the same arguments: for tests that only look."""
    key = repr((config, stack, account))
    if key not in _deployed:
        _deployed[key] = run_program(config, stack=stack, account=account)
    return _deployed[key]


def read_stack(
    config: Mapping[str, object], *, stack: str = "dev", secrets: Iterable[str] = ()
) -> StackConfig:
    """The configuration that the program reads from these values, by full name."""

    def read() -> StackConfig:
        runtime.set_all_config(text_config(config), list(secrets))
        return read_config(pulumi.Config(PROJECT), stack=stack)

    return contextvars.Context().run(read)


def changed_config(changes: Mapping[str, object]) -> dict[str, object]:
    """The dev stack's configuration with some keys changed; None leaves one out."""
    changed = {key if ":" in key else f"{PROJECT}:{key}": value for key, value in changes.items()}
    config = {**dev_config(), **changed}
    return {key: value for key, value in config.items() if value is not None}
