"""The parameters of the stack: whether they exist, and how old the SMTP credentials are.

Systems Manager API, DescribeParameters: it describes a parameter without its value, so no
permission to read secrets is needed. The directory is not a secret, and its value is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from adapters.aws.errors import aws_call, error_code
from operate.stack.outputs import smtp_user_parameters
from relay_core.policy.directory import UnreadableDirectory, directory_problems, parse_directory

from .checks import CheckContext
from .suppression import read_directory
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning

OLD = timedelta(days=365)
"""The age at which SMTP credentials are to be rotated: they are in devices, which can be lost."""

_CREDENTIALS = "the devices' SMTP credentials"
_AT_ONCE = 50  # values of one filter of DescribeParameters (Systems Manager API)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The parameters' names by purpose, and when each existing one was last written.

    A name is empty if the function's environment has none.
    """

    names: Mapping[str, str]
    written: Mapping[str, datetime]
    now: datetime


def read_parameters(context: CheckContext) -> Parameters:
    """The parameters that the stack has by its outputs."""
    names = {}
    if credentials := context.outputs.optional("smtpCredentialsParameter"):
        names[_CREDENTIALS] = credentials
    for user, parameter in smtp_user_parameters(context.outputs.values).items():
        names[f"{_CREDENTIALS} of {user}"] = parameter
    if context.outputs.optional("downloadUrl"):
        environment = context.function().get("Environment", {}).get("Variables", {})
        names["the keys of the links"] = environment.get("RELAY_LINK_KEYS_PARAMETER", "")
    names = {"the recipient directory": context.outputs.text("directoryParameter"), **names}
    asked = list(filter(None, names.values()))
    written: dict[str, datetime] = {}
    for begin in range(0, len(asked), _AT_ONCE):
        some = asked[begin : begin + _AT_ONCE]
        pages = (
            context.client("ssm")
            .get_paginator("describe_parameters")
            .paginate(ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": some}])
        )
        with aws_call(call="ssm:DescribeParameters", target=", ".join(some)):
            written |= {
                one["Name"]: one["LastModifiedDate"]
                for page in pages
                for one in page["Parameters"]
            }
    return Parameters(names=names, written=written, now=context.clock())


def judge_parameters(found: Parameters) -> Iterable[Verdict]:
    """Whether all exist."""

    def problems() -> Iterator[Verdict]:
        for what, name in found.names.items():
            if not name:
                # The outputs are those of the last deployment that was finished.
                yield problem(
                    "the stack has the output downloadUrl, but the function has no parameter of"
                    f" {what}: a deployment that removes or adds the page was interrupted",
                    "'pulumi up'",
                )
            elif name not in found.written:
                yield problem(f"the parameter {name} ({what}) is missing", RESTORE)

    return problems_or_ok(problems(), f"{len(found.names)} parameters exist")


def judge_credentials(found: Parameters) -> Iterable[Verdict]:
    """How old the devices' credentials are; no verdict where the stack makes none."""
    ages = {
        what: (found.now - found.written[name]).days
        for what, name in found.names.items()
        if what.startswith(_CREDENTIALS) and name in found.written
    }
    if not ages:
        return ()

    def problems() -> Iterator[Verdict]:
        for what, days in ages.items():
            if days >= OLD.days:
                key = (
                    "smtpCredentialsVersion" if what == _CREDENTIALS else "its number in smtpUsers"
                )
                yield warning(
                    f"{what} are {days} days old",
                    f"raise {key} by one, run 'pulumi up', set the new ones in the devices, then"
                    " raise it again and run 'pulumi up'",
                )

    oldest = max(ages.values())
    return problems_or_ok(problems(), f"{_CREDENTIALS} are {oldest} days old at most")


def read_document(context: CheckContext) -> tuple[str, str | None]:
    """The directory's parameter, and its document; None if it is missing (`judge_parameters`)."""
    name = context.outputs.text("directoryParameter")
    try:
        return name, read_directory(context)
    except Exception as error:
        cause = error.__cause__
        if isinstance(cause, ClientError) and error_code(cause) == "ParameterNotFound":
            return name, None
        raise


def judge_document(found: tuple[str, str | None]) -> Iterable[Verdict]:
    """Whether workers can read the directory, and all its entries are valid."""
    name, document = found
    if document is None:
        return ()

    def problems() -> Iterator[Verdict]:
        try:
            directory = parse_directory(document)
        except UnreadableDirectory as error:
            yield problem(
                f"the parameter {name} is not a valid recipient directory: {error}",
                "'relayctl directory edit' names the line; its last good value is in"
                f" 'aws ssm get-parameter-history --name {name}'",
            )
            return
        for one in directory_problems(directory):
            yield warning(
                f"{name}: {one.part}, {one.value}: {one.rule}",
                "correct it: 'relayctl directory edit'",
            )

    return problems_or_ok(problems(), f"{name} is a valid recipient directory")
