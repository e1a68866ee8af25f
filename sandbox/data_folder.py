"""The data folder of a sandbox, and the lock that keeps a second sandbox out.

A file in the folder is locked while the sandbox runs (flock(2)). The lock belongs to the open
file, which no child inherits. So the kernel releases it however the sandbox ends.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_NAME = "sandbox.lock"


class UnusableFolder(Exception):
    """The folder cannot be used; the message says why, in one line."""


@contextmanager
def data_folder(wanted: Path | None) -> Iterator[Path]:
    """The folder, created if it is missing, for the exclusive use of this sandbox.

    It is locked as long as the context lasts. None means a temporary folder, which is removed at
    the end.

    Raises:
        UnusableFolder: if it cannot be written, or another sandbox uses it.
    """
    if wanted is None:
        with tempfile.TemporaryDirectory(
            prefix="mail-relay-sandbox-", ignore_cleanup_errors=True
        ) as made:
            yield Path(made)
        return
    # Resolved, because paths written to files must be valid from any folder.
    data = Path(os.path.realpath(wanted))
    try:
        data.mkdir(parents=True, exist_ok=True)
        # Mode "a+" does not empty it: it names the sandbox that has the lock.
        lock = (data / LOCK_NAME).open("a+", encoding="ascii", errors="replace")
    except OSError as error:
        raise UnusableFolder(f"--data {wanted}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.readline(20).strip()
            raise UnusableFolder(
                f"--data {wanted}: the sandbox with process id {holder} uses this folder; end it,"
                " or give another folder"
            ) from None
        except OSError as error:
            raise UnusableFolder(f"--data {wanted}: {error.strerror}") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield data
