"""The directory's parameter: read at intervals; a failed reading keeps the last directory."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from adapters.aws.clients import Clients
from adapters.aws.ssm import SsmDirectories
from relay_core.errors import AdapterError, TransientError
from relay_core.policy.directory import Directory, format_directory
from sandbox.emulator.running import Emulator
from tests.adapters.contracts import DirectoriesContract


@dataclass
class Parameter:
    """The parameter, the clock, and the errors that were reported."""

    emulator: Emulator
    clients: Clients
    name: str = field(default_factory=lambda: f"/relay/{uuid.uuid4()}/recipients")
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    errors: list[AdapterError] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def put(self, document: str) -> None:
        self.emulator.client("ssm").put_parameter(
            Name=self.name, Type="String", Value=document, Overwrite=True
        )

    def delete(self) -> None:
        self.emulator.client("ssm").delete_parameter(Name=self.name)

    def directories(self, max_age: int) -> SsmDirectories:
        return SsmDirectories(
            client=self.clients.ssm,
            parameter_name=self.name,
            max_age=timedelta(seconds=max_age),
            clock=lambda: self.now,
            on_error=self.errors.append,
            on_problem=self.problems.append,
        )


@pytest.fixture
def parameter(emulator: Emulator, clients: Clients) -> Parameter:
    made = Parameter(emulator, clients)
    made.put(format_directory(DirectoriesContract.FIRST))
    return made


FIRST, SECOND = DirectoriesContract.FIRST, DirectoriesContract.SECOND


class TestSsmDirectories(DirectoriesContract):
    @pytest.fixture
    def directories(self, parameter: Parameter) -> SsmDirectories:
        return parameter.directories(max_age=0)

    @pytest.fixture
    def put(self, parameter: Parameter) -> Callable[[Directory], None]:
        return lambda directory: parameter.put(format_directory(directory))

    def test_it_is_read_again_when_it_is_too_old_and_not_before(
        self, parameter: Parameter
    ) -> None:
        directories = parameter.directories(max_age=60)
        assert FIRST == directories.current()
        parameter.put(format_directory(SECOND))
        parameter.now += timedelta(seconds=59)
        assert FIRST == directories.current()
        parameter.now += timedelta(seconds=1)
        assert SECOND == directories.current()

    def test_a_clock_that_was_set_back_does_not_keep_it_for_ever(
        self, parameter: Parameter
    ) -> None:
        directories = parameter.directories(max_age=60)
        directories.current()
        parameter.put(format_directory(SECOND))
        parameter.now -= timedelta(days=1)
        assert SECOND == directories.current()

    @pytest.mark.parametrize("document", ["{", '{"groups": {"oncall": "anna@example.com"}}', None])
    def test_one_that_cannot_be_read_leaves_the_last_in_force_and_is_reported(
        self, parameter: Parameter, document: str | None
    ) -> None:
        directories = parameter.directories(max_age=60)
        directories.current()
        parameter.delete() if document is None else parameter.put(document)
        for attempts in (1, 2):
            parameter.now += timedelta(seconds=60)
            assert FIRST == directories.current()
            assert FIRST == directories.current()  # a failure does not make it read more often
            assert attempts == len(parameter.errors)
        assert parameter.name in str(parameter.errors[0])
        parameter.put(format_directory(SECOND))
        parameter.now += timedelta(seconds=60)
        assert SECOND == directories.current()

    @pytest.mark.parametrize(
        ("document", "error"),
        [
            ("{", "the document: is not JSON"),
            ('{"groups": {"oncall": "anna@example.com"}}', "groups.oncall: must be a list"),
            (None, "ParameterNotFound"),
        ],
    )
    def test_without_one_that_was_ever_readable_the_mail_waits_and_the_operator_is_notified(
        self, parameter: Parameter, document: str | None, error: str
    ) -> None:
        directories = parameter.directories(max_age=60)
        parameter.delete() if document is None else parameter.put(document)
        for _ in range(2):
            with pytest.raises(TransientError, match=f"{parameter.name}: {error}"):
                directories.current()
        parameter.put(format_directory(SECOND))
        assert SECOND == directories.current()
        assert 2 == len(parameter.errors)

    def test_entries_that_mail_will_be_refused_for_are_reported_once(
        self, parameter: Parameter
    ) -> None:
        parameter.put('{"groups": {"oncall": ["anna@example.com", "@ghost"]}}')
        directories = parameter.directories(max_age=0)
        directories.current()
        directories.current()
        assert ["groups, oncall: there is no group @ghost that the group @oncall names"] == (
            parameter.problems
        )
