"""Runs a Pulumi program, with mocks or with Pulumi's engine.

Both give a program the same account, the same answers and the same errors.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from json import dumps as to_json
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import pulumi
from botocore.exceptions import ClientError

from sandbox.create import CREATORS, Account, Created, DeclarationError, Declared

from .checks import wrong_texts
from .values import plain

PROGRAM = Path(__file__).resolve().parent.parent.parent / "__main__.py"
"""The program of this repository."""

_NOT_THE_PROGRAMS = frozenset({"sandbox", "tests"})
"""Packages of a project that run the program and are not part of it."""

_CLOSED_WITHIN = 5.0  # seconds

PROVIDER = "pulumi:providers:aws"
"""The type of a provider that a program declares explicitly."""


class DeployError(Exception):
    """The program could not be deployed; the message says in one line what failed and why."""


def execute(program: Path) -> None:
    """Run the program as Pulumi's language host does: as `__main__`, its folder on the path."""
    folder = str(program.parent)
    sys.path.insert(0, folder)
    try:
        with warnings.catch_warnings():
            # The provider's modules warn about each other when they are imported.
            warnings.filterwarnings(
                "ignore", ".* has been deprecated in favor of ", DeprecationWarning
            )
            runpy.run_path(str(program), run_name="__main__")
    finally:
        sys.path.remove(folder)


@contextmanager
def modules_of(program: Path) -> Iterator[None]:
    """Import the program's own packages, not the same packages of another release."""
    others = _packages_of_another(program.parent)
    for name in others:
        del sys.modules[name]
    try:
        yield
    finally:
        if others:
            for name in _packages_of_another(PROGRAM.parent):
                del sys.modules[name]
            sys.modules |= others


def _packages_of_another(project: Path) -> dict[str, ModuleType]:
    """The imported packages with names of this project but from another folder."""
    own = {file.parent.name for file in project.glob("*/__init__.py")}
    return {
        name: module
        # a copy: other threads import while this looks
        for name, module in sys.modules.copy().items()
        if name.partition(".")[0] in own
        and name.partition(".")[0] not in _NOT_THE_PROGRAMS
        and not str(getattr(module, "__file__", None) or "").startswith(f"{project}/")
    }


class Threads:
    """A pool of threads on which Pulumi may register resources. A context manager.

    Pulumi opens an event loop on each thread where it registers a resource, unless there is one,
    and never closes it. At the end of the context these loops are closed, and the loops that use
    the pool.
    """

    def __init__(self) -> None:
        self._own: list[asyncio.AbstractEventLoop] = []
        self._served: list[asyncio.AbstractEventLoop] = []
        self._pool = ThreadPoolExecutor(initializer=self._set_event_loop)

    def serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make this the pool of the loop."""
        loop.set_default_executor(self._pool)
        self._served.append(loop)

    def _set_event_loop(self) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        self._own.append(loop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for loop in self._served:
            _end(loop)
        self._pool.shutdown()
        for loop in (*self._served, *self._own):
            loop.close()


def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Finish the tasks that a failed program left in a loop that no longer runs.

    Pulumi's server runs the loop for one task after another as it ends, and closes it only without
    an error.
    """
    deadline = time.monotonic() + _CLOSED_WITHIN
    while loop.is_running() or not (loop.is_closed() or time.monotonic() > deadline):
        time.sleep(0.01)
    if loop.is_closed():
        return
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))
    for task in tasks:
        if not task.cancelled():
            task.exception()  # retrieved, or asyncio logs it


def config_text(value: object) -> str:
    """A configuration value in the form that Pulumi gives a program: text, or JSON."""
    return value if isinstance(value, str) else to_json(value)


def checked_export(name: str, value: object) -> object:
    """An export as plain Python.

    Raises:
        DeployError: if it contains the text of an output without a value.
    """
    exported: object = plain(value, Path())
    if wrong := next(wrong_texts(exported), None):
        raise DeployError(f"export {name}: {wrong}")
    return exported


def make(
    type_: str,
    name: str,
    inputs: Mapping[str, Any],
    account: Account,
    *,
    existing: str | None = None,
) -> Created:
    """Create a declared resource. `existing` is the id of one that is declared to exist.

    Raises:
        DeclarationError: for a type without a creator, an input that was not read, or an existing
            resource.
    """
    if existing is not None:
        raise DeclarationError("the sandbox cannot read or import existing resources")
    if wrong := next(wrong_texts(inputs), None):
        raise DeclarationError(wrong)
    declared = Declared(name, inputs)
    check_region(declared, account)
    if type_ == PROVIDER:
        created = Created(name)
    elif creator := CREATORS.get(type_):
        created = creator(declared, account)
    else:
        raise unknown_type()
    if unhandled := declared.unhandled():
        raise DeclarationError(
            f"the sandbox ignores input {', '.join(unhandled)}; apply it in "
            "sandbox/create, or leave it out there with a reason"
        )
    return created


def check_config(config: Mapping[str, object], account: Account) -> None:
    """Check that the configuration is for the emulator's region.

    Raises:
        DeployError: if it is for another.
    """
    region = config.get("aws:region", account.region)
    if region != account.region:
        raise DeployError(f"aws:region is {region}, but the emulator runs as {account.region}")


def unknown_type() -> DeclarationError:
    """The error for a resource of a type without a creator."""
    return DeclarationError(
        "the sandbox cannot create resources of this type; add it to sandbox/create"
    )


def check_region(declared: Declared, account: Account) -> None:
    """Check that a resource is in the emulator's only region.

    Raises:
        DeclarationError: if another is declared.
    """
    region = declared.get("region", account.region)
    if region != account.region:
        raise DeclarationError(f"region is {region}; the sandbox has only {account.region}")


def one_line(error: BaseException) -> str:
    """An exception's text without line breaks, with its type where the text needs it."""
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        return f"{error.operation_name}: {answer.get('Code')}: {answer.get('Message')}"
    text = joined_lines(str(error))
    speaks_for_itself = isinstance(error, DeployError | DeclarationError | pulumi.RunError)
    return text if speaks_for_itself and text else f"{type(error).__name__}: {text}"


def joined_lines(text: str) -> str:
    """A text on one line; lines below a heading are joined by a separator."""
    heading, *items = [" ".join(line.split()) for line in text.strip().splitlines()] or [""]
    separator = "; " if heading.endswith(":") else " "
    return " ".join(filter(None, [heading, separator.join(filter(None, items))]))
