"""`relayctl directory`: show, check or edit the recipient directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operate.directory.document import DocumentProblem, find_problems, show_changes
from operate.directory.editor import Draft, read_document
from operate.examples import epilog
from operate.messages.redelivery import NotDone
from operate.presentation.terminal import (
    Exit,
    confirm,
    exit_on_errors,
    must_be_confirmed,
    print_error,
    print_json,
    say,
)
from operate.stack.outputs import StackUnknown
from relay_core.notices.moment import format_moment
from relay_core.policy.directory import Directory, UnreadableDirectory, parse_directory

from .stack_options import AsJson, DryRun, StackOptions, Yes, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.directory import DirectoryParameter, StoredDocument
    from operate.stack.access import StackAccess

directory_commands = typer.Typer(
    help="The recipient directory: groups and default recipients.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

LIVE = "live"
DirectorySource = Annotated[
    str | None,
    typer.Option(
        "--directory",
        metavar="live|FILE",
        help="Groups and default recipients of the deployed stack (live), or of a file.",
    ),
]
DocumentFile = Annotated[
    Path | None,
    typer.Option(
        "--file", metavar="FILE", dir_okay=False, help="A file with a directory document."
    ),
]


def parameter_of(access: StackAccess) -> DirectoryParameter:
    """The directory's parameter.

    Raises:
        StackUnknown: if the stack has no output that names it.
    """
    from adapters.operator.directory import DirectoryParameter  # noqa: PLC0415 - imports boto3

    if not (name := access.stack.outputs.get("directoryParameter")):
        raise StackUnknown("the stack has no output directoryParameter: run 'pulumi up'")
    return DirectoryParameter(client=access.client("ssm"), name=str(name))


def find_directory(source: str | None, stack: StackOptions) -> Directory | None:
    """The directory that `--directory` names: the live one, that of a file, or None without it.

    Raises:
        BadParameter: if it is no directory, or if a stack is named but not read.
        StackUnknown: if the stack of the live one is not found.
        NotDone: if the file cannot be read.
    """
    if source != LIVE and (given := stack.given()):
        raise typer.BadParameter("needs --directory live", param_hint=given[0])
    if source is None:
        return None
    if source == LIVE:
        document = parameter_of(stack.open()).read().text
    else:
        document = read_document(Path(source))
    try:
        return parse_directory(document)
    except UnreadableDirectory as error:
        raise typer.BadParameter(f"{source}: {error}", param_hint="--directory") from None


@directory_commands.command("show", epilog=epilog("directory show"))
@on_a_stack
def show_directory(
    *,
    as_json: AsJson = False,
    stack: StackOptions,
) -> None:
    """Print the live document to standard output, and its version to standard error.

    --json prints one object: the parameter, version, time, document, and its errors.
    """
    with exit_on_errors():
        parameter = parameter_of(stack.open())
        found = parameter.read()
        problems = find_problems(found.text)
        if as_json:
            print_json(
                {
                    "parameter": parameter.name,
                    "version": found.version,
                    "written_at": found.written_at.isoformat(),
                    "document": found.text,
                    "problems": [_as_json(one) for one in problems],
                }
            )
            return
        print_error(
            f"{parameter.name}: version {found.version} of {format_moment(found.written_at)}"
        )
        say(found.text.splitlines())
        for one in problems:
            print_error(str(one))


@directory_commands.command("check", epilog=epilog("directory check"))
@on_a_stack
def check_directory(
    *,
    file: DocumentFile = None,
    as_json: AsJson = False,
    stack: StackOptions,
) -> None:
    """Check the live document, or with --file one that is not live yet (which needs no AWS).

    Prints each error with its line; exits with 1 if there is one.
    """
    with exit_on_errors():
        if file is not None:
            document = read_document(file)
        else:
            document = parameter_of(stack.open()).read().text
        problems = find_problems(document)
        if as_json:
            for one in problems:
                print_json(_as_json(one))
        else:
            say(map(str, problems))
        if problems:
            raise typer.Exit(Exit.NOT_DONE)
        if not as_json:
            print_error("the directory is valid")


@directory_commands.command("edit", epilog=epilog("directory edit"))
@on_a_stack
def edit_directory(
    *,
    file: DocumentFile = None,
    if_version: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Write only if this version is live ('directory show' prints it)."
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Edit the live document in $VISUAL or $EDITOR, or replace it by --file.

    Nothing is written if the document has errors: each is printed with its line. Otherwise the
    command prints the changes and asks. If another operator has changed the document in the
    meantime, nothing is written. A file that was edited and not written is kept.

    Workers use the new document within directoryRefreshSeconds.
    """
    if file is not None:
        must_be_confirmed(yes=yes, dry_run=dry_run)
    elif not sys.stdin.isatty():
        print_error("standard input is not a terminal, so no editor can be started: give --file")
        raise typer.Exit(Exit.USAGE)
    with exit_on_errors():
        parameter = parameter_of(stack.open())
        before = parameter.read()
        if if_version not in {None, before.version}:
            raise NotDone(
                f"{parameter.name}: version {before.version} is live, not {if_version}: it was"
                " changed in the meantime; nothing was done. 'relayctl directory show' prints"
                " the live one"
            )
        if file is None:
            _edit(parameter, before, dry_run=dry_run, yes=yes)
            return
        document = read_document(file)
        if problems := find_problems(document):
            _print_problems(problems)
            raise NotDone(
                f"{file} is not a valid directory; nothing was done. Correct the lines above"
            )
        _write(parameter, before, document, dry_run=dry_run, yes=yes)


def _edit(
    parameter: DirectoryParameter, before: StoredDocument, *, dry_run: bool, yes: bool
) -> None:
    draft = Draft.of(before.text, os.environ)
    is_settled = False
    try:
        document = draft.edit()
        while problems := find_problems(document):
            _print_problems(problems)
            confirm("Edit it again?", yes=False)
            document = draft.edit()
        is_settled = _write(parameter, before, document, dry_run=dry_run, yes=yes)
    finally:
        if is_settled or not draft.is_changed():
            draft.discard()
        else:
            print_error(f"the edited document is in {draft.path}")


def _write(
    parameter: DirectoryParameter,
    before: StoredDocument,
    document: str,
    *,
    dry_run: bool,
    yes: bool,
) -> bool:
    """Write the document. Returns whether the live document is now equal to it."""
    changes = show_changes(before.text, document)
    if not changes:
        print_error("the document is unchanged; nothing was done")
        return True
    say(changes, to_stderr=not dry_run)
    if dry_run:
        return False
    confirm(f"Write it to {parameter.name}?", yes=yes)
    version = parameter.replace(before, document)
    say([f"{parameter.name}: version {version} is live"])
    return True


def _print_problems(problems: tuple[DocumentProblem, ...]) -> None:
    for one in problems:
        print_error(f"{one}{' (the alarm directory would fire)' if one.fires_alarm else ''}")


def _as_json(problem: DocumentProblem) -> dict[str, object]:
    return {
        "line": problem.line,
        "place": problem.place,
        "rule": problem.rule,
        "fires_alarm": problem.fires_alarm,
    }
