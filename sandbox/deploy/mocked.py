"""The real Pulumi program, deployed on the emulator.

Pulumi's runtime has an official interface for tests. With `set_mocks`, every resource that a
program registers and every function that it invokes goes to a `Mocks` object instead of the
engine. Here that object creates the resource on the emulator (`sandbox.create`) and returns its
real outputs. So policies, environment variables and dependent resources get real values, and no
resource is declared a second time for the sandbox.

This depends on these facts (pulumi 3.272, pulumi-aws 7.51):

* `new_resource` is called on a pool of threads, after the resource's dependencies. Inputs
  have camelCase names, in Pulumi's own forms (`values`).
* An output's real value can be lost silently (`checks`).
* After one failure, resources that do not depend on it continue, and asyncio reports every task
  that is no longer awaited. Only the first error is useful.
* Nothing here updates, deletes, or adds default tags.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi import runtime
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import Stack, run_pulumi_func

from infra.configuration.stack_config import ConfigError, load_config
from sandbox.create import LOOKUPS, Account, NothingFound

from .checks import unset_outputs
from .program import (
    PROGRAM,
    DeployError,
    Threads,
    check_config,
    checked_export,
    config_text,
    execute,
    make,
    one_line,
)
from .values import plain

__all__ = ["PROGRAM", "ConfigError", "DeployError", "deploy", "load_config"]

_logger = logging.getLogger(__name__)
_logger.addHandler(logging.NullHandler())  # the caller configures where the program's log goes


def deploy(
    emulator: Account,
    config: Mapping[str, object],
    *,
    program: Path = PROGRAM,
    project: str = "mail-relay",
    stack: str = "sandbox",
    warn: Callable[[str], None] = lambda _text: None,
) -> dict[str, object]:
    """Deploy a Pulumi program on an empty emulator; return the stack's exports.

    `config` has full names (`mail-relay:senderEmail`), as from `load_config`. `warn` is called
    with each warning that the program writes to Pulumi's log.

    Raises:
        DeployError: on the first failure: a resource, with its type, name and the emulator's
            answer; or the program itself, with its exception.
    """
    check_config(config, emulator)
    deployment = _Deployment(emulator, program.parent)
    # A separate context: Pulumi keeps its state in context variables, and the caller's may hold
    # the root of another deployment.
    context = contextvars.Context()
    warnings_of_program = _WarningHandler(warn)
    _logger.addHandler(warnings_of_program)
    try:
        with Threads() as threads:
            running = _run(
                deployment, config, program=program, project=project, stack=stack, threads=threads
            )
            return context.run(asyncio.run, running)
    except Exception as error:  # noqa: BLE001 (any exception means that it did not deploy)
        # The error of a resource has precedence, because it causes the program's exception. A
        # RunError is a message of the program itself and needs no place.
        place = "" if isinstance(error, pulumi.RunError) else f"{program.name}: "
        first = deployment.first_error or DeployError(f"{place}{one_line(error)}")
        raise first from first.__cause__ or error
    finally:
        _logger.removeHandler(warnings_of_program)


class _WarningHandler(logging.Handler):
    """Passes on log records of the level WARNING only."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._warn = warn

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.WARNING:
            self._warn(record.getMessage())


async def _run(
    deployment: _Deployment,
    config: Mapping[str, object],
    *,
    program: Path,
    project: str,
    stack: str,
    threads: Threads,
) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    # After a failure, Pulumi's remaining tasks are not awaited; `first_error` has the cause.
    loop.set_exception_handler(lambda _loop, _context: None)

    threads.serve(loop)
    # The tasks that Pulumi waits for; `set_mocks` does not remove those of an earlier deployment.
    SETTINGS.outputs = set()
    runtime.set_all_config({key: config_text(value) for key, value in config.items()}, [])
    runtime.set_mocks(deployment, project=project, stack=stack, preview=False, logger=_logger)
    root = runtime.get_root_resource()
    if not isinstance(root, Stack):
        raise DeployError("Pulumi created no root stack")
    await run_pulumi_func(lambda: execute(program))
    return {
        name: checked_export(name, await pulumi.Output.from_input(value).future())
        for name, value in root.outputs.items()
    }


class _Deployment(runtime.Mocks):
    """Pulumi's mocks, which create what is registered. `first_error` is the first failure."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.first_error: DeployError | None = None
        self._account = account
        self._folder = folder
        self._lock = threading.Lock()

    def new_resource(self, args: runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.custom is False:  # a component groups resources and is not one itself
            return args.name, args.inputs
        if self.first_error:
            raise DeployError(f"{args.typ} {args.name}: not created, another resource failed")
        try:
            inputs = plain(args.inputs, self._folder)
            created = make(
                args.typ, args.name, inputs, self._account, existing=args.resource_id or None
            )
        except Exception as error:
            # Any exception is recorded, because later failures follow from the first.
            raise self._failure(f"{args.typ} {args.name}: {one_line(error)}") from error
        outputs = {key: value for key, value in created.outputs.items() if value is not None}
        return created.id, {
            **unset_outputs(args.typ, args.name),
            "region": self._account.region,
            **args.inputs,
            **outputs,
        }

    def call(
        self, args: runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        lookup = LOOKUPS.get(args.token)
        if lookup is None:
            raise self._failure(f"{args.token}: the sandbox does not implement this function")
        try:
            return lookup(plain(args.args, self._folder), self._account), []
        except NothingFound as nothing:  # the provider's error, which a program may handle
            return {}, [("", str(nothing))]

    def _failure(self, message: str) -> DeployError:
        failure = DeployError(message)
        with self._lock:
            self.first_error = self.first_error or failure
        return failure
