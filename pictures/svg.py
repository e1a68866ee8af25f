"""SVG as text: elements, a document with text alternatives, and colours for two schemes.

`title` and `desc` describe a picture (SVG 2, section 5.7). Screen readers read them if the picture
is shown alone; where a page embeds it, they read the page's text. Colours are classes, so a scheme
is one table. Nothing is shown by colour alone: a label, a shape or the legend's order shows it
too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

FONT = "system-ui, 'Segoe UI', 'Liberation Sans', 'DejaVu Sans', sans-serif"

INK, SOFT, GRID, PAPER = "ink", "soft", "grid", "paper"
"""Classes of text, of secondary text, of grid lines, and of the background."""

HUES = ("blue", "orange", "green", "purple", "red", "teal")
"""Classes of the data series, in this order."""

LIGHT: Mapping[str, str] = {
    PAPER: "#ffffff",
    INK: "#1f2328",
    SOFT: "#59636e",
    GRID: "#d1d9e0",
    "blue": "#0969da",
    "orange": "#bc4c00",
    "green": "#1a7f37",
    "purple": "#8250df",
    "red": "#cf222e",
    "teal": "#1b7c83",
}
DARK: Mapping[str, str] = {
    PAPER: "#0d1117",
    INK: "#f0f6fc",
    SOFT: "#9ea7b3",
    GRID: "#3d444d",
    "blue": "#4493f8",
    "orange": "#f0883e",
    "green": "#3fb950",
    "purple": "#ab7df8",
    "red": "#ff7b72",
    "teal": "#39c5cf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture with title and description; `body` is drawn on `width` by `height` pixels."""

    title: str
    description: str
    width: float
    height: float
    body: str


def document(picture: Picture) -> str:
    """The content of the picture's file."""
    size = f"{number(picture.width)} {number(picture.height)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}"'
        f' width="{number(picture.width)}" height="{number(picture.height)}"'
        ' role="img" aria-labelledby="title description">\n'
        f'<title id="title">{escape(picture.title)}</title>\n'
        f'<desc id="description">{escape(picture.description)}</desc>\n'
        f"<style>\n{_style()}</style>\n"
        + element("rect", width=picture.width, height=picture.height, rx=8, class_=PAPER)
        + picture.body
        + "</svg>\n"
    )


def element(name: str, content: str = "", /, **attributes: float | str | None) -> str:
    """An element; `content` is SVG.

    A `_` in an attribute's name means `-`, one at its end is removed; None leaves the attribute
    out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>\n" if content else f"<{name}{written}/>\n"


def text(
    words: str,
    x: float,
    y: float,
    *,
    class_: str = INK,
    size: float = 12,
    anchor: str | None = None,
    weight: str | None = None,
    style: str | None = None,
) -> str:
    """A line of text; `anchor` is `middle` or `end`, or None for its start; `style` is CSS."""
    return element(
        "text",
        escape(words, quote=False),
        x=x,
        y=y,
        class_=class_,
        font_size=size,
        text_anchor=anchor,
        font_weight=weight,
        style=style,
    )


def line(x1: float, y1: float, x2: float, y2: float, **attributes: float | str | None) -> str:
    """A straight line, with the class `grid` by default."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **{"class_": GRID, **attributes})


def curve(points: list[tuple[float, float]], **attributes: float | str | None) -> str:
    """A line through points."""
    places = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return element("polyline", points=places, fill="none", **attributes)


def number(value: float) -> str:
    """A number with at most one decimal: the same on every machine."""
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def _value(value: float | str) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def _style() -> str:
    return (
        f"text {{ font-family: {FONT}; }}\n"
        + _colours(LIGHT)
        + "@media (prefers-color-scheme: dark) {\n"
        + _colours(DARK)
        + "}\n"
    )


def _colours(scheme: Mapping[str, str]) -> str:
    return (
        "".join(
            f"text.{name}, rect.{name}, circle.{name}, path.{name} {{ fill: {colour}; }}"
            f" line.{name}, polyline.{name} {{ stroke: {colour}; }}\n"
            for name, colour in scheme.items()
        )
        + f"rect.frame {{ fill: none; stroke: {scheme[GRID]}; }}\n"
    )
