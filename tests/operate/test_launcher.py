"""The launcher `relayctl`: from any folder, in pipes, and after the checkout was moved."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SEED = ROOT / "tests" / "corpus" / "malformed" / "openssl-demo.eml"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a launcher as `make setup` creates it."""
    binaries = tmp_path / "checkout" / ".venv" / "bin"
    binaries.mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "relayctl", binaries / "relayctl")
    python = binaries / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    for package in ("operate", "relay_core"):
        shutil.copytree(ROOT / package, tmp_path / "checkout" / package)
    return tmp_path / "checkout"


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_it_runs_from_anywhere_through_a_link_and_after_a_move(checkout: Path) -> None:
    elsewhere = checkout.parent / "elsewhere"
    (elsewhere / "operate").mkdir(parents=True)
    (elsewhere / "operate" / "__init__.py").write_text("raise SystemExit('not ours')\n")
    moved = checkout.rename(checkout.parent / "moved")
    link = elsewhere / "relayctl"
    link.symlink_to(moved / ".venv" / "bin" / "relayctl")
    result = run(str(link), "inspect", "--json", str(SEED), cwd=elsewhere)
    assert (0, "") == (result.returncode, result.stderr)
    assert '"decision": "relay"' in result.stdout


def test_away_from_its_checkout_it_says_so(checkout: Path) -> None:
    astray = shutil.copy(checkout / ".venv" / "bin" / "relayctl", checkout.parent / "relayctl")
    result = run(str(astray), "--help", cwd=checkout)
    assert 1 == result.returncode
    assert "make setup" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "--json", *[str(SEED)] * 300],
        ["inspect", *[str(SEED)] * 300],
        ["rewrite", str(SEED), "--recipient", "user1@example.com"],
    ],
)
def test_a_reader_that_goes_away_ends_it_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer) as stdout:
        result = subprocess.run(
            [sys.executable, "-m", "operate", *arguments],
            cwd=ROOT,
            stdout=stdout,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (1, b"") == (result.returncode, result.stderr)


def test_a_terminal_that_lacks_a_letter_gets_a_question_mark(tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(b"Subject: =?utf-8?q?=E2=9C=93?=\r\n\r\nHello\r\n")
    shown = subprocess.run(
        [sys.executable, "-m", "operate", "inspect", str(mail)],
        cwd=ROOT,
        env=dict(os.environ, PYTHONIOENCODING="ascii"),
        capture_output=True,
        check=True,
    )
    assert b"?" in shown.stdout
    assert b"" == shown.stderr
