"""Unpacks a function's archive once, for all its workers.

The emulator unpacks the whole archive for each worker, and each worker compiles its imports: over
a second of processor time. Here, a worker's folder is a link to one that all workers of the
archive share while the emulator runs. On AWS the code is read-only, so no worker changes it.
Python writes compiled files beside it, which the next worker reads.

It replaces the `zipfile` of `ministack.core.lambda_runtime` (1.5.33).
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

from ministack.core import lambda_runtime

_lock = threading.Lock()
_unpacked: dict[str, Path] = {}
"""By the archive's digest."""


class _SharedArchive(zipfile.ZipFile):
    def extractall(  # type: ignore[override] # it is called with a folder only
        self, folder: str
    ) -> None:
        """Replace the empty folder by a link to the shared one."""
        archive = Path(str(self.filename))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        with _lock:
            if digest not in _unpacked:
                shared = Path(tempfile.mkdtemp(prefix="code-"))
                super().extractall(shared)
                _unpacked[digest] = shared
        place = Path(folder)
        place.rmdir()
        place.symlink_to(_unpacked[digest])


def install() -> None:
    """Let all workers of an archive share its files."""
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": _SharedArchive})
