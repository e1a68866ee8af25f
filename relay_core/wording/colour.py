"""An operator's colour, kept legible: relative luminance and contrast of WCAG 2.2.

Text needs a contrast of 4.5 to its ground, what has to be told apart needs 3 (criteria 1.4.3 and
1.4.11). Every colour has 4.5 with white or with black, so one of them is always readable on it.
"""

from __future__ import annotations

import re

WHITE, BLACK = "#ffffff", "#000000"
TEXT, EDGE = 4.5, 3.0
"""The least contrast of text, and of an edge."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")


def is_colour(text: str) -> bool:
    """Whether a text is a colour as `#14508c`."""
    return bool(_COLOUR.match(text))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def text_on(ground: str) -> str:
    """White or black, whichever is read better on that ground."""
    return max((WHITE, BLACK), key=lambda colour: contrast(colour, ground))


def readable(colour: str, *grounds: str, least: float) -> str:
    """The colour, as much darker or lighter as it takes to have that contrast to each ground.

    It goes towards black or white, whichever has more contrast to the first ground.
    """
    aim = text_on(grounds[0])
    for step in range(101):
        mixed = _mixed(colour, aim, step / 100)
        if all(contrast(mixed, ground) >= least for ground in grounds):
            return mixed
    return aim


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _mixed(colour: str, aim: str, part: float) -> str:
    channels = zip(_channels(colour), _channels(aim), strict=True)
    return "#" + "".join(f"{round(own + (other - own) * part):02x}" for own, other in channels)
