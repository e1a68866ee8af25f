"""An archive is made again only if its files changed.

Compiling and compressing take seconds, and every preview asks for the archive. A file beside it
holds two digests: of all that went in, and of the archive itself. So an archive that was changed
by hand, or that an interrupted run left without its digests, is made again.
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


def is_current(archive: Path, files_digest: str) -> bool:
    """Whether the archive exists unchanged and was made of the files of this digest."""
    try:
        return _beside(archive).read_text("utf-8") == _digests(archive, files_digest)
    except FileNotFoundError:
        return False


def write_digests(archive: Path, files_digest: str) -> None:
    """Write the digests beside a complete archive."""
    _beside(archive).write_text(_digests(archive, files_digest), "utf-8")


def _beside(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.digests")


def _digests(archive: Path, files_digest: str) -> str:
    return f"{files_digest} {hashlib.sha256(archive.read_bytes()).hexdigest()}\n"
