"""The archive's bytecode: for the function's Python, reproducible from the sources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.functions import bytecode
from infra.functions.archive import function_archive
from infra.functions.bytecode import bytecode_of, runtime_python
from infra.functions.platform_wheel import PYTHON_VERSION
from tests.infra.functions.test_archive import make_project
from tests.infra.program import ROOT

RUNNING = Path(sys.executable)
SOURCES = {
    "package/__init__.py": b'"""A package."""\n',
    "package/module.py": b'def kind(x):\n    return x in {"d", "e", "f", "g"}\n',
}


def test_the_same_sources_make_the_same_bytecode_whatever_is_compiled_with_them() -> None:
    both = bytecode_of(SOURCES, RUNNING)
    again = bytecode_of(dict(reversed(SOURCES.items())), RUNNING)
    assert both == again
    alone = bytecode_of({"package/module.py": SOURCES["package/module.py"]}, RUNNING)
    assert alone.items() <= both.items()


def test_python_runs_it_instead_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bytecode, "_TAG", sys.implementation.cache_tag)
    for name, file in bytecode_of(SOURCES, RUNNING).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(file.read_bytes())
    for name in SOURCES:
        (tmp_path / name).write_text("raise SystemExit('the source ran')\n", "utf-8")
    program = "from package import module; assert module.kind('d'); print(module.__cached__)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.stderr == ""
    assert finished.stdout.strip().endswith(".pyc")


def test_a_module_that_is_no_python_stops_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        bytecode_of({"broken.py": b"def\n"}, RUNNING)
    assert "/var/task/broken.py" in capfd.readouterr().err


def test_a_python_of_another_version_is_not_taken_for_the_functions(tmp_path: Path) -> None:
    other = tmp_path / f"python{PYTHON_VERSION}"
    other.write_text("#!/bin/sh\necho CPython 3 2\n", "utf-8")
    other.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        patch.setattr(bytecode, "_INSTALLED", ())
        patch.setattr(sys, "executable", str(other))
        assert runtime_python() is None


def test_without_that_python_the_archive_holds_sources_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.functions.archive.runtime_python", lambda: None)
    with zipfile.ZipFile(function_archive(make_project(tmp_path)).path) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".pyc")]
    assert f"no Python {PYTHON_VERSION} was found" in capsys.readouterr().err


@pytest.mark.skipif(runtime_python() is None, reason=f"no Python {PYTHON_VERSION} on this machine")
def test_with_that_python_every_module_has_its_bytecode() -> None:
    with zipfile.ZipFile(function_archive(ROOT).path) as archive:
        names = set(archive.namelist())
        compiled = {name for name in names if name.endswith(".pyc")}
        assert {bytecode._cached(name) for name in names if name.endswith(".py")} == compiled
        flags = {archive.read(name)[4:8] for name in compiled}
    assert flags == {b"\x01\x00\x00\x00"}  # PEP 552: a hash of the source, not to be checked
