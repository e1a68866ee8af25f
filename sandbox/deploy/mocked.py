"""The real Pulumi program, deployed on the emulator.

Pulumi's runtime has an official seam for tests: with `set_mocks`, every resource that a
program registers and every function that it invokes comes to a `Mocks` object instead of the
engine. Here that object makes the resource on the emulator (`sandbox.create`) and answers
with what it really became, so the outputs that flow on into policies, environment variables
and dependants are real. No resource is declared twice, once for AWS and once for here.

Facts this rests on (pulumi 3.272, pulumi-aws 7.51):

* `new_resource` is called on a pool of threads, after the resource's dependencies. Inputs
  come with camelCase names, in Pulumi's own shapes (`values`).
* What an output really is can get lost on the way without a word (`checks`).
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
_logger.addHandler(logging.NullHandler())  # what the program logs is shown by who configures it


def deploy(
    emulator: Account,
    config: Mapping[str, object],
    *,
    program: Path = PROGRAM,
    project: str = "mail-relay",
    stack: str = "sandbox",
    warn: Callable[[str], None] = lambda _text: None,
) -> dict[str, object]:
    """Deploy a Pulumi program on an empty emulator, and answer with the stack's exports.

    `config` has full names (`mail-relay:senderEmail`), as `load_config` makes it. `warn` hears
    each warning that the program writes to Pulumi's log.

    Raises:
        DeployError: on the first thing that failed: a resource, with its type, name and what
            the emulator said; or the program itself, with its exception.
    """
    check_config(config, emulator)
    deployment = _Deployment(emulator, program.parent)
    # A context of its own: Pulumi keeps its state in context variables, and the caller's may
    # hold the root of another deployment.
    context = contextvars.Context()
    warnings_of_program = _WarningHandler(warn)
    _logger.addHandler(warnings_of_program)
    try:
        with Threads() as threads:
            running = _run(
                deployment, config, program=program, project=project, stack=stack, threads=threads
            )
            return context.run(asyncio.run, running)
    except Exception as error:  # noqa: BLE001 (whatever a program raises, it did not deploy)
        # A resource that failed comes first: what the program raised is its consequence.
        # What a program says on purpose is no fault in it, and needs no place.
        place = "" if isinstance(error, pulumi.RunError) else f"{program.name}: "
        first = deployment.first_error or DeployError(f"{place}{one_line(error)}")
        raise first from first.__cause__ or error
    finally:
        _logger.removeHandler(warnings_of_program)


class _WarningHandler(logging.Handler):
    """Passes warnings on; what is less or more is not for it."""

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
    # Tasks that nobody awaits after a failure; `first_error` tells what mattered.
    loop.set_exception_handler(lambda _loop, _context: None)

    threads.serve(loop)
    # The tasks that Pulumi waits for; `set_mocks` leaves those of an earlier deployment there.
    SETTINGS.outputs = set()
    runtime.set_all_config({key: config_text(value) for key, value in config.items()}, [])
    runtime.set_mocks(deployment, project=project, stack=stack, preview=False, logger=_logger)
    root = runtime.get_root_resource()
    if not isinstance(root, Stack):
        raise DeployError("Pulumi made no root stack")
    await run_pulumi_func(lambda: execute(program))
    return {
        name: checked_export(name, await pulumi.Output.from_input(value).future())
        for name, value in root.outputs.items()
    }


class _Deployment(runtime.Mocks):
    """Pulumi's mocks, creating what is registered; `first_error` is what went wrong first."""

    def __init__(self, account: Account, folder: Path) -> None:
        self.first_error: DeployError | None = None
        self._account = account
        self._folder = folder
        self._lock = threading.Lock()

    def new_resource(self, args: runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.custom is False:  # a component: it groups resources and is none itself
            return args.name, args.inputs
        if self.first_error:
            raise DeployError(f"{args.typ} {args.name}: not made, another resource failed")
        try:
            inputs = plain(args.inputs, self._folder)
            created = make(
                args.typ, args.name, inputs, self._account, existing=args.resource_id or None
            )
        except Exception as error:
            # Whatever it was, it must not be lost among what follows from it.
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
            raise self._failure(f"{args.token}: the sandbox cannot answer this function")
        try:
            return lookup(plain(args.args, self._folder), self._account), []
        except NothingFound as nothing:  # as the provider fails, which a program may expect
            return {}, [("", str(nothing))]

    def _failure(self, message: str) -> DeployError:
        failure = DeployError(message)
        with self._lock:
            self.first_error = self.first_error or failure
        return failure
