"""Output of `relayctl`: answers to standard output, all else to standard error.

Exit statuses are those of `Exit`. An error is one line that names the cause and what to do.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from operate.messages.redelivery import NotDone
from operate.stack.outputs import StackUnknown
from relay_core.errors import AdapterError

EXIT_STATUSES = (
    "Exits with 0 if all was done; with 1 if something was not; with 2 if the command line is"
    " wrong, the command cannot ask for confirmation, or the stack is not found."
)
_PIPED_WIDTH = 200  # columns, where there is no terminal
_SECONDS_UNTIL_PROGRESS = 1.0


class Exit(IntEnum):
    """The exit statuses of the commands that work on a stack."""

    NOT_DONE = 1
    USAGE = 2


def print_error(text: str) -> None:
    """Print an error in one line."""
    typer.echo(f"relayctl: {' '.join(printable(text).split())}", err=True)


def printable(text: str) -> str:
    """The text without control characters that a terminal acts on."""
    return "".join(
        character
        if character.isprintable() or character in "\n\t"
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def one_line(text: str) -> str:
    """The text without line breaks and tabs."""
    return printable(" ".join(text.split()))


def tab_separated(fields: Iterable[str]) -> str:
    """A line for a script. A tab within a field is a blank."""
    return "\t".join(map(one_line, fields))


def shown(text: str, style: str = "") -> Text:
    """Text of a mail, never read as markup."""
    return Text(printable(text), style=style)


def say(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """Print lines for a person."""
    for line in lines:
        typer.echo(printable(line), err=to_stderr)


def print_json(document: object) -> None:
    """One JSON object on a line of its own, in ASCII, whatever the locale."""
    print(json.dumps(document), flush=True)


def make_console() -> Console:
    """The console for answers to a person. A pipe has no width, so its lines do not break."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    return console


@contextmanager
def exit_on_errors() -> Iterator[None]:
    """Print the errors raised in the block, and exit."""
    try:
        yield
    except StackUnknown as error:
        print_error(str(error))
        raise typer.Exit(Exit.USAGE) from None
    except NotDone as error:
        print_error(str(error))
        raise typer.Exit(Exit.NOT_DONE) from None
    except AdapterError as error:
        from adapters.operator.account import explain  # noqa: PLC0415 - boto3 is there by now

        print_error(explain(error))
        raise typer.Exit(Exit.NOT_DONE) from None


def must_be_confirmed(*, yes: bool, dry_run: bool = False) -> None:
    """Exit if a confirmation is needed and there is no terminal."""
    if not yes and not dry_run and not sys.stdin.isatty():
        print_error(
            "standard input is not a terminal, so the command cannot ask for confirmation: give"
            " --yes"
        )
        raise typer.Exit(Exit.USAGE)


def confirm(question: str, *, yes: bool) -> None:
    """Ask the operator, except with `yes`; exit if the answer is no."""
    if not yes and not typer.confirm(question, err=True):
        print_error("nothing was done")
        raise typer.Exit(Exit.NOT_DONE)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], Any]]:
    """Show progress, on a terminal and if it takes long.

    The yielded function is called with the number of items that were finished since its last call.
    """
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    bar = Progress(
        *columns,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_interactive,
        redirect_stdout=False,  # answers go to standard output unchanged
    )
    task = bar.add_task(label, total=total)
    began = time.monotonic()

    def advance(number: int) -> None:
        bar.advance(task, number)
        if time.monotonic() - began > _SECONDS_UNTIL_PROGRESS:
            bar.start()  # does nothing if it runs

    try:
        yield advance
    finally:
        bar.stop()
