"""What an archive was made of: one whose files are the same is not made again.

To compile and to compress takes seconds, and every preview asks for the archive. Beside it lies a
file with two digests: of all that went in, and of the archive itself. So an archive that somebody
changed, or that a run left without its digests, is made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from .bytecode import File


def digest_of(files: Mapping[str, File], python: Path | None) -> str:
    """The digest of files by their names, of the Python that compiles them, and of this code."""
    digest = hashlib.sha256()
    for name in sorted(files):
        content = files[name].read_bytes()
        digest.update(f"{name} {len(content)}\n".encode() + content)
    for ours in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(ours.read_bytes())
    if python is not None:
        program = python.resolve()
        digest.update(f"{program} {program.stat().st_mtime_ns}".encode())
    return digest.hexdigest()


def is_made_of(archive: Path, made_of: str) -> bool:
    """Whether the archive is there, as it was written, and was made of that."""
    try:
        noted = _beside(archive).read_text("utf-8")
        return noted == _note(archive, made_of)
    except FileNotFoundError:
        return False


def note_what_it_is_made_of(archive: Path, made_of: str) -> None:
    """Write the digests beside an archive that is whole."""
    _beside(archive).write_text(_note(archive, made_of), "utf-8")


def _beside(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.made-of")


def _note(archive: Path, made_of: str) -> str:
    return f"{made_of} {hashlib.sha256(archive.read_bytes()).hexdigest()}\n"
