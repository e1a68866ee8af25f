"""Finds Pulumi's CLI, which contains the engine, and checks its version.

`make engine` builds it into `build/bin` (scripts/make_engine.sh). A version fits if it has the
major version of the installed `pulumi` package and is not older: an engine serves older SDKs
(Pulumi docs, "Versioning").
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
BUILT = _ROOT / "build" / "bin" / "pulumi"
"""The CLI that `make engine` builds."""


class NoEngine(Exception):
    """There is no fitting CLI; the message says what to do."""


def find_pulumi() -> Path:
    """The fitting CLI: the built one, or the one on PATH.

    Raises:
        NoEngine: if there is none.
    """
    on_path = shutil.which("pulumi")
    candidates = [BUILT, *([Path(on_path)] if on_path else [])]
    unfit = []
    for candidate in candidates:
        if not os.access(candidate, os.X_OK):
            continue
        found = version_of(candidate)
        if found is not None and _fits(found):
            return candidate
        unfit.append(f"{candidate} is version {found or 'unknown'}")
    raise NoEngine(
        f"no Pulumi CLI fits the pulumi package {version('pulumi')}"
        f"{''.join(f'; {text}' for text in unfit)}. `make engine` builds one, with Go"
    )


@cache
def version_of(pulumi: Path) -> str | None:
    """What a CLI says is its version, without a `v`; None if it cannot be asked. Asked once."""
    try:
        answer = subprocess.run(
            [pulumi, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip().removeprefix("v")


def _fits(found: str) -> bool:
    ours, theirs = _numbers(version("pulumi")), _numbers(found)
    return theirs[:1] == ours[:1] and theirs >= ours


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version: 3.274.1-alpha.2 is 3, 274, 1."""
    release = text.partition("-")[0].partition("+")[0]
    return tuple(int(part) for part in release.split(".") if part.isdigit())


def main() -> int:
    """Print the path of the fitting CLI; status 1 and an error line if there is none."""
    try:
        sys.stdout.write(f"{find_pulumi()}\n")
    except NoEngine as error:
        sys.stderr.write(f"engine: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
