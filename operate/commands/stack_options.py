"""The options that name the stack that a command works on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from operate.stack.outputs import OUTPUTS_VARIABLE, READY_FILE_VARIABLE, Whereabouts

if TYPE_CHECKING:  # boto3 takes its time to import
    from operate.stack.desk import Desk

ReadyFile = Annotated[
    str | None,
    typer.Option(
        "--ready-file",
        metavar="FILE",
        help="The ready file of a sandbox, with its addresses and credentials. Default:"
        f" ${READY_FILE_VARIABLE}.",
    ),
]
Outputs = Annotated[
    str | None,
    typer.Option(
        "--outputs",
        metavar="FILE",
        help="A file with the output of 'pulumi stack output --json'; - is standard input."
        f" Default: ${OUTPUTS_VARIABLE}, else relayctl runs that command.",
    ),
]
StackName = Annotated[
    str | None,
    typer.Option("--stack", metavar="NAME", help="The Pulumi stack, if not the selected one."),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="The profile of ~/.aws/config with the AWS credentials. Not for a sandbox.",
    ),
]
SmtpUser = Annotated[
    str | None,
    typer.Option(
        "--user",
        "--as",
        metavar="NAME",
        help="The SMTP user of smtpUsers. Default: that of all devices.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


def open_stack(
    ready_file: str | None, outputs: str | None, stack: str | None, profile: str | None
) -> Desk:
    """The stack within reach.

    Raises:
        StackUnknown: if it is not found, or cannot be reached.
    """
    found = Whereabouts(ready_file=ready_file, outputs=outputs, stack_name=stack).find(os.environ)
    from operate.stack.desk import open_desk  # noqa: PLC0415 - boto3 takes its time to import

    return open_desk(found, profile)
