"""`pulumi up` as users run it: Pulumi starts the program and its own provider as processes.

They are forked from one that has imported Pulumi's SDK (`program_server`); not in the last test.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.configuration.stack_config import load_config
from sandbox.deploy.account import prepare_account
from sandbox.deploy.program import PROGRAM
from sandbox.emulator.running import Emulator
from sandbox.engine.folder import LANGUAGE_HOST
from sandbox.engine.project import Project, project_on
from sandbox.engine.state import repair_state
from tests.sandbox.deploying import needs_engine
from tests.sandbox.forking import program_server
from tests.sandbox.inventory import active_rule_set, inventory
from tests.sandbox.program_server import write_forked_python

pytestmark = needs_engine

STACK = "users"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("users")


@pytest.fixture(scope="module")
def account(folder: Path) -> Iterator[Emulator]:
    config = load_config(PROGRAM.parent)
    region = str(config["aws:region"])
    with Emulator.start(folder, worker_environment={}, region=region) as emulator:
        prepare_account(ses=emulator.client("ses"), sesv2=emulator.client("sesv2"), config=config)
        yield emulator


@pytest.fixture(scope="module")
def project(account: Emulator, folder: Path) -> Iterator[Project]:
    """One for all tests: each leaves the stack without resources, configured as before."""
    with project_on(account, folder, load_config(PROGRAM.parent), stack=STACK) as made:
        _fork_python(made)
        # No kill: the state need not be written after each step.
        yield replace(made, variables={**made.variables, "PULUMI_SKIP_CHECKPOINTS": "true"})


def _fork_python(project: Project) -> None:
    """Have the project's Python, and the language host's, take processes from a server."""
    environment = project.folder / ".venv"
    environment.unlink()  # the link to this one
    python = environment / "bin" / "python"
    python.parent.mkdir(parents=True)
    write_forked_python(python, program_server())
    launcher = project.programs[0] / LANGUAGE_HOST
    if launcher.exists():  # else Pulumi's own, which is no Python
        launcher.write_text(launcher.read_text().replace(sys.executable, str(python)))


def done(project: Project, *words: str) -> str:
    """Run `pulumi`, which must succeed; return its output."""
    ended = project.run(*words)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_the_programs_own_provider_keeps_the_set_active_and_deactivates_it(
    account: Emulator, project: Project
) -> None:
    ses, before = account.client("ses"), inventory(account)
    done(project, "preview")
    assert inventory(account) == before

    done(project, "up", "--yes", "--skip-preview")
    assert active_rule_set(ses) == f"mail-relay-{STACK}"
    done(project, "preview", "--expect-no-changes")

    ses.set_active_receipt_rule_set()
    assert "~ 1 updated" in done(project, "up", "--yes", "--skip-preview")
    assert active_rule_set(ses) == f"mail-relay-{STACK}"
    done(project, "refresh", "--yes", "--skip-preview", "--expect-no-changes")

    done(project, "destroy", "--yes", "--skip-preview")
    assert active_rule_set(ses) is None
    assert inventory(account) == before


def test_a_program_that_refuses_its_configuration_says_so_and_makes_nothing(
    account: Emulator, project: Project
) -> None:
    before = inventory(account)
    done(project, "config", "set", "maxRecipients", "0")
    ended = project.run("up", "--yes", "--skip-preview")
    done(project, "config", "rm", "maxRecipients")
    assert ended.returncode != 0
    assert "maxRecipients = 0: must" in ended.stdout
    assert inventory(account) == before


def test_a_state_whose_attributes_a_kill_left_empty_is_readable_again(
    project: Project, folder: Path
) -> None:
    [attributes] = (folder / "state").rglob(f"{STACK}.json.attrs")
    attributes.write_bytes(b"")
    unreadable = project.run("cancel", "--yes")
    assert unreadable.returncode != 0
    assert "failed to load checkpoint: EOF" in unreadable.stdout
    repair_state(folder / "state")
    done(project, "cancel", "--yes")


def test_a_stack_is_kept_for_people_to_look_at_until_they_have_seen_enough(
    tmp_path: Path,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox.up"],
        cwd=PROGRAM.parent,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = ""
        while line := process.stdout.readline():
            printed += line
            if line.strip() == "pulumi destroy":
                break
        lines = re.findall(r"^  ((?:export|cd) .*)$", printed, re.MULTILINE)
        assert lines, printed
        shown = subprocess.run(
            ["sh", "-c", "\n".join((*lines, "pulumi stack output --json"))],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(shown.stdout)["receiptRuleSet"] == "mail-relay-look"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert list(tmp_path.iterdir()) == []
