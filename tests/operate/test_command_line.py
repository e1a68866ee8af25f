"""The command line as a whole: its help, its errors, its completion."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operate.cli import app
from operate.examples import EXAMPLES

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def commands(*group: str) -> list[str]:
    """The commands, those of groups with the group's name."""
    _, printed = run(*group, "--help")
    names = re.findall(r"^  ([a-z-]+)(?:  |$)", printed.partition("Commands:")[2], re.MULTILINE)
    return [
        command
        for name in names
        for command in commands(*group, name) or [" ".join((*group, name))]
    ]


def test_every_command_has_examples_in_its_help() -> None:
    assert sorted(EXAMPLES) == sorted(commands())
    for command, examples in EXAMPLES.items():
        _, printed = run(*command.split(), "--help")
        assert "Examples:\n" in printed
        assert all(f"    {example}\n" in printed for example in examples)


def test_the_document_names_each_command_with_a_dry_run() -> None:
    document = (ROOT / "docs" / "relayctl.md").read_text("utf-8")
    sentence = document.partition(" have `--dry-run`")[0].rpartition(". ")[2]
    with_it = [one for one in commands() if "--dry-run" in run(*one.split(), "--help")[1]]
    assert sorted(with_it) == sorted(re.findall(r"`([a-z ]+)`", sentence))


@pytest.mark.parametrize("example", [one for each in EXAMPLES.values() for one in each])
def test_what_an_example_types_is_there(example: str) -> None:
    assert len(example) <= 76  # with its margin, in 80 columns
    words = shlex.split(re.split(r" [<>|] ", example)[0])
    status, printed = run(*words[1:], "--help")
    assert (0, "relayctl") == (status, words[0]), printed


@pytest.mark.parametrize("command", ["send-test", "device-sheet"])
@pytest.mark.parametrize("option", ["--user", "--as"])
def test_an_smtp_user_is_named_alike_everywhere(command: str, option: str) -> None:
    assert 0 == run(command, option, "hall-3", "--help")[0]
    assert 2 == run(command, "--users", "hall-3", "--help")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "--state", "x"), "'--state': 'x' is not one of 'relaying', 'done'"),
        (("list", "--limit", "x"), "'--limit': 'x' is not a whole number"),
        (("list", "--limit", "-1"), "'--limit': '-1' is too small: it must be 0 or more"),
        (("extend", "m", "--hours", "99999"), "'99999' is too large: it must be 87600 or less"),
        (("dlq", "lst"), "No such command 'lst'. Did you mean 'list'?"),
    ],
)
def test_errors_are_in_words_of_our_own(arguments: tuple[str, ...], words: str) -> None:
    status, printed = run(*arguments)
    assert 2 == status
    assert words in printed
    assert "Value error" not in printed
    assert "Input should be" not in printed


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (0, f"relayctl {project['version']}\n") == run("--version")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("relayctl re", "redeliver"), ("relayctl list --state ref", "refused")],
)
def test_a_shell_completes_commands_and_values(typed: str, expected: str) -> None:
    asked = {
        "_RELAYCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "operate"],
        cwd=ROOT,
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    assert expected in done.stdout.splitlines()
