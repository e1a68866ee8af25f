"""Unpacks a function's archive once, for all its workers.

The emulator unpacks the whole archive for each worker, and each compiles what it imports: over
a second of processor time a worker. Here, the folder of a worker leads to one that all workers of
the same archive share, for as long as the emulator runs. On AWS the code is read-only, so that no
worker changes it for another; what Python compiles is written beside it, and read by the next.

It takes the place of the `zipfile` that `ministack.core.lambda_runtime` (1.5.33) unpacks with.
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
    def extractall(  # type: ignore[override] # it is called with a folder, and nothing else
        self, folder: str
    ) -> None:
        """Let the folder, which is empty, be a link to the shared one."""
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
