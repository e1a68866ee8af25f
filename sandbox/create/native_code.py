"""A function's archive as this machine can run it.

The archive holds compiled code for Lambda's arm64. A package that does not work without its own
would hide the one of this machine's environment, which is of the same version: it stands before
site-packages on the function's path. So it is left out of what the emulator gets, unless this
machine runs it.
"""

from __future__ import annotations

import io
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES

_FOLDERS = ("PIL/", "pillow.libs/")
_MODULE = "PIL/_imaging"


def runnable_here(code: bytes) -> bytes:
    """The archive without packages whose compiled code is of another machine."""
    with zipfile.ZipFile(io.BytesIO(code)) as archive:
        names = set(archive.namelist())
        has_it = any(name.startswith(_FOLDERS) for name in names)
        if not has_it or any(_MODULE + suffix in names for suffix in EXTENSION_SUFFIXES):
            return code
        kept = io.BytesIO()
        with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as runnable:
            for entry in archive.infolist():
                if not entry.filename.startswith(_FOLDERS):
                    runnable.writestr(entry, archive.read(entry))
    return kept.getvalue()
