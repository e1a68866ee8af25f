"""The archive's modules, compiled for the Python that runs them.

A function's folder on Lambda is read-only: without bytecode in the archive, each new container
compiles all that it imports, which is half of a cold start. Bytecode depends on the minor version
of Python, not on the processor. So it is made if this machine has the function's version
(`PYTHON_VERSION`): the running Python, one on the PATH, or one installed by pyenv or uv.

It has no reference counts, which differ from run to run (marshal's version 2 has none). It is
marked as not to be checked against its source (PEP 552, unchecked hash-based pycs). A Python of
another version ignores it, and compiles the sources. These stay in the archive, so that tracebacks
show their lines.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Protocol

from .platform_wheel import PYTHON_VERSION

_TAG = "cpython-" + PYTHON_VERSION.replace(".", "")
_INSTALLED = (
    f"{os.environ.get('PYENV_ROOT', '~/.pyenv')}/versions",
    "~/.local/share/uv/python",
)
_ASK = "import platform, sys; print(platform.python_implementation(), *sys.version_info[:2])"
_ANSWER = f"CPython {PYTHON_VERSION.replace('.', ' ')}"
_COMPILE = """
import base64, importlib.util, json, marshal, sys, _imp

compiled = {}
for name, source in json.load(sys.stdin).items():
    text = base64.b64decode(source)
    code = compile(text, f"/var/task/{name}", "exec", dont_inherit=True, optimize=0)
    hashed = importlib.util.source_hash(text)
    head = importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little") + hashed
    compiled[name] = base64.b64encode(head + marshal.dumps(code, 2)).decode()
json.dump(compiled, sys.stdout)
"""


class File(Protocol):
    """The source of one file of the archive: on disk, in a wheel, or in memory."""

    def read_bytes(self) -> bytes:
        """The file's content."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """A file of the archive with generated content."""

    content: bytes

    def read_bytes(self) -> bytes:
        """The file's content."""
        return self.content


def runtime_python() -> Path | None:
    """A Python of this machine with the function's version; None if there is none."""
    return next(filter(_fits, _candidates()), None)


@cache
def _fits(python: Path) -> bool:
    answer = subprocess.run(  # noqa: S603 - the arguments are ours
        [python, "-E", "-S", "-c", _ASK], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() == _ANSWER


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    name = f"python{PYTHON_VERSION}"
    if found := shutil.which(name):
        yield Path(found)
    for folder in _INSTALLED:
        yield from sorted(Path(folder).expanduser().glob(f"*{PYTHON_VERSION}*/bin/{name}"))


def bytecode_of(sources: Mapping[str, bytes], python: Path) -> dict[str, InMemory]:
    """Name in the archive → bytecode, of modules by their names in the archive.

    Raises:
        subprocess.CalledProcessError: if one of them is not valid Python; its output goes to
            standard error.
    """
    sources_json = {name: base64.b64encode(sources[name]).decode() for name in sorted(sources)}
    answered = subprocess.run(  # noqa: S603 - likewise
        [python, "-E", "-S", "-W", "ignore", "-c", _COMPILE],
        input=json.dumps(sources_json),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return {
        _cached(name): InMemory(base64.b64decode(compiled))
        for name, compiled in json.loads(answered.stdout).items()
    }


def _cached(name: str) -> str:
    """The path of a module's bytecode (PEP 3147)."""
    path = PurePosixPath(name)
    return str(path.parent / "__pycache__" / f"{path.stem}.{_TAG}.pyc")
