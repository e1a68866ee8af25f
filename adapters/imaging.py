"""Small pictures of images, made by Pillow with its limits set.

What is decoded is a stranger's. Four formats are opened, by decoders that Pillow carries; an image
of more pixels than `MAX_PIXELS` is not; of a JPEG no more is decoded than the picture needs
(Pillow handbook, "Image.draft"). What is written holds pixels and nothing else: no metadata, no
thumbnail, nothing behind the image's end. Whatever goes wrong, there is no picture.

Pillow is imported at the first image: in a function that makes no pictures it is not even there.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from relay_core.ports import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = {"JPEG": 16_000_000, "PNG": 8_000_000, "GIF": 8_000_000, "WEBP": 8_000_000}
"""By format: a JPEG shrinks while it is decoded, of the others each pixel takes 4 bytes."""

_SIZES = ((640, 75), (640, 60), (480, 60), (320, 60), (200, 50), (120, 40))
"""The longer side in pixels and the quality, the first that fits counts."""


class PillowPreviews:
    """`ImagePreviews` by Pillow."""

    def make(self, content: bytes, *, max_bytes: int) -> Picture | None:
        """See `ImagePreviews.make`."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow has something to say to many a camera
                return _made(content, max_bytes)
        # A decoder raises whatever it likes on bytes that it did not expect.
        except Exception:  # noqa: BLE001 - see the comment above
            return None


def _made(content: bytes, max_bytes: int) -> Picture | None:
    from PIL import Image, ImageOps  # noqa: PLC0415 - slow, and only there where it is used

    with Image.open(io.BytesIO(content), formats=tuple(MAX_PIXELS)) as image:
        width, height = image.size
        if width * height > MAX_PIXELS.get(image.format or "", 0):
            return None
        longest = _SIZES[0][0]
        image.draft("RGB", (longest, longest))
        small = _flat(image)
        small.thumbnail((longest, longest))
        upright = small
        with suppress(Exception):  # metadata that cannot be read turns nothing
            upright = ImageOps.exif_transpose(small)
    upright.info.clear()  # a comment would be written again
    for side, quality in _SIZES:
        upright.thumbnail((side, side))
        written = io.BytesIO()
        upright.save(written, "JPEG", quality=quality, optimize=True)
        if len(written.getvalue()) <= max_bytes:
            return Picture(content=written.getvalue(), width=upright.width, height=upright.height)
    return None


def _flat(image: Image) -> Image:
    """The first frame of an image in colours that a JPEG has, on white where it is transparent."""
    from PIL import Image as Images  # noqa: PLC0415 - as above

    if image.mode in {"RGB", "L"} and "transparency" not in image.info:
        image.load()
        return image.copy() if image.mode == "RGB" else image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Images.new("RGBA", layered.size, "white")
    ground.alpha_composite(layered)
    return ground.convert("RGB")
