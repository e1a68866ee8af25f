"""The recipient directory in a parameter of AWS Systems Manager, read periodically.

An operator changes the parameter while functions run. Each container reads it when the first
mail needs it, and again when what it has is older than it may be. Parameter Store answers some
40 calls a second for a whole account (Systems Manager quotas), so a container does not ask at
every mail.

A mail must not suffer for a slip of the operator's hand or a disturbance of Parameter Store: as
long as the container has a directory that could once be read, that one stays in force, and
every failed attempt is reported. Only a container that never had one sends the mail back to the
queue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from relay_core.errors import AdapterError, TransientError
from relay_core.policy.directory import (
    Directory,
    UnreadableDirectory,
    directory_problems,
    parse_directory,
)

from .errors import Fault, aws_call

_CALL = "ssm:GetParameter"


class ParameterReader(Protocol):
    """The one call of an SSM client that is needed."""

    def get_parameter(
        self,
        *,
        Name: str,  # noqa: N803 - AWS's name
        WithDecryption: bool = False,  # noqa: N803 - AWS's name
    ) -> Mapping[str, Any]:
        """GetParameter."""
        ...


@dataclass(slots=True, kw_only=True)
class SsmDirectories:
    """`Directories` in the parameter of that name.

    `max_age` is how old the directory that is used may be. `on_error` is called for each
    attempt that failed, whether an older directory stays in force or none was read yet;
    `on_problem` of each entry of a new directory that some mail will be refused for.
    """

    client: ParameterReader
    parameter_name: str
    max_age: timedelta
    clock: Callable[[], datetime]
    on_error: Callable[[AdapterError], None]
    on_problem: Callable[[str], None]
    _document: str | None = field(default=None, init=False)
    _directory: Directory | None = field(default=None, init=False)
    _asked_at: datetime | None = field(default=None, init=False)

    def current(self) -> Directory:
        """See `Directories.current`."""
        now = self.clock()
        if (
            self._directory is not None
            and self._asked_at is not None
            and self._asked_at <= now < self._asked_at + self.max_age
        ):
            return self._directory
        try:
            directory = self._read()
        except AdapterError as error:
            self.on_error(error)
            if self._directory is None:
                # Permanent for this call, but the operator can fix the cause for all mails at
                # once.
                raise TransientError(
                    call=error.call, target=error.target, detail=error.detail
                ) from error
            directory = self._directory
        self._directory, self._asked_at = directory, now
        return directory

    def _read(self) -> Directory:
        with aws_call(call=_CALL, target=self.parameter_name):
            answer = self.client.get_parameter(Name=self.parameter_name)
        document = str(answer["Parameter"]["Value"])
        if self._directory is not None and document == self._document:
            return self._directory
        try:
            directory = parse_directory(document)
        except UnreadableDirectory as error:
            raise TransientError(
                call=_CALL,
                target=self.parameter_name,
                detail=f"{error} [correct the parameter; {Fault.MISCONFIGURED.advice}]",
            ) from error
        for problem in directory_problems(directory):
            self.on_problem(f"{problem.part}, {problem.value}: {problem.rule}")
        self._document = document
        return directory
