"""The options that name the stack that a command works on."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from operate.stack.outputs import OUTPUTS_VARIABLE, READY_FILE_VARIABLE, StackSelector

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.access import StackAccess

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
        help="The SMTP user, a name of smtpUsers. Default: the user that all devices share.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """The options that identify the stack."""

    ready_file: ReadyFile = None
    outputs: Outputs = None
    stack: StackName = None
    profile: Profile = None

    def open(self) -> StackAccess:
        """Find the stack and make its clients.

        Raises:
            StackUnknown: if it is not found, or cannot be reached.
        """
        from operate.stack.access import open_access  # noqa: PLC0415 - boto3 is slow to import

        found = StackSelector(
            ready_file=self.ready_file, outputs=self.outputs, stack_name=self.stack
        ).find(os.environ)
        return open_access(found, self.profile)

    def given(self) -> tuple[str, ...]:
        """The options on the command line, as they are typed."""
        return tuple(
            f"--{one.name.replace('_', '-')}"
            for one in fields(self)
            if getattr(self, one.name) is not None
        )


def on_a_stack(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of `StackOptions`, for its keyword parameter `stack`.

    Typer reads them from the signature.
    """
    own = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in get_type_hints(StackOptions, include_extras=True).items()
    ]

    @wraps(command)
    def with_options(**given: Any) -> None:  # noqa: ANN401 - as Typer calls it
        options = StackOptions(**{one.name: given.pop(one.name) for one in own})
        command(**given, stack=options)

    parameters = dict(signature(command, eval_str=True).parameters)
    del parameters["stack"]
    all_of_them = [*parameters.values(), *own]
    vars(with_options)["__signature__"] = Signature(all_of_them)
    with_options.__annotations__ = {one.name: one.annotation for one in all_of_them}
    return with_options
