"""A function's archive without compiled code that this machine cannot run.

The archive holds compiled code for Lambda's arm64, and is before site-packages on the function's
path. So its copy of a package hides this machine's copy of the same version, and cannot be
imported. Such a package is left out of the emulator's archive, unless this machine can run it.
"""

from __future__ import annotations

import io
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES

_FOLDERS = ("PIL/", "pillow.libs/")
_MODULE = "PIL/_imaging"


def runnable_here(code: bytes) -> bytes:
    """The archive without packages that are compiled for another machine."""
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
