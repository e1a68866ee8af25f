"""Wheels for the function's platform, on any machine that deploys.

A distribution that is not pure Python has one wheel for each platform. The function's wheel
(`PLATFORMS`, `PYTHON_VERSION`) is downloaded by pip, which checks it against the hashes in the
requirements, and stored in `build/wheels`. `make setup` downloads it (`python -m
infra.functions.platform_wheel`), so that making an archive later needs no network. A stored wheel
is checked against the hashes again each time.

pip handles the names of wheels, their tags (PEP 425, PEP 600) and their source; only the check of
a stored wheel is done here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pulumi

PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_28_aarch64")
"""The function's architecture, arm64, on C libraries that are older than Lambda's own: that of
`python3.13` is glibc 2.34 (Amazon Linux 2023)."""

PYTHON_VERSION = "3.13"
"""The function's Python."""

RUNTIME, PREVIEWS = "requirements-runtime.txt", "requirements-previews.txt"
"""The pins of the functions' distributions: always, and for pictures in mails."""

NATIVE = {"pybase64": RUNTIME, "pillow": PREVIEWS}
"""The distributions that are not pure Python, with the file that pins each."""

_TAG = "cp" + PYTHON_VERSION.replace(".", "")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class WheelUnavailable(pulumi.RunError):
    """There is no wheel for the function's platform, neither stored nor for pip."""


def platform_wheel(root: Path, name: str) -> Path:
    """The wheel of a distribution of `NATIVE`, as pinned in the folder `root`.

    Raises:
        WheelUnavailable: if it is not in `build/wheels` and cannot be downloaded; with pip's error
            and what to do.
    """
    requirement = _requirement(root / NATIVE[name], name)
    folder = root / "build" / "wheels"
    if (kept := _kept(folder, name, requirement)) is not None:
        return kept
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as temporary:
        _fetch(Path(temporary), requirement)
        for wheel in Path(temporary).glob("*.whl"):
            wheel.replace(folder / wheel.name)
    if (fetched := _kept(folder, name, requirement)) is None:
        raise WheelUnavailable(f"pip fetched no wheel of {name} for {PLATFORMS[-1]} and {_TAG}")
    return fetched


def _requirement(requirements: Path, name: str) -> str:
    """The lines that pin a distribution, hashes included."""
    text = requirements.read_text(encoding="utf-8")
    match = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*\n?", text, re.MULTILINE)
    if match is None:
        raise WheelUnavailable(f"{requirements.name} does not pin {name}")
    return match.group()


def _kept(folder: Path, name: str, requirement: str) -> Path | None:
    pinned = set(_HASH.findall(requirement))
    for wheel in sorted(folder.glob(f"{name}-*-{_TAG}-{_TAG}-*.whl")):
        fits = any(platform in wheel.name for platform in PLATFORMS)
        if fits and sha256(wheel.read_bytes()).hexdigest() in pinned:
            return wheel
    return None


def _fetch(folder: Path, requirement: str) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(requirement, encoding="utf-8")
    arguments = [
        *("download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"),
        *("--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--abi={_TAG}"),
        *(f"--platform={platform}" for platform in PLATFORMS),
        f"--python-version={PYTHON_VERSION}",
        *("--dest", str(folder), "--requirement", str(requirements)),
    ]
    said = ""
    for python in _pythons():
        finished = subprocess.run(  # noqa: S603 - the arguments are ours
            [python, "-m", "pip", *arguments], capture_output=True, text=True, check=False
        )
        if finished.returncode == 0:
            return
        said = said or finished.stderr.strip()
    name = requirement.partition("==")[0]
    raise WheelUnavailable(
        f"the wheel of {name} for the function ({PLATFORMS[-1]}, Python {PYTHON_VERSION}) is not"
        " in build/wheels and cannot be fetched. With the package index in reach, run "
        f"`.venv/bin/python -m infra.functions.platform_wheel`. pip says:\n{said}"
    )


def _pythons() -> Iterator[str]:
    """The Pythons whose pip is tried: the running one, and the one of its environment."""
    yield sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) / "bin" / f"python{version}"
    if base.is_file() and base != Path(sys.executable):
        yield str(base)


def main() -> None:
    """Download the missing wheels."""
    root = Path(__file__).resolve().parent.parent.parent
    for name in NATIVE:
        try:
            platform_wheel(root, name)
        except WheelUnavailable as unavailable:
            raise SystemExit(f"setup: {unavailable}") from None


if __name__ == "__main__":
    main()
