"""The function's code as one zip, the same bytes for the same sources.

Pulumi compares an archive by its content. If the content depended on the time or place of its
creation, every preview would show a change. So names are sorted, times and modes are fixed, and
files of Python or an installer (`__pycache__`, `RECORD`) are left out.

It contains our own packages and every distribution that `requirements-runtime.txt` pins, from the
running environment, after a check of their versions. Those are pure Python; others come from their
wheel for the function's platform (`platform_wheel`). So an archive made on any machine runs on
Lambda's arm64. Most of boto3's size is the descriptions of AWS's services; only those of the
called services are included. Licences and metadata are included with the code.

The archive also contains the modules' bytecode, if it can be made (`bytecode`), and the roots of
AWS's certificates (`trust_anchors`).
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pulumi

from .build_cache import digest_of, is_current, write_digests
from .bytecode import File, InMemory, bytecode_of, runtime_python
from .platform_wheel import NATIVE, PREVIEWS, PYTHON_VERSION, RUNTIME, platform_wheel
from .trust_anchors import amazon_roots

PACKAGES = ("relay_core", "adapters")
"""Our own packages that the function runs."""

SERVICES = frozenset({"events", "s3", "sesv2", "sns", "sqs", "ssm", "sts"})
"""The services, by botocore's names, whose descriptions go into the archive."""

AMAZON_ROOTS_FILE = "adapters/aws/amazon-roots.pem"
"""Amazon's roots, beside the module that reads them (`adapters.aws.connections`)."""

_STORE = "botocore/cacert.pem"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_REGULAR_FILE_0644 = 0o100644 << 16
_UNIX = 3
_COMPILED = (".so", ".pyd", ".dylib")
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
_UNUSED = re.compile(
    r"PIL/_?(avif|imagingft|imagingtk|imagingcms)\b|pillow\.libs/lib(avif|brotli|freetype|harfbuzz|lcms|png)"
)
"""Formats and fonts of Pillow that are not used for pictures (`adapters.imaging`)."""
_KEPT_METADATA = re.compile(r"METADATA\Z|(licenses/(.+/)?)?(LICENSE|NOTICE|COPYING)[^/]*\Z")


class UnusableEnvironment(pulumi.RunError):
    """The running environment lacks something that the archive needs."""


def function_archive(root: Path, *, previews: bool = False) -> pulumi.FileArchive:
    """The archive of the project in the folder `root`, written to `build/` there.

    With `previews` it contains Pillow for pictures of images, which is larger than all the rest.

    Raises:
        UnusableEnvironment: naming what is missing, not of the pinned version, or native.
        WheelUnavailable: if a wheel for the function's platform is not available.
    """
    pinned = (RUNTIME, PREVIEWS) if previews else (RUNTIME,)
    pins = {name: one for file in pinned for name, one in read_pins(root / file).items()}
    target = root / "build" / f"relay-function{'-previews' if previews else ''}.zip"
    files: dict[str, File] = {**source_files(root, PACKAGES), **distribution_files(pins)}
    for name, file in NATIVE.items():
        if file in pinned:
            files |= wheel_files(platform_wheel(root, name))
    python = runtime_python()
    if python is None:
        pulumi.log.info(
            f"no Python {PYTHON_VERSION} was found on this machine: the functions' archive holds"
            " no bytecode, and a new container takes longer to start. With a"
            f" python{PYTHON_VERSION} on the PATH, deploy again"
        )
    files_digest = digest_of(files, python)
    if not is_current(target, files_digest):
        if python is not None:
            modules = {
                name: one.read_bytes() for name, one in files.items() if name.endswith(".py")
            }
            files |= bytecode_of(modules, python)
        files[AMAZON_ROOTS_FILE] = InMemory(_roots(files[_STORE]))
        write_archive(target, files)
        write_digests(target, files_digest)
    return pulumi.FileArchive(str(target))


def _roots(store: File) -> bytes:
    try:
        return amazon_roots(store.read_bytes())
    except LookupError as error:
        raise UnusableEnvironment(
            f"the functions' archive cannot be made: {error} is not in {_STORE}"
        ) from error


def read_pins(requirements: Path) -> dict[str, str]:
    """Name → version of each distribution that the file pins."""
    return {
        pin["name"]: pin["version"]
        for line in requirements.read_text(encoding="utf-8").splitlines()
        if (pin := _PIN.match(line))
    }


def source_files(root: Path, packages: Sequence[str]) -> dict[str, Path]:
    """Name in the archive → file, of our own packages.

    Raises:
        UnusableEnvironment: if a package is not in the folder `root`.
    """
    files = {}
    for package in packages:
        folder = root / package
        if not (folder / "__init__.py").is_file():
            raise UnusableEnvironment(f"the package {package} is not in {root}")
        for path in folder.rglob("*.py"):
            files[path.relative_to(root).as_posix()] = path
    return files


def distribution_files(pins: Mapping[str, str]) -> dict[str, Path]:
    """Name in the archive → file, of the pinned distributions that are pure Python.

    The others (`NATIVE`) must be installed too, so that the tested versions are deployed.

    Raises:
        UnusableEnvironment: naming every distribution that is not installed, not of the pinned
            version, or not pure Python.
    """
    files: dict[str, Path] = {}
    faults = []
    for name, pinned in pins.items():
        try:
            found = distribution(name)
        except PackageNotFoundError:
            faults.append(f"{name} is not installed, {pinned} is pinned")
            continue
        if found.version != pinned:
            faults.append(f"{name} {found.version} is installed, {pinned} is pinned")
            continue
        if name in NATIVE:
            continue
        for file in _kept(map(str, found.files or ())):
            if file.endswith(_COMPILED):
                faults.append(f"{name} is not pure Python: it contains {file}")
            files[file] = Path(str(found.locate_file(file)))
    if faults:
        raise UnusableEnvironment(
            "the function's archive cannot be made; run `make setup`:\n  " + "\n  ".join(faults)
        )
    return files


def wheel_files(wheel: Path) -> dict[str, zipfile.Path]:
    """Name in the archive → file, of a wheel (PEP 427: its files are laid out as installed)."""
    with zipfile.ZipFile(wheel) as content:
        names = [entry.filename for entry in content.infolist() if not entry.is_dir()]
    return {name: zipfile.Path(wheel, name) for name in _kept(names)}


def _kept(files: Iterable[str]) -> Iterator[str]:
    for file in files:
        first, *rest = parts = file.split("/")
        if first == ".." or "__pycache__" in parts:
            continue  # programs of the environment's bin, and compiled files
        if first.endswith(".dist-info"):
            if _KEPT_METADATA.match("/".join(rest)):
                yield file
        elif _UNUSED.match(file) or (first in {"boto3", "botocore"} and _is_unused_data(rest)):
            continue
        else:
            yield file


def _is_unused_data(parts: Sequence[str]) -> bool:
    """Whether a file of boto3 or botocore describes a service that the function does not call.

    Files directly in `data` (endpoints, partitions, retries, defaults) apply to all services.
    """
    return parts[0] == "examples" or (
        parts[0] == "data" and len(parts) > 2 and parts[1] not in SERVICES
    )


def write_archive(target: Path, files: Mapping[str, File]) -> None:
    """Write a zip of `files` (name in it → file) to `target` atomically."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for entry, content in _entries(files):
                archive.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=9)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _entries(files: Mapping[str, File]) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    for name in sorted(files):
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.create_system = _UNIX
        entry.external_attr = _REGULAR_FILE_0644
        yield entry, files[name].read_bytes()
