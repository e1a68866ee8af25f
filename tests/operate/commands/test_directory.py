"""`relayctl directory` on a parameter of the emulator."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from operate.cli import app
from tests.operate.commands.live_directory import AFTER, BEFORE, live, name_of, write
from tests.operate.commands.terminal import Finished, at_a_terminal, run_at_a_terminal
from tests.operate.deployed import Deployed

BROKEN = BEFORE.replace("]", "],")


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


def test_what_is_wrong_in_it_is_reported_with_its_line(deployed: Deployed, tmp_path: Path) -> None:
    write(deployed, BROKEN)
    answer = deployed.relayctl("directory", "check")
    assert 1 == answer.status
    assert "line 6: the document: is not JSON" in answer.stdout
    (problem,) = deployed.relayctl("directory", "check", "--json").lines
    assert (6, True) == (problem["line"], problem["fires_alarm"])
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
    ("document", "message"),
    [
        (BROKEN, "line 6: the document: is not JSON"),
        ("", "line 1: the document"),
        ('{"groups": []}', "line 1: groups: must be an object of lists"),
        (BEFORE.replace("anna@example.org", "@ops"), "line 4: groups.oncall[0]: there is no"),
        (BEFORE.replace("groups", "group"), "line 2: group: is unknown"),
    ],
)
def test_what_would_fire_the_alarm_or_refuse_mail_is_never_written(
    deployed: Deployed, tmp_path: Path, document: str, message: str
) -> None:
    write(deployed)
    for option in ("--yes", "--dry-run"):
        answer = deployed.relayctl(
            "directory", "edit", "--file", file_of(tmp_path, document), option
        )
        assert (1, (1, BEFORE)) == (answer.status, live(deployed))
        assert message in answer.stderr


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
        assert "is not a terminal" in answer.stderr


# --- edit in an editor


def edited(deployed: Deployed, folder: Path, script: str, replies: str, *more: str) -> Finished:
    """Edit at a terminal; the editor is a shell script that has the file's name in $1."""
    editor = folder / "editor.sh"
    editor.write_text(script)
    folder.joinpath("drafts").mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "EDITOR": f"sh {editor}",
        "TMPDIR": str(folder / "drafts"),
    }
    return run_at_a_terminal(deployed, replies, ("directory", "edit", *more), environment)


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
    assert b"line 6: the document: is not JSON" in done.stderr
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


# --- inspect uses it


def test_inspect_goes_by_the_live_document_or_by_a_file(
    deployed: Deployed, tmp_path: Path
) -> None:
    write(deployed)
    mail = tmp_path / "a.eml"
    mail.write_text("Subject: x\n\n:Email_Rxers_Code:@oncall:Email_Rxers_Code:\n")
    (line,) = deployed.relayctl("inspect", "--json", str(mail), "--directory", "live").lines
    assert ["anna@example.org"] == line["recipients"]

    def by_file(document: str) -> Result:
        given = file_of(tmp_path, document)
        return CliRunner().invoke(app, ["inspect", "--json", str(mail), "--directory", given])

    assert ["ben@example.org"] == json.loads(by_file(AFTER).stdout)["recipients"]
    refused = by_file(BROKEN)
    assert 2 == refused.exit_code
    assert "is not JSON" in refused.stderr
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
