"""The function's archive: the same bytes for the same sources, complete, and small."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from shutil import copy, copytree

import pytest

from infra.functions.archive import (
    SERVICES,
    UnusableEnvironment,
    distribution_files,
    function_archive,
    read_pins,
    source_files,
    write_archive,
)
from infra.functions.bytecode import bytecode_of, runtime_python
from infra.functions.logged_function import ARCHITECTURE, RUNTIME
from infra.functions.platform_wheel import (
    NATIVE,
    PLATFORMS,
    PYTHON_VERSION,
    WheelUnavailable,
    platform_wheel,
)
from infra.functions.relay_function import HANDLER
from tests.infra.functions.elf import needed_by
from tests.infra.program import ROOT

OF_THE_PLATFORM = frozenset(
    {"ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6", "libpthread.so.0", "libz.so.1"}
)
"""Shared libraries that a wheel may expect of its platform (PEP 600, manylinux)."""

PINS = read_pins(ROOT / "requirements-runtime.txt")


def make_project(root: Path) -> Path:
    """A project with the real pins and small packages of its own."""
    root.mkdir(exist_ok=True)
    for requirements in set(NATIVE.values()):
        copy(ROOT / requirements, root)
    for package in ("relay_core", "adapters"):
        (root / package / "__pycache__").mkdir(parents=True)
        (root / package / "__init__.py").write_text(f'"""{package}"""\n', "utf-8")
        for name in ("x", "__init__.cpython-311", "__init__.cpython-313"):
            (root / package / "__pycache__" / f"{name}.pyc").write_bytes(b"of this machine")
    wheels = root / "build" / "wheels"
    wheels.mkdir(parents=True)
    for name in NATIVE:
        copy(platform_wheel(ROOT, name), wheels)
    return root


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its archive; a test that changes it takes a copy."""
    root = make_project(tmp_path_factory.mktemp("project"))
    function_archive(root)
    return root


@pytest.fixture(scope="module")
def archive(project: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(function_archive(project).path)


def digest(path: str | Path) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()


def test_the_same_sources_make_the_same_bytes_and_what_is_current_is_kept(
    project: Path, tmp_path: Path
) -> None:
    root = copytree(project, tmp_path / "project")
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
        path.chmod(0o700)
    (root / "adapters" / "notes.txt").write_text("not code", "utf-8")
    made = root / "build" / "relay-function.zip"
    copied = made.stat().st_ino
    assert function_archive(root).path == str(made)
    assert copied == made.stat().st_ino
    made.write_bytes(b"cut short")
    function_archive(root)
    assert copied != made.stat().st_ino
    assert digest(function_archive(project).path) == digest(made)


def test_another_source_makes_other_bytes(project: Path, tmp_path: Path) -> None:
    root = copytree(project, tmp_path / "project")
    before = digest(function_archive(root).path)
    (root / "relay_core" / "__init__.py").write_text("changed = True\n", "utf-8")
    assert digest(function_archive(root).path) != before


def test_entries_are_sorted_and_have_one_time_and_mode(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    assert sorted(set(names)) == names
    assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {oct(entry.external_attr >> 16) for entry in archive.infolist()} == {"0o100644"}


def test_nothing_that_depends_on_the_machine_is_in_it(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    assert not [name for name in names if name.endswith("/RECORD")]
    assert not [name for name in names if name.startswith(("..", "/"))]


def test_bytecode_is_what_the_functions_python_makes_of_the_sources_to_the_byte(
    archive: zipfile.ZipFile,
) -> None:
    # No bytecode files of this machine's Python are in it.
    names = archive.namelist()
    python = runtime_python()
    sources = {name: archive.read(name) for name in names if name.endswith(".py")}
    made = {} if python is None else bytecode_of(sources, python)
    compiled = {name for name in names if name.endswith(".pyc") or "__pycache__" in name}
    assert compiled == made.keys()
    assert [] == [name for name in made if archive.read(name) != made[name].read_bytes()]


def test_what_is_compiled_is_compiled_for_the_function(archive: zipfile.ZipFile) -> None:
    compiled = [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".dylib"))]
    assert ["pybase64/_pybase64.cpython-313-aarch64-linux-gnu.so"] == compiled
    code = archive.read(compiled[0])
    assert (b"\x7fELF", 183) == (code[:4], int.from_bytes(code[18:20], "little"))  # EM_AARCH64


def test_the_platform_is_the_functions() -> None:
    assert (f"python{PYTHON_VERSION}", "arm64") == (RUNTIME, ARCHITECTURE)
    assert all(platform.endswith("_aarch64") for platform in PLATFORMS)


def test_only_an_archive_for_previews_holds_what_makes_them(
    archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    assert not [name for name in archive.namelist() if name.startswith(("PIL/", "pillow"))]
    root = make_project(tmp_path)
    with zipfile.ZipFile(function_archive(root, previews=True).path) as larger:
        names = set(larger.namelist())
        assert set(archive.namelist()) < names
        decoders = {"PIL/_imaging", "PIL/_webp"}
        for decoder in decoders:
            code = larger.read(f"{decoder}.cpython-313-aarch64-linux-gnu.so")
            assert (b"\x7fELF", 183) == (code[:4], int.from_bytes(code[18:20], "little"))
        assert [] == [name for name in names if "avif" in name and not name.endswith(".py")]
        objects = {PurePosixPath(name).name: name for name in names if ".so" in name}
        needed = {one: needed_by(larger.read(name)) for one, name in objects.items()}
        linked = frozenset[str]().union(*needed.values())
        assert linked <= objects.keys() | OF_THE_PLATFORM
        bundled = {one for one, name in objects.items() if name.startswith("pillow.libs/")}
        assert bundled <= linked
        assert larger.filename is not None
        assert Path(larger.filename).stat().st_size < 12_000_000


def test_only_the_services_that_the_function_calls_are_described(archive: zipfile.ZipFile) -> None:
    parts = [name.split("/") for name in archive.namelist()]
    services = {part[2] for part in parts if part[:2] == ["botocore", "data"] and len(part) > 3}
    assert services == SERVICES
    assert {"botocore/data/endpoints.json", "botocore/data/partitions.json"} <= set(
        archive.namelist()
    )


def test_every_licence_travels_with_its_code(archive: zipfile.ZipFile) -> None:
    licensed = {
        name.split("/")[0].removesuffix(".dist-info").rpartition("-")[0].replace("_", "-")
        for name in archive.namelist()
        if ".dist-info/" in name and "LICENSE" in name
    }
    assert licensed == set(PINS)


def test_it_is_a_few_megabytes(archive: zipfile.ZipFile) -> None:
    assert archive.filename is not None
    assert Path(archive.filename).stat().st_size < 8_000_000


def run_alone(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program with this folder and the standard library, and nothing else, to import."""
    found = f"import sys\nsys.path.insert(0, {str(folder)!r})\n"
    return subprocess.run(
        [sys.executable, "-S", "-E", "-W", "error", "-c", found + program],
        cwd=folder,
        env={"AWS_DEFAULT_REGION": "eu-central-1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda unpacks: the archive of this repository."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(function_archive(ROOT).path) as archive:
        archive.extractall(folder)
    return folder


def test_from_the_archive_alone_the_functions_libraries_work(unpacked: Path) -> None:
    finished = run_alone(
        unpacked,
        """
import aws_lambda_powertools.metrics, aws_lambda_powertools.utilities.batch
import aws_lambda_powertools.utilities.data_classes
import boto3
for service in ("s3", "sesv2", "sns", "sqs"):
    boto3.client(service)
""",
    )
    assert (finished.returncode, finished.stderr) == (0, "")


def test_from_the_archive_alone_the_declared_handler_can_be_called(unpacked: Path) -> None:
    module, _, function = HANDLER.rpartition(".")
    finished = run_alone(unpacked, f"import {module}\nassert callable({module}.{function})\n")
    assert (finished.returncode, finished.stderr) == (0, "")


def test_from_the_archive_alone_base64_is_decoded_whatever_the_machine(unpacked: Path) -> None:
    finished = run_alone(
        unpacked,
        """
from relay_core.mime.base64_accelerator import decode
assert decode(memoryview(b"Z2F0\\r\\nZQ==")) == b"gate"
""",
    )
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_wheel_that_is_there_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert platform_wheel(root, "pybase64").parent == root / "build" / "wheels"


def test_a_wheel_that_is_not_the_pinned_one_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wheel = platform_wheel(root, "pybase64")
    kept = sorted(wheel.parent.iterdir())
    wheel.write_bytes(wheel.read_bytes() + b"more")
    with pytest.raises(
        WheelUnavailable, match=r"run `\.venv/bin/python -m infra\.functions\.platform_wheel`"
    ):
        function_archive(root)
    assert kept == sorted(wheel.parent.iterdir())


def test_a_version_that_is_not_the_pinned_one_is_refused() -> None:
    with pytest.raises(UnusableEnvironment) as raised:
        distribution_files({**PINS, "six": "1.0", "no-such-thing": "2.0"})
    text = str(raised.value)
    assert f"six {PINS['six']} is installed, 1.0 is pinned" in text
    assert "no-such-thing is not installed, 2.0 is pinned" in text


def test_a_distribution_that_is_not_pure_python_is_refused() -> None:
    with pytest.raises(UnusableEnvironment, match="grpcio is not pure Python"):
        distribution_files({"grpcio": version("grpcio")})


def test_a_missing_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableEnvironment, match="the package relay_core is not in"):
        source_files(tmp_path, ("relay_core",))


def test_an_archive_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "build" / "code.zip"
    write_archive(target, {"a.py": Path(__file__)})
    before = target.read_bytes()
    with pytest.raises(FileNotFoundError):
        write_archive(target, {"a.py": Path(__file__), "b.py": tmp_path / "missing.py"})
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["code.zip"]
