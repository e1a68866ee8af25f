"""The kind of content, by its first bytes, where its type is missing or unknown.

A device often says `application/octet-stream`, `image/jpg` or `html`. A person looks at the name
and opens the file; the first bytes of nearly every kind of file show the kind.
"""

from __future__ import annotations

import re

HEAD = 4096
"""How many bytes are looked at, at most."""

_MAGIC = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"%PDF-", ".pdf"),
    (b"%!PS", ".ps"),
    (b"PK\x03\x04", ".zip"),
    (b"\x1f\x8b", ".gz"),
    (b"BZh", ".bz2"),
    (b"\xfd7zXZ\0", ".xz"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"Rar!\x1a\x07", ".rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".doc"),
    (b"OggS", ".ogg"),
    (b"fLaC", ".flac"),
    (b"ID3", ".mp3"),
    (b"#!AMR", ".amr"),
    (b"\x1aE\xdf\xa3", ".mkv"),
    (b"\0\0\x01\xba", ".mpg"),
    (b"\0\0\x01\xb3", ".mpg"),
    (b"FLV\x01", ".flv"),
    (b"{\\rtf", ".rtf"),
    (b"BEGIN:VCALENDAR", ".ics"),
    (b"BEGIN:VCARD", ".vcf"),
)
_SIGNATURES = tuple(magic for magic, _ in _MAGIC)
_RIFF = {b"WAVE": ".wav", b"AVI ": ".avi", b"WEBP": ".webp"}
_BRANDS = {b"qt  ": ".mov", b"heic": ".heic", b"heix": ".heic", b"avif": ".avif", b"M4A ": ".m4a"}
_BITMAP = re.compile(rb"BM.{4}\0{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}", re.DOTALL)
_MAIL = re.compile(
    rb"(?i)(?:received|return-path|from|to|date|subject|message-id|mime-version)[ \t]*:"
)


def extension_by_content(head: bytes) -> str | None:
    """The usual extension of a file that begins with these bytes: `.pdf`; None if it is unknown.

    The signatures are those of the file formats' own specifications; `HEAD` bytes are enough.
    """
    if head.startswith(_SIGNATURES):
        return next(extension for magic, extension in _MAGIC if head.startswith(magic))
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return ".3gp" if head[8:11] == b"3gp" else _BRANDS.get(head[8:12], ".mp4")
    return ".bmp" if _BITMAP.match(head) else None


def begins_like_mail(head: bytes) -> bool:
    """Whether content begins with a field that messages begin with (RFC 5322 section 3.6)."""
    return _MAIL.match(head) is not None


PICTURES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
        *(".avif", ".heic", ".svg"),
    }
)
"""The extensions of pictures that a mail program shows, or its reader expects it to."""

# Tab, the line breaks, the form feed and the escape of ISO 2022 occur in texts.
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b\b") | {127})


def looks_like_text(head: bytes) -> bool:
    """Whether bytes can be text in a charset that extends ASCII.

    That is: no control characters but those of texts, and no signature of a file format.
    """
    return len(head.translate(None, _CONTROLS)) == len(head) and extension_by_content(head) is None


def is_surely_a_file(head: bytes) -> bool:
    """Whether bytes begin as no text does: with a signature, and control characters after it.

    The signature of PDF is enough.
    """
    has_controls = len(head.translate(None, _CONTROLS)) < len(head)
    extension = extension_by_content(head)
    return extension is not None and (has_controls or extension == ".pdf")
