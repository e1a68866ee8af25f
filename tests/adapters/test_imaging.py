"""Previews of images: small, without metadata, and None where an image cannot be read."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from adapters.imaging import MAX_PIXELS, PillowPreviews
from tests.adapters.stored_message import png

PREVIEWS = PillowPreviews()
ENOUGH = 140_000


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def scene(width: int = 1280, height: int = 720, mode: str = "RGB") -> Image.Image:
    """An image like a camera's: a vertical gradient and a door."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    ImageDraw.Draw(image).rectangle((width // 4, height // 4, width // 2, height), "red")
    return image.convert(mode)


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


# Each image is made by its test: every process that collects the tests would make all of them.
Made = Callable[[], bytes]

KINDS: Mapping[str, Made] = {
    "JPEG": lambda: encoded(scene(), "JPEG"),
    "progressive JPEG": lambda: encoded(scene(), "JPEG", progressive=True),
    "grey JPEG": lambda: encoded(scene(mode="L"), "JPEG"),
    "CMYK JPEG": lambda: encoded(scene(mode="CMYK"), "JPEG"),
    "PNG": lambda: encoded(scene(), "PNG"),
    "PNG with alpha": lambda: encoded(scene(mode="RGBA"), "PNG"),
    "PNG with a palette": lambda: encoded(scene(mode="P"), "PNG"),
    "PNG of two colours": lambda: encoded(scene(mode="1"), "PNG"),
    "PNG of 16 bits": lambda: encoded(scene(mode="L").convert("I;16"), "PNG"),
    "moving GIF": lambda: encoded(
        scene(mode="P"), "GIF", save_all=True, append_images=[scene(mode="P")]
    ),
    "WebP": lambda: encoded(scene(), "WEBP"),
    "moving WebP": lambda: encoded(scene(), "WEBP", save_all=True, append_images=[scene()]),
}


@pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
def test_an_image_of_each_kind_becomes_a_small_jpeg(make: Made) -> None:
    picture = PREVIEWS.make(make(), max_bytes=ENOUGH)
    assert picture is not None
    image = opened(picture.content)
    assert ("JPEG", "RGB", (640, 360)) == (image.format, image.mode, image.size)
    assert image.size == (picture.width, picture.height)


def test_a_small_image_is_not_made_larger() -> None:
    picture = PREVIEWS.make(png(8, 6), max_bytes=ENOUGH)
    assert picture is not None
    assert (8, 6) == (picture.width, picture.height)


@pytest.mark.parametrize("most", [ENOUGH, 20_000, 5_000, 2_000])
def test_it_keeps_to_its_bytes(most: int) -> None:
    noise = Image.effect_noise((1280, 960), 80)
    picture = PREVIEWS.make(encoded(noise, "JPEG"), max_bytes=most)
    assert picture is None or len(picture.content) <= most
    assert PREVIEWS.make(encoded(noise, "JPEG"), max_bytes=100) is None


def test_what_lies_on_its_side_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees (Exif 2.3, Orientation)
    picture = PREVIEWS.make(encoded(scene(), "JPEG", exif=exif), max_bytes=ENOUGH)
    assert picture is not None
    assert (360, 640) == (picture.width, picture.height)


def test_a_transparent_image_stands_on_white() -> None:
    clear = encoded(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG")
    picture = PREVIEWS.make(clear, max_bytes=ENOUGH)
    assert picture is not None
    assert (255, 255, 255) == opened(picture.content).getpixel((10, 10))


SECRET = b"SECRET-of-the-file"


@pytest.mark.parametrize(
    "make",
    [
        lambda: encoded(scene(), "JPEG") + b"<script>" + SECRET,
        lambda: encoded(scene(), "JPEG", comment=SECRET),
        lambda: encoded(scene(), "JPEG", icc_profile=SECRET * 10),
        lambda: encoded(scene(), "GIF", comment=SECRET) + b"PK\x03\x04" + SECRET,
        lambda: encoded(scene(), "PNG", exif=b"Exif\0\0" + SECRET) + SECRET,
    ],
    ids=range(5),
)
def test_only_pixels_go_on(make: Made) -> None:
    polyglot = make()
    assert SECRET in polyglot
    picture = PREVIEWS.make(polyglot, max_bytes=ENOUGH)
    assert picture is not None
    assert SECRET not in picture.content
    assert {"jfif", "jfif_version", "jfif_unit", "jfif_density"} >= set(
        opened(picture.content).info
    )


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes and many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress((b"\0" + bytes(width // 8 + 1)) * min(height, 1000), 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: b"",
        lambda: b"\xff\xd8\xff",
        lambda: encoded(scene(), "JPEG")[:5000],
        lambda: encoded(scene(), "PNG")[:-2000],
        lambda: bomb(30_000, 30_000),
        lambda: bomb(4000, 3000),
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        lambda: b"GIF89a" + b"\xff" * 100,
        lambda: encoded(scene(), "TIFF"),
        lambda: encoded(scene(), "BMP"),
        lambda: encoded(scene(), "ICO"),
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
    ids=range(12),
)
def test_of_what_is_broken_or_huge_or_of_another_kind_there_is_no_picture(make: Made) -> None:
    assert PREVIEWS.make(make(), max_bytes=ENOUGH) is None


def test_one_pixel_too_many_is_too_many() -> None:
    limit = MAX_PIXELS["PNG"]
    assert PREVIEWS.make(bomb(limit // 1000, 1000), max_bytes=ENOUGH) is not None
    assert PREVIEWS.make(bomb(limit // 1000 + 8, 1000), max_bytes=ENOUGH) is None


SMALL = [encoded(scene(64, 48), kind) for kind in MAX_PIXELS]


@settings(max_examples=100)
@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8),
    st.integers(0, 3000),
)
def test_no_damage_raises_anything(
    content: bytes, changes: list[tuple[int, int]], cut: int
) -> None:
    damaged = bytearray(content)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    PREVIEWS.make(bytes(damaged), max_bytes=ENOUGH)
    PREVIEWS.make(bytes(damaged[:cut]), max_bytes=ENOUGH)
