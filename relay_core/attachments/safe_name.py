"""File names that are safe on every system, and the media type that a file is stored with.

A file name is the sender's claim. What becomes of it must be harmless in an S3 key, in a
Content-Disposition field, in mail and on a recipient's disk: no path, no control or
invisible or direction-changing characters (Unicode categories Cc, Cf, Cs, Co, Zl, Zp), at
most `MAX_NAME` characters, the extension kept. Two attachments of one name differ by their
index, which is part of the key. The content type that is stored is one that no browser runs.
"""

from __future__ import annotations

import re
import unicodedata

from .extensions import EXTENSIONS

MAX_NAME = 100
"""The longest safe file name, in characters."""

MAX_NAME_BYTES = 200
"""The longest safe file name, in bytes of UTF-8: file systems stop at 255, keys at 1024."""


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SEPARATOR = re.compile(r"[/\\]")
_UNSAFE = re.compile(r'[<>:"|?*]')
_BLANKS = re.compile(r" +")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?\Z")


def safe_name(filename: str | None, content_type: str, index: int) -> str:
    """A file name that is harmless everywhere; made up from type and index if there is none."""
    name = _SEPARATOR.split(filename or "")[-1]
    if not name.isprintable():  # what is in none of the categories below
        name = "".join(
            " " if unicodedata.category(character) == "Zs" else character
            for character in name
            if unicodedata.category(character) not in _INVISIBLE
        )
    # Characters that nothing invisible parts any more may make one.
    name = unicodedata.normalize("NFC", name)
    name = _BLANKS.sub(" ", _UNSAFE.sub("_", name)).strip(" .")
    if not name:
        return f"attachment-{index}{EXTENSIONS.get(content_type, '.bin')}"
    # A name cut short may end in another extension, and be reserved where it was not before.
    while (better := _shortened(f"_{name}" if _RESERVED.match(name) else name)) != name:
        name = better
    return name


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16 or len(extension.encode()) > 32:
        stem, dot, extension = name, "", ""
    room = MAX_NAME_BYTES - len(f"{dot}{extension}".encode())
    stem = stem[: MAX_NAME - len(dot) - len(extension)]
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return f"{stem}{dot}{extension}"


_SAFE_TYPES = frozenset(
    {
        "application/gzip",
        "application/json",
        "application/pdf",
        "application/zip",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/webp",
        "message/rfc822",
        "text/calendar",
        "text/csv",
        "text/plain",
        "video/mp4",
        "video/mpeg",
        "video/quicktime",
        "video/x-msvideo",
    }
)


def stored_content_type(content_type: str) -> str:
    """The type to store and serve an attachment as: never one that a browser would run."""
    return content_type if content_type in _SAFE_TYPES else "application/octet-stream"
