"""An HTML document, parsed: its elements and texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from adapters.download.http import Answer

VOID = {"meta", "link", "img", "wbr"}


@dataclass
class Outline(HTMLParser):
    """The elements of a document with their attributes, and the text of some of them."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements in order, each with the names of its attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)


def outline(answer: Answer) -> Outline:
    parsed = Outline()
    parsed.feed(answer.body.decode())
    parsed.close()
    assert parsed.open == []
    return parsed
