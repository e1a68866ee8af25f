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


def test_an_environment_without_pip_says_what_pulumi_needs(tmp_path: Path) -> None:
    python, lock = tmp_path / "python", tmp_path / "requirements.txt"
    python.write_text(PYTHON.format(python=sys.executable), "utf-8")
    python.chmod(0o755)
    lock.touch()
    made = subprocess.run(
        [
            *("sh", ROOT / "scripts" / "make_venv.sh"),
            *(tmp_path / ".venv", lock, tmp_path / ".venv" / "stamp"),
        ],
        env={"PYTHON": str(python), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "has no pip of its own" in made.stderr
    assert "'pulumi preview' and 'pulumi up'" in made.stderr
    assert "apt-get install python3-venv" in made.stderr
