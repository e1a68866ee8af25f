"""The Content-Disposition header of a download (RFC 6266), safe for any file name.

A file name comes from a stranger's mail and goes into an HTTP header that S3 stores and
serves, and into presigned URLs. So what leaves here is one line of printable ASCII, whatever
went in: nothing can end the header or the quoted string. Two parameters carry the name:
`filename*` exactly, in UTF-8 (RFC 8187), and before it `filename`, an ASCII stand-in for
clients that know only that (RFC 6266 section 4.3 and appendix D). `filename*` is left out
where the stand-in already is the name.

What no file system takes is replaced by `_` in both: control characters, path separators,
characters that turn the direction of text (an `exe` dressed as `txt`), lone surrogates.
"""

from __future__ import annotations

import re
from urllib.parse import quote

MAX_FILENAME = 255
"""Bytes of UTF-8: the longest name that common file systems take."""

_FALLBACK_NAME = "attachment"

_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters (C0, DEL, C1)
    "/\\\\"  # path separators
    "\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c"  # marks, embeddings, overrides of direction
    "\u2028\u2029"  # line and paragraph separator
    "\ud800-\udfff"  # lone surrogates have no UTF-8
    "]"
)
# In a quoted-string `"` and `\` would need escapes that clients read differently, and some
# decode `%` sequences there (RFC 6266 appendix D).
_NOT_IN_STAND_IN = re.compile(r'[^ -~]|["\\%]')
_ATTR_CHAR = "!#$&+-.^_`|~"  # RFC 8187 section 3.2.1, besides letters and digits


def format_attachment_disposition(filename: str) -> str:
    """`attachment`, with the file name as clients old and new read it.

    A name over `MAX_FILENAME` bytes is cut before its extension; an empty one becomes
    `attachment`.
    """
    name = _shortened(_UNSAFE.sub("_", filename).strip()) or _FALLBACK_NAME
    ascii_name = _NOT_IN_STAND_IN.sub("_", name)
    disposition = f'attachment; filename="{ascii_name}"'
    if ascii_name == name:
        return disposition
    return f"{disposition}; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def _shortened(name: str) -> str:
    if len(name.encode()) <= MAX_FILENAME:
        return name
    stem, dot, extension = name.rpartition(".")
    suffix = f"{dot}{extension}" if stem and len(extension.encode()) <= 16 else ""
    room = MAX_FILENAME - len(suffix.encode())
    kept = name.removesuffix(suffix).encode()[:room].decode(errors="ignore")
    return kept + suffix
