"""A preview is shown only of an image by its bytes, and only up to a size for phones."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.keys import AttachmentKey
from relay_core.links.preview import (
    MAX_PREVIEW_BYTES,
    MAX_PREVIEW_PIXELS,
    ImageFormat,
    may_have_preview,
    preview_format,
)
from relay_core.record.manifest import StoredAttachment

LARGEST = (8000, MAX_PREVIEW_PIXELS // 8000)
TOO_LARGE = (LARGEST[0], LARGEST[1] + 1)


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + bytes(9)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + bytes(3)


def jpeg(width: int, height: int) -> bytes:
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 300) + b"\xff\xc0" * 150
    table = b"\xff\xff\xc4" + struct.pack(">H", 2 + 5) + b"table"
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 8 + 9, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + exif + table + frame + b"\xff\xda"


def webp(chunk: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def webp_extended(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X" + struct.pack("<I", 10) + bytes(4) + size)


def webp_lossless(width: int, height: int) -> bytes:
    bits = (width - 1) | (height - 1) << 14
    return webp(b"VP8L" + struct.pack("<I", 5) + b"\x2f" + bits.to_bytes(4, "little"))


def webp_lossy(width: int, height: int) -> bytes:
    frame = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width | 0x4000, height)
    return webp(b"VP8 " + struct.pack("<I", len(frame)) + frame)


MAKERS: dict[Callable[[int, int], bytes], ImageFormat] = {
    png: ImageFormat.PNG,
    gif: ImageFormat.GIF,
    jpeg: ImageFormat.JPEG,
    webp_extended: ImageFormat.WEBP,
    webp_lossless: ImageFormat.WEBP,
    webp_lossy: ImageFormat.WEBP,
}
IMAGES = [make(40, 30) for make in MAKERS]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_an_image_is_known_by_its_bytes_and_bounded_by_its_pixels(
    make: Callable[[int, int], bytes],
) -> None:
    assert MAKERS[make] is preview_format(make(40, 30))
    assert MAKERS[make] is preview_format(make(*LARGEST))
    assert preview_format(make(*TOO_LARGE)) is None
    assert preview_format(make(40, 30) + bytes(MAX_PREVIEW_BYTES)) is None


@pytest.mark.parametrize("make", [png, gif, jpeg, webp_lossy], ids=lambda make: make.__name__)
def test_an_image_without_a_pixel_is_none(make: Callable[[int, int], bytes]) -> None:
    assert preview_format(make(0, 30)) is None
    assert preview_format(make(40, 0)) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"\n" + png(40, 30),
        b"GIF88a" + gif(40, 30)[6:],
        b"\xff\xd8\xff\xda\0\2",  # a scan before any frame
        b"\xff\xd8" + b"\xff\xd0" * 2000 + jpeg(40, 30)[2:],
        b"\xff\xd8\xff\xe0\0\0" * 10,
        webp(b"VP8?" + bytes(20)),
        webp(b"VP8L\5\0\0\0\0" + bytes(4)),
    ],
)
def test_anything_else_is_no_image(content: bytes) -> None:
    assert preview_format(content) is None


@given(
    st.binary(max_size=60)
    | st.sampled_from(IMAGES).flatmap(
        lambda image: st.integers(0, len(image)).map(lambda end: image[:end])
    )
)
def test_whatever_the_bytes_are_they_are_read_without_an_error(content: bytes) -> None:
    assert preview_format(content) in {None, *ImageFormat}


@given(st.sampled_from(IMAGES), st.binary(max_size=200))
def test_what_follows_the_size_can_only_make_it_larger(image: bytes, rest: bytes) -> None:
    assert preview_format(image + rest) in {preview_format(image), None}


def gif_frame(width: int, height: int, left: int = 0) -> bytes:
    comment = b"\x21\xfe\x03abc\x00"
    return comment + b"\x2c" + struct.pack("<HHHH", left, 0, width, height) + b"\x00\x02\x01x\x00"


def png_frame(width: int, height: int) -> bytes:
    control = struct.pack(">IIIII", 0, width, height, 0, 0) + bytes(6)
    text = struct.pack(">I", 3) + b"tEXtabc" + bytes(4)
    return text + struct.pack(">I", len(control)) + b"fcTL" + control + bytes(4)


def webp_frame(width: int, height: int) -> bytes:
    header = bytes(6) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    content = header + bytes(4) + webp_lossy(width, height)[12:]
    return b"EXIF\1\0\0\0x\0ANMF" + struct.pack("<I", len(content)) + content


def webp_hidden_frame(width: int, height: int) -> bytes:
    return webp_frame(40, 30) + webp_lossless(width, height)[12:] + b"\0"


def jpeg_frame(width: int, height: int) -> bytes:
    return jpeg(40, 30)[2:-2] + jpeg(width, height)[2:]


@pytest.mark.parametrize(
    ("whole", "frame"),
    [
        (gif(40, 30), gif_frame),
        (gif(40, 30)[:10] + b"\x81" + bytes(2 + 12), gif_frame),
        (png(40, 30), png_frame),
        (webp_extended(40, 30), webp_frame),
        (webp_extended(40, 30), webp_hidden_frame),
        (b"\xff\xd8", jpeg_frame),
    ],
)
def test_the_largest_frame_decides(whole: bytes, frame: Callable[[int, int], bytes]) -> None:
    assert preview_format(whole + frame(40, 30) * 3) is not None
    assert preview_format(whole + frame(*LARGEST)) is not None
    assert preview_format(whole + frame(*TOO_LARGE)) is None
    first = b"" if frame is jpeg_frame else frame(40, 30)
    assert preview_format(whole + first + frame(*TOO_LARGE)) is None


def test_a_frame_that_lies_outside_of_the_whole_makes_it_larger() -> None:
    assert preview_format(gif(40, 30) + gif_frame(40, 8000, left=LARGEST[0])) is None


def test_a_file_of_very_many_blocks_is_not_shown() -> None:
    for image in (gif(40, 30) + gif_frame(1, 1) * 60_000, png(40, 30) + png_frame(1, 1) * 30_000):
        assert len(image) <= MAX_PREVIEW_BYTES
        assert preview_format(image) is None


@pytest.mark.parametrize(
    ("name", "content_type", "size"),
    [
        ("a.bin", "image/jpeg", 1),
        ("a.JPG", "application/octet-stream", 1),
        ("a.webp", "", MAX_PREVIEW_BYTES),
    ],
)
def test_looking_is_worth_it_for_what_may_be_a_small_image(
    name: str, content_type: str, size: int
) -> None:
    assert may_have_preview(attachment(name, content_type, size))


@pytest.mark.parametrize(
    ("name", "content_type", "size"),
    [
        ("a.png", "image/png", MAX_PREVIEW_BYTES + 1),
        ("a.png", "image/png", 0),
        ("a.svg", "image/svg+xml", 1),
        ("png", "text/plain", 1),
    ],
)
def test_looking_is_not_worth_it_for_anything_else(
    name: str, content_type: str, size: int
) -> None:
    assert not may_have_preview(attachment(name, content_type, size))


def attachment(name: str, content_type: str, size: int) -> StoredAttachment:
    return StoredAttachment(
        key=AttachmentKey("k"), filename=name, content_type=content_type, size=size, sha256=""
    )
