"""Which Pulumi CLI is used, and the error if none fits."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from sandbox.engine import cli

OURS = version("pulumi")
MAJOR = int(OURS.partition(".")[0])


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path of the built CLI, without one there or on PATH."""
    file = tmp_path / "build" / "pulumi"
    file.parent.mkdir()
    monkeypatch.setattr(cli, "BUILT", file)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    return file


def put(file: Path, says: str) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("found", [f"v{OURS}", OURS, f"v{MAJOR}.9999.0", f"v{MAJOR}.9999.0-dev"])
def test_one_of_our_major_version_that_is_not_older_fits(built: Path, found: str) -> None:
    put(built, found)
    assert cli.find_pulumi() == built


@pytest.mark.parametrize(
    "found", [f"v{MAJOR}.1.0", f"v{MAJOR + 1}.0.0", f"v{MAJOR - 1}.999.0", ""]
)
def test_any_other_is_refused_and_named(built: Path, found: str) -> None:
    put(built, found)
    with pytest.raises(cli.NoEngine) as caught:
        cli.find_pulumi()
    assert OURS in str(caught.value)
    assert f"{built} is version {found.removeprefix('v') or 'unknown'}" in str(caught.value)
    assert "make engine" in str(caught.value)


def test_one_that_cannot_be_asked_does_not_count(built: Path) -> None:
    built.write_text("no program")
    built.chmod(0o755)
    with pytest.raises(cli.NoEngine, match="is version unknown"):
        cli.find_pulumi()


def test_the_built_one_goes_before_the_one_on_path(built: Path, tmp_path: Path) -> None:
    on_path = put(tmp_path / "path" / "pulumi", OURS)
    assert cli.find_pulumi() == on_path
    put(built, OURS)
    assert cli.find_pulumi() == built


def test_without_any_it_says_what_to_do(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not built.exists()
    assert cli.main() == 1
    assert "`make engine` builds one" in capsys.readouterr().err
