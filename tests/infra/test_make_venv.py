"""The environment that `make setup` makes where Python has pip, but no venv of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.infra.program import ROOT

PYTHON = """\
#!/bin/sh
case "$*" in
  *ensurepip*|*"-m virtualenv"*) exit 1 ;;
  "-m venv"*) mkdir -p "$4/bin" ;;
  "-m pip"*) exit 0 ;;
  *) exec {python} "$@" ;;
esac
"""


def make(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """The script's output, with a stand-in for Python."""
    program, lock = folder / "python", folder / "requirements.txt"
    program.write_text(python.format(python=sys.executable), "utf-8")
    program.chmod(0o755)
    lock.touch()
    return subprocess.run(
        [
            *("sh", ROOT / "scripts" / "make_venv.sh"),
            *(folder / ".venv", lock, folder / ".venv" / "stamp"),
        ],
        env={"PYTHON": str(program), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_environment_without_pip_says_what_pulumi_needs(tmp_path: Path) -> None:
    made = make(tmp_path, PYTHON)
    assert 0 == made.returncode
    assert (tmp_path / ".venv" / "stamp").exists()
    assert "has no pip of its own" in made.stderr
    assert "'pulumi preview' and 'pulumi up'" in made.stderr
    assert "apt-get install python3-venv" in made.stderr


def test_what_is_done_is_reported_and_where_it_fails_what_was_said_last(tmp_path: Path) -> None:
    failing = PYTHON.replace('"-m pip"*) exit 0', '"-m pip --python"*) echo "no way"; exit 3')
    made = make(tmp_path, failing)
    assert 0 != made.returncode
    assert not (tmp_path / ".venv" / "stamp").exists()
    printed = made.stdout.splitlines()
    assert printed[0].startswith(f"setup: making {tmp_path / '.venv'} with Python 3.")
    assert "each checked against its hash" in printed[1]
    assert "no way" in printed
