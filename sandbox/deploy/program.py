"""A Pulumi program as the sandbox runs it, with mocks or with Pulumi's engine.

Both show a program the same account, the same answers and the same errors.
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
"""Packages of a project that run a program, and are no part of it."""

_CLOSED_WITHIN = 5.0  # seconds

PROVIDER = "pulumi:providers:aws"
"""The type of a provider that a program declares itself."""


class DeployError(Exception):
    """The program could not be deployed; the message says in one line what failed and why."""


def execute(program: Path) -> None:
    """Run the program as Pulumi's language host does: as `__main__`, its folder on the path."""
    folder = str(program.parent)
    sys.path.insert(0, folder)
    try:
        with warnings.catch_warnings():
            # What the provider's modules say of each other as they are imported.
            warnings.filterwarnings(
                "ignore", ".* has been deprecated in favor of ", DeprecationWarning
            )
            runpy.run_path(str(program), run_name="__main__")
    finally:
        sys.path.remove(folder)


@contextmanager
def modules_of(program: Path) -> Iterator[None]:
    """The program's own packages, where others of their names are imported: another release's."""
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
    """What is imported of packages that the project has, from another folder: another release."""
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
    """A pool of threads that Pulumi may register resources on. A context manager.

    Pulumi opens an event loop on each thread that it does so on, unless there is one, and never
    closes it. These are closed when the threads are gone, and so are the loops that use the pool.
    """

    def __init__(self) -> None:
        self._own: list[asyncio.AbstractEventLoop] = []
        self._served: list[asyncio.AbstractEventLoop] = []
        self._pool = ThreadPoolExecutor(initializer=self._bring_loop)

    def serve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Be the pool of this loop."""
        loop.set_default_executor(self._pool)
        self._served.append(loop)

    def _bring_loop(self) -> None:
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
    """End what a loop was left with by a program that failed, once nobody runs it any more.

    Pulumi's server runs it for one task after another as it ends, and closes it if all goes well.
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
    """A value of the configuration as Pulumi hands it to a program: text, or JSON."""
    return value if isinstance(value, str) else to_json(value)


def checked_export(name: str, value: object) -> object:
    """An export as plain Python.

    Raises:
        DeployError: if it holds what Pulumi made of an output that is none.
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
    """Make a declared resource; `existing` is the id of one that is declared to be there already.

    Raises:
        DeclarationError: for a type that nobody can make here, an input that nothing was done
            with, or a resource that is there already.
    """
    if existing is not None:
        raise DeclarationError("existing resources cannot be read or imported here")
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
            f"the sandbox does nothing with input {', '.join(unhandled)}; apply it in "
            "sandbox/create, or leave it out there with a reason"
        )
    return created


def check_config(config: Mapping[str, object], account: Account) -> None:
    """The configuration is for the region that the emulator is.

    Raises:
        DeployError: if it is for another.
    """
    region = config.get("aws:region", account.region)
    if region != account.region:
        raise DeployError(f"aws:region is {region}, but the emulator runs as {account.region}")


def unknown_type() -> DeclarationError:
    """What a resource of a type that nobody can make here is answered with."""
    return DeclarationError(
        "the sandbox cannot make resources of this type; add it to sandbox/create"
    )


def check_region(declared: Declared, account: Account) -> None:
    """The emulator is one region.

    Raises:
        DeclarationError: if another is declared.
    """
    region = declared.get("region", account.region)
    if region != account.region:
        raise DeclarationError(f"region is {region}; here is only {account.region}")


def one_line(error: BaseException) -> str:
    """An exception's text without line breaks; its type too, where the text needs it."""
    if isinstance(error, ClientError):
        answer = error.response["Error"]
        return f"{error.operation_name}: {answer.get('Code')}: {answer.get('Message')}"
    text = joined_lines(str(error))
    speaks_for_itself = isinstance(error, DeployError | DeclarationError | pulumi.RunError)
    return text if speaks_for_itself and text else f"{type(error).__name__}: {text}"


def joined_lines(text: str) -> str:
    """A text on one line; what stands in lines below a heading is told apart."""
    heading, *items = [" ".join(line.split()) for line in text.strip().splitlines()] or [""]
    separator = "; " if heading.endswith(":") else " "
    return " ".join(filter(None, [heading, separator.join(filter(None, items))]))
