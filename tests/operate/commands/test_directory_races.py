"""Two operators who replace the recipient directory at the same moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from adapters.operator.directory import DirectoryParameter, OtherVersionReplaced
from relay_core.errors import Conflict
from tests.operate.commands.live_directory import AFTER, BEFORE, live, name_of, write
from tests.operate.deployed import Deployed


class Interrupted:
    """A client of Systems Manager: others write right before its first write, one right after."""

    def __init__(self, client: Any, before: Sequence[str], then: str | None = None) -> None:
        self.client, self.before, self.then = client, list(before), then

    def get_parameter(self, **arguments: Any) -> Any:
        return self.client.get_parameter(**arguments)

    def put_parameter(self, **arguments: Any) -> Any:
        for document in self.before:
            self._write(arguments["Name"], document)
        answer = self.client.put_parameter(**arguments)
        if self.then is not None:
            self._write(arguments["Name"], self.then)
        self.before, self.then = [], None
        return answer

    def _write(self, name: str, document: str) -> None:
        self.client.put_parameter(Name=name, Value=document, Overwrite=True)


def test_an_edit_since_the_document_was_read_stays(deployed: Deployed) -> None:
    write(deployed)
    ssm = deployed.emulator.client("ssm")
    parameter = DirectoryParameter(client=ssm, name=name_of(deployed))
    before = parameter.read()
    write(deployed, AFTER)
    with pytest.raises(Conflict):
        parameter.replace(before, BEFORE)
    assert (2, AFTER) == live(deployed)


@pytest.mark.parametrize("others", [["cleo"], ["cleo", "dora"]])
def test_an_edit_at_the_same_moment_is_replaced_and_the_way_to_it_is_named(
    deployed: Deployed, others: list[str]
) -> None:
    write(deployed)
    ssm: Any = deployed.emulator.client("ssm")
    documents = [BEFORE.replace("anna", name) for name in others]
    name = name_of(deployed)
    parameter = DirectoryParameter(client=Interrupted(ssm, documents), name=name)
    with pytest.raises(OtherVersionReplaced) as raised:
        parameter.replace(parameter.read(), AFTER)
    mine = 2 + len(others)
    assert (mine, AFTER) == live(deployed)
    assert f"version {mine}, not 2" in str(raised.value)
    assert f"aws ssm get-parameter-history --name {name}" in str(raised.value)


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_write_that_was_repeated_by_the_client_is_no_other_edit(
    deployed: Deployed, repeats: int
) -> None:
    """The first answer was lost and boto3 retried the write: both versions hold its document."""
    write(deployed)
    client = Interrupted(deployed.emulator.client("ssm"), [AFTER] * repeats)
    parameter = DirectoryParameter(client=client, name=name_of(deployed))
    assert 2 + repeats == parameter.replace(parameter.read(), AFTER)


def test_an_edit_between_two_own_writes_is_named(deployed: Deployed) -> None:
    write(deployed)
    documents = [AFTER, BEFORE.replace("anna", "cleo")]
    client = Interrupted(deployed.emulator.client("ssm"), documents)
    parameter = DirectoryParameter(client=client, name=name_of(deployed))
    with pytest.raises(OtherVersionReplaced):
        parameter.replace(parameter.read(), AFTER)


def test_an_edit_right_after_the_own_one_is_never_replaced(deployed: Deployed) -> None:
    write(deployed)
    ssm: Any = deployed.emulator.client("ssm")
    third = BEFORE.replace("anna", "dora")
    client = Interrupted(ssm, [BEFORE.replace("anna", "cleo")], then=third)
    parameter = DirectoryParameter(client=client, name=name_of(deployed))
    with pytest.raises(OtherVersionReplaced):
        parameter.replace(parameter.read(), AFTER)
    assert third == live(deployed)[1]
