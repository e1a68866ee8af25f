"""Which stored files a page may show as a small image, decided by their bytes.

A preview is shown by the reader's browser, which decodes what a stranger sent. So it is one of
four formats that every browser decodes and none runs; SVG, which can hold scripts, is none of
them. What the mail calls a file only says whether looking is worth it: its first bytes decide
(WHATWG MIME Sniffing, section 6.1), and its own size in pixels keeps a small file from filling
the memory of a phone once it is decoded.

* PNG: ISO/IEC 15948, sections 5.2 and 11.2.2
* JPEG: ITU-T T.81, sections B.1.1 and B.2.2
* GIF: GIF89a specification, sections 17 and 18
* WebP: RFC 9649, sections 2.5 to 2.7; RFC 6386, section 9.1
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal

from .manifest import StoredAttachment

MAX_PREVIEW_BYTES = 4_000_000
"""Larger files have no preview. In base64 that is 5.4 MB; Lambda answers with 6 MB at the most."""

MAX_PREVIEW_PIXELS = 32_000_000
"""Larger images have no preview: decoded, a pixel takes four bytes."""


class ImageFormat(StrEnum):
    """The formats that are shown, by their media types."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"


_EXTENSIONS = (".png", ".jpg", ".jpeg", ".gif", ".webp")


def may_have_preview(attachment: StoredAttachment) -> bool:
    """Whether looking into the file for an image is worth it. Cameras often name no type."""
    return 0 < attachment.size <= MAX_PREVIEW_BYTES and (
        attachment.content_type in set(ImageFormat)
        or attachment.filename.lower().endswith(_EXTENSIONS)
    )


def preview_format(content: bytes) -> ImageFormat | None:
    """What to show the bytes as; None if they are no image, or one that is too large to show."""
    if len(content) > MAX_PREVIEW_BYTES:
        return None
    for magic, image_format, measure in _FORMATS:
        if magic.match(content):
            size = measure(content)
            shown = size is not None and 0 < size[0] * size[1] <= MAX_PREVIEW_PIXELS
            return image_format if shown else None
    return None


def _png_size(content: bytes) -> tuple[int, int] | None:
    return _pair(content, 16, 4, "big")


def _gif_size(content: bytes) -> tuple[int, int] | None:
    return _pair(content, 6, 2, "little")


# Start of frame, except where the same row of markers holds tables (C4, CC) or a reserve (C8).
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN = 0xDA
# A segment: fill bytes, a marker, and the length of what follows, itself included.
_SEGMENT = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_MAX_SEGMENTS = 1000


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    place = 2  # after the start of image
    for _ in range(_MAX_SEGMENTS):
        segment = _SEGMENT.match(content, place)
        if segment is None:
            return None
        marker, place = segment.group(1)[0], segment.end()
        if marker in _START_OF_FRAME:
            size = _pair(content, place + 3, 2, "big")  # the height comes first
            return size and (size[1], size[0])
        if marker == _START_OF_SCAN:
            return None
        if marker not in _WITHOUT_LENGTH:
            place += int.from_bytes(content[place : place + 2], "big")
    return None


def _webp_size(content: bytes) -> tuple[int, int] | None:
    match content[12:16]:
        case b"VP8X":
            less_one = _pair(content, 24, 3, "little")
            return less_one and (less_one[0] + 1, less_one[1] + 1)
        case b"VP8L" if content[20:21] == b"\x2f" and len(content) >= 25:
            bits = int.from_bytes(content[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if content[23:26] == b"\x9d\x01\x2a":
            scaled = _pair(content, 26, 2, "little")  # the upper two bits are a scale
            return scaled and (scaled[0] & 0x3FFF, scaled[1] & 0x3FFF)
    return None


def _pair(
    content: bytes, place: int, width: int, order: Literal["big", "little"]
) -> tuple[int, int] | None:
    """Two whole numbers of `width` bytes each; None if the bytes end before."""
    first = content[place : place + width]
    second = content[place + width : place + 2 * width]
    if len(second) < width:
        return None
    return int.from_bytes(first, order), int.from_bytes(second, order)


_FORMATS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ImageFormat.PNG, _png_size),
    (re.compile(rb"\xff\xd8\xff"), ImageFormat.JPEG, _jpeg_size),
    (re.compile(rb"GIF8[79]a"), ImageFormat.GIF, _gif_size),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), ImageFormat.WEBP, _webp_size),
)
