"""Which stored files a page may show as a small image, decided by their bytes.

A preview is decoded by the reader's browser, from untrusted bytes. So only four formats are shown,
which every browser decodes and which cannot hold scripts; SVG can, and is excluded. The type and
name in the mail only decide whether the file is read; its first bytes decide the format (WHATWG
MIME Sniffing, section 6.1). The size in pixels is limited, since a small file can fill a phone's
memory when it is decoded. A file may give several sizes, one for the whole and one for each frame,
and these may differ: the largest width and the largest height count.

* PNG: PNG Specification (Third Edition), sections 5.3, 11.2.1 and 11.3.6.2 (frames)
* JPEG: ITU-T T.81, sections B.1.1 and B.2.2
* GIF: GIF89a specification, sections 18 to 26
* WebP: RFC 9649, sections 2.5 to 2.7; RFC 6386, section 9.1
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from relay_core.record.manifest import StoredAttachment

MAX_PREVIEW_BYTES = 4_000_000
"""Larger files have no preview. In base64 that is 5.4 MB; a Lambda response has at most 6 MB."""

MAX_PREVIEW_PIXELS = 32_000_000
"""Larger images have no preview: decoded, a pixel takes four bytes."""


class ImageFormat(StrEnum):
    """The formats that are shown, by their media types."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"


_EXTENSIONS = frozenset({"png", "jpg", "jpeg", "gif", "webp"})


def may_have_preview(attachment: StoredAttachment) -> bool:
    """Whether the file is read to look for an image. Cameras often name no type."""
    return 0 < attachment.size <= MAX_PREVIEW_BYTES and (
        attachment.content_type in set(ImageFormat) or attachment.extension in _EXTENSIONS
    )


def preview_format(content: bytes) -> ImageFormat | None:
    """The format to show the bytes in; None if they are not an image, or too large to show."""
    if len(content) > MAX_PREVIEW_BYTES:
        return None
    for magic, image_format, sizes in _FORMATS:
        if magic.match(content):
            found = list(sizes(content))
            width = max((width for width, _ in found), default=0)
            height = max((height for _, height in found), default=0)
            return image_format if 0 < width * height <= MAX_PREVIEW_PIXELS else None
    return None


Size = tuple[int, int]
_MAX_STEPS = 50_000
"""How many blocks of a file are read. A file with more blocks is not shown."""
_TOO_LARGE = (MAX_PREVIEW_PIXELS + 1, 1)


def _png_sizes(content: bytes) -> Iterator[Size]:
    place = 8  # after the signature
    for _ in range(_MAX_STEPS):
        kind, data = content[place + 4 : place + 8], place + 8
        if not kind:
            return
        if kind == b"IHDR":
            yield from _pair(content, data, 4, "big")
        elif kind == b"fcTL":
            yield from _pair(content, data + 4, 4, "big")
        place = data + int.from_bytes(content[place : place + 4], "big") + 4
    yield _TOO_LARGE


def _gif_sizes(content: bytes) -> Iterator[Size]:
    yield from _pair(content, 6, 2, "little")
    place = 13 + _colour_table(content, 10)
    for _ in range(_MAX_STEPS):
        kind = content[place : place + 1]
        if kind == b"\x21":
            place += 2
        elif kind == b"\x2c":
            # A browser enlarges the canvas for a frame that lies outside of it.
            for left, top in _pair(content, place + 1, 2, "little"):
                for width, height in _pair(content, place + 5, 2, "little"):
                    yield left + width, top + height
            place += 10 + _colour_table(content, place + 9) + 1
        else:
            return
        while size := content[place] if place < len(content) else 0:
            place += 1 + size
        place += 1
    yield _TOO_LARGE


def _colour_table(content: bytes, place: int) -> int:
    """The length in bytes of the colour table that the flags at `place` announce."""
    flags = content[place] if place < len(content) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


# Start of frame; in the same range, C4 and CC are tables and C8 is reserved.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_SCAN = 0xDA
# A segment: fill bytes, a marker, and the length of what follows, itself included.
_SEGMENT = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
_MAX_SEGMENTS = 1000


def _jpeg_sizes(content: bytes) -> Iterator[Size]:
    place = 2  # after the start of image
    for _ in range(_MAX_SEGMENTS):
        segment = _SEGMENT.match(content, place)
        if segment is None:
            return
        marker, place = segment.group(1)[0], segment.end()
        if marker in _START_OF_FRAME:
            for height, width in _pair(content, place + 3, 2, "big"):
                yield width, height
        if marker == _START_OF_SCAN:
            return
        if marker not in _WITHOUT_LENGTH:
            place += int.from_bytes(content[place : place + 2], "big")
    yield _TOO_LARGE


def _webp_sizes(content: bytes) -> Iterator[Size]:
    place = 12  # after the name of the format
    for _ in range(_MAX_STEPS):
        kind, data = content[place : place + 4], place + 8
        length = int.from_bytes(content[place + 4 : place + 8], "little")
        match kind:
            case b"":
                return
            case b"VP8X" | b"ANMF":
                for width, height in _pair(
                    content, data + (4 if kind == b"VP8X" else 6), 3, "little"
                ):
                    yield width + 1, height + 1
            case b"VP8L" if content[data : data + 1] == b"\x2f" and len(content) >= data + 5:
                bits = int.from_bytes(content[data + 1 : data + 5], "little")
                yield (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
            case b"VP8 " if content[data + 3 : data + 6] == b"\x9d\x01\x2a":
                for width, height in _pair(content, data + 6, 2, "little"):
                    yield width & 0x3FFF, height & 0x3FFF  # the upper two bits are a scale
        # Chunks have even lengths; a frame contains chunks of its own.
        place = data + (16 if kind == b"ANMF" else length + length % 2)
    yield _TOO_LARGE


def _pair(
    content: bytes, place: int, width: int, order: Literal["big", "little"]
) -> Iterator[Size]:
    """Two whole numbers of `width` bytes each; nothing if the bytes end before."""
    first = content[place : place + width]
    second = content[place + width : place + 2 * width]
    if len(second) == width:
        yield int.from_bytes(first, order), int.from_bytes(second, order)


_FORMATS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ImageFormat.PNG, _png_sizes),
    (re.compile(rb"\xff\xd8\xff"), ImageFormat.JPEG, _jpeg_sizes),
    (re.compile(rb"GIF8[79]a"), ImageFormat.GIF, _gif_sizes),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), ImageFormat.WEBP, _webp_sizes),
)
