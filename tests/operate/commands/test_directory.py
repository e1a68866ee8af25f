"""`relayctl directory` on a parameter of the emulator."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.operator.directory import DirectoryParameter, OtherVersionReplaced
from relay_core.errors import Conflict
from tests.operate.commands.terminal import ROOT, at_a_terminal
from tests.operate.deployed import Deployed

BEFORE = '{\n "groups": {\n  "oncall": [\n   "anna@example.org"\n  ]\n }\n}'
AFTER = BEFORE.replace("anna", "ben")
BROKEN = BEFORE.replace("]", "],")


def name_of(deployed: Deployed) -> str:
    return str(deployed.outputs["directoryParameter"])


def write(deployed: Deployed, document: str = BEFORE) -> None:
    deployed.emulator.client("ssm").put_parameter(
        Name=name_of(deployed), Value=document, Type="String", Overwrite=True
    )


def live(deployed: Deployed) -> tuple[int, str]:
    found = deployed.emulator.client("ssm").get_parameter(Name=name_of(deployed))["Parameter"]
    return found["Version"], found["Value"]


def file_of(folder: Path, document: str) -> str:
    path = folder / "recipients.json"
    path.write_text(document, "utf-8")
    return str(path)


# --- show, check


def test_the_live_document_is_shown_as_it_is(deployed: Deployed) -> None:
    write(deployed)
    answer = deployed.relayctl("directory", "show")
    assert (0, f"{BEFORE}\n") == (answer.status, answer.stdout)
    assert "version 1 of " in answer.stderr
    (shown,) = deployed.relayctl("directory", "show", "--json").lines
    assert (BEFORE, 1, []) == (shown["document"], shown["version"], shown["problems"])


def test_what_is_wrong_in_it_is_told_with_its_line(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed, BROKEN)
    answer = deployed.relayctl("directory", "check")
    assert 1 == answer.status
    assert "line 6: the document: is no JSON" in answer.stdout
    (told,) = deployed.relayctl("directory", "check", "--json").lines
    assert (6, True) == (told["line"], told["fires_alarm"])
    assert BROKEN in deployed.relayctl("directory", "show").stdout
    given = file_of(tmp_path, AFTER)
    assert 0 == deployed.relayctl("directory", "check", "--file", given).status


def test_where_there_is_no_parameter_the_call_is_named(deployed: Deployed) -> None:
    answer = deployed.relayctl("directory", "show")
    assert 1 == answer.status
    assert f"ssm:GetParameter on {name_of(deployed)}" in answer.stderr


# --- edit by a file


def test_a_file_becomes_the_live_document(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed)
    given = ("directory", "edit", "--file", file_of(tmp_path, f"\ufeff{AFTER}\n"))
    dry = deployed.relayctl(*given, "--dry-run")
    assert (0, (1, BEFORE)) == (dry.status, live(deployed))
    assert '-   "anna@example.org"\n+   "ben@example.org"' in dry.stdout
    answer = deployed.relayctl(*given, "--yes")
    assert (0, (2, AFTER)) == (answer.status, live(deployed))
    assert '+   "ben@example.org"' in answer.stderr
    again = deployed.relayctl(*given, "--yes")
    assert (0, (2, AFTER)) == (again.status, live(deployed))
    assert "nothing was done" in again.stderr


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (BROKEN, "line 6: the document: is no JSON"),
        ("", "line 1: the document"),
        ('{"groups": []}', "line 1: groups: must be an object of lists"),
        (BEFORE.replace("anna@example.org", "@ops"), "line 4: groups.oncall[0]: there is no"),
        (BEFORE.replace("groups", "group"), "line 2: group: is unknown"),
    ],
)
def test_what_would_fire_the_alarm_or_refuse_mail_is_never_written(
    deployed: Deployed, tmp_path: Path, document: str, told: str
) -> None:
    write(deployed)
    for option in ("--yes", "--dry-run"):
        answer = deployed.relayctl(
            "directory", "edit", "--file", file_of(tmp_path, document), option
        )
        assert (1, (1, BEFORE)) == (answer.status, live(deployed))
        assert told in answer.stderr


def test_a_script_names_the_version_that_it_changes(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed)
    write(deployed, BEFORE.replace("anna", "cleo"))
    given = ("directory", "edit", "--yes", "--file", file_of(tmp_path, AFTER), "--if-version")
    answer = deployed.relayctl(*given, "1")
    assert 1 == answer.status
    assert "version 2 is live, not 1" in answer.stderr
    assert 2 == live(deployed)[0]
    assert 0 == deployed.relayctl(*given, "2").status
    assert (3, AFTER) == live(deployed)


def test_without_a_terminal_there_is_nothing_to_edit_at(
    deployed: Deployed, tmp_path: Path
) -> None:
    write(deployed)
    for more in ([], ["--yes"], ["--file", file_of(tmp_path, AFTER)]):
        answer = deployed.relayctl("directory", "edit", *more)
        assert 2 == answer.status
        assert "is no terminal" in answer.stderr


# --- two who edit


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
    """Its first answer was lost, and boto3 retried it: both versions are the own document."""
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


# --- edit in an editor


def edited(
    deployed: Deployed, folder: Path, script: str, replies: str, *more: str
) -> subprocess.CompletedProcess[bytes]:
    """Edit at a terminal; the editor is a shell script that has the file's name in $1."""
    editor = folder / "editor.sh"
    editor.write_text(script)
    folder.joinpath("drafts").mkdir()
    master, terminal = pty.openpty()
    try:
        os.write(master, replies.encode())
        return subprocess.run(
            [
                *(sys.executable, "-m", "operate", "directory", "edit", *more),
                *("--ready-file", str(deployed.ready_file)),
            ],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "EDITOR": f"sh {editor}",
                "TMPDIR": str(folder / "drafts"),
            },
            stdin=terminal,
            capture_output=True,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(master)


def drafts(folder: Path) -> list[str]:
    return [path.read_text() for path in (folder / "drafts").iterdir()]


def test_the_operators_editor_gets_the_live_document(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed)
    done = edited(deployed, tmp_path, 'sed -i s/anna/ben/ "$1"', "y\n")
    assert (0, (2, AFTER)) == (done.returncode, live(deployed)), done.stderr
    assert [] == drafts(tmp_path)


def test_a_wrong_document_is_edited_again(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed)
    script = 'if grep -q "]," "$1"; then sed -i "s/],/]/" "$1"; else sed -i "s/]/],/" "$1"; fi'
    done = edited(deployed, tmp_path, f'sed -i s/anna/ben/ "$1"; {script}', "y\ny\n")
    assert (0, (2, AFTER)) == (done.returncode, live(deployed)), done.stderr
    assert b"line 6: the document: is no JSON" in done.stderr
    assert b"the alarm directory would fire" in done.stderr


@pytest.mark.parametrize(
    ("script", "replies", "more", "kept"),
    [
        ('sed -i s/anna/ben/ "$1"', "n\n", [], AFTER),
        ('sed -i s/anna/ben/ "$1"', "", ["--dry-run"], AFTER),
        ('sed -i "s/]/],/" "$1"', "n\n", [], BROKEN),
        ('sed -i s/anna/ben/ "$1"; exit 3', "", [], AFTER),
    ],
)
def test_what_was_edited_and_not_written_is_kept(
    deployed: Deployed, tmp_path: Path, script: str, replies: str, *, more: list[str], kept: str
) -> None:
    write(deployed)
    done = edited(deployed, tmp_path, script, replies, *more)
    assert (0 if more else 1, (1, BEFORE)) == (done.returncode, live(deployed))
    assert [f"{kept}\n"] == drafts(tmp_path)
    assert b"the edited document is in " in done.stderr


@pytest.mark.parametrize(
    ("script", "more"), [("true", []), ("true", ["--dry-run"]), ("exit 3", []), ('rm "$1"', [])]
)
def test_where_nothing_was_changed_no_file_is_left(
    deployed: Deployed, tmp_path: Path, script: str, more: list[str]
) -> None:
    write(deployed)
    done = edited(deployed, tmp_path, script, "", *more)
    assert (1, BEFORE) == live(deployed)
    assert [] == drafts(tmp_path)
    assert b"the edited document is in " not in done.stderr


def test_a_question_is_asked_for_a_file_too(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed)
    given = ("directory", "edit", "--file", file_of(tmp_path, AFTER))
    assert 1 == at_a_terminal(deployed, "n", *given).returncode
    assert (1, BEFORE) == live(deployed)
    assert 0 == at_a_terminal(deployed, "y", *given).returncode
    assert (2, AFTER) == live(deployed)


# --- inspect goes by it


def test_inspect_goes_by_the_live_document_or_by_a_file(
    deployed: Deployed, tmp_path: Path
) -> None:
    write(deployed)
    mail = tmp_path / "a.eml"
    mail.write_text("Subject: x\n\n:Email_Rxers_Code:@oncall:Email_Rxers_Code:\n")
    given = file_of(tmp_path, AFTER)
    for source, expected in (("live", "anna@example.org"), (given, "ben@example.org")):
        (told,) = deployed.relayctl("inspect", "--json", str(mail), "--directory", source).lines
        assert [expected] == told["recipients"]
    given = file_of(tmp_path, BROKEN)
    answer = deployed.relayctl("inspect", str(mail), "--directory", given)
    assert 2 == answer.status
    assert "is no JSON" in answer.stderr
    answer = deployed.relayctl(
        "inspect", str(mail), "--directory", "live", "--group", "oncall=a@example.org"
    )
    assert 2 == answer.status


def test_the_rights_that_are_documented_are_enough(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed)
    region = deployed.emulator.region
    name = f"arn:aws:ssm:{region}:000000000000:parameter{name_of(deployed)}"

    def user(*actions: str) -> Deployed:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": name}
        return deployed.as_user([statement], tmp_path)

    looking, editing = user("ssm:GetParameter"), user("ssm:GetParameter", "ssm:PutParameter")
    given = file_of(tmp_path, AFTER)
    for who, command in (
        (looking, ["directory", "show"]),
        (looking, ["directory", "check"]),
        (editing, ["directory", "edit", "--yes", "--file", given]),
    ):
        answer = who.relayctl(*command)
        assert 0 == answer.status, answer.stderr
    refused = looking.relayctl("directory", "edit", "--yes", "--file", file_of(tmp_path, BEFORE))
    assert 1 == refused.status
    assert "the rights that docs/relayctl.md lists" in refused.stderr
    assert (
        AFTER
        == json.loads(user("ssm:GetParameter").relayctl("directory", "show", "--json").stdout)[
            "document"
        ]
    )
