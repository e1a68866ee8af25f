"""The HTML of the relay uses only what mail programs support, by caniemail.com."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from relay_core.outgoing.inline_previews import InlinePreview, previews_html, text_as_html
from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.link_list_html import format_appendix_html
from relay_core.wording.appearance import Appearance
from relay_core.wording.language import Language
from tests.core.outgoing.caniemail import CSS, EVERYWHERE, HTML

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
LETTERHEAD = Letterhead(
    appearance=Appearance(
        organisation="Example", contact="a@example.org", language=Language.ARABIC
    ),
    reference="K7Q2-MX4P",
    now=NOW,
)
LISTED = [
    ListedAttachment(name="a_long_name_of_a_file-" * 3, size=1, url=url, expires_at=NOW)
    for url in (None, "https://x.example/1")
]

# Properties that a program may ignore: the list looks plainer then, and works the same.
GRACEFUL = {
    "border-radius": "corners are square",
    "position": "no style sheet of the device is left to cover the list",
    "z-index": "with position",
    "clear": "what floats is beside the list",
    "visibility": "what is visible without it",
    "table-layout": "Word breaks long words by itself; the table has a width attribute",
    "mso-padding-alt": "Word's own property, for the button",
    "display": "Outlook takes mso-padding-alt of the cell for the padding of the link",
    "word-break": "a name may be broken at its parts too",
    "unicode-bidi": "each line begins on the side of the whole text, which `dir` says",
    "height": "the image has a height attribute",
}


class Used(HTMLParser):
    """The elements, attributes and properties of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))


def style_of(attributes: dict[str, str]) -> dict[str, str]:
    pairs = (one.partition(":") for one in attributes.get("style", "").split(";") if one)
    return {name.strip(): value.strip() for name, _, value in pairs}


USED = Used(
    format_appendix_html(
        LISTED, ["A note."], page_url="https://x.example/t", letterhead=LETTERHEAD
    )
).elements


PICTURE = InlinePreview(name="a.jpg", content=b"", width=8, height=6)
TEXT = Used(
    text_as_html("Too hot:  90\n\thttps://x.example/")
    + previews_html([PICTURE], "https://x.example/t")
    + previews_html([PICTURE], None)
).elements


@pytest.mark.parametrize("used", [USED, TEXT], ids=["the list", "a text with pictures"])
def test_every_property_is_supported_or_may_be_missing(
    used: list[tuple[str, dict[str, str]]],
) -> None:
    names = {name for _, attributes in used for name in style_of(attributes)}
    unknown = names - set(CSS) - EVERYWHERE - set(GRACEFUL)
    assert set() == unknown
    assert set() == {name for name in names & set(CSS) if "n" in CSS[name]} - set(GRACEFUL)


def test_padding_is_of_cells_and_the_buttons_link_has_words_own() -> None:
    assert "a" == CSS["padding"].outlook
    padded = [tag for tag, attributes in USED if "padding" in style_of(attributes)]
    assert {"td", "a"} == set(padded)
    assert 1 == padded.count("a")
    (button,) = [attributes for _, attributes in USED if attributes.get("class") == "button"]
    (link,) = [attributes for _, attributes in USED if attributes.get("role") == "button"]
    assert style_of(button)["mso-padding-alt"] == style_of(link)["padding"]
    assert style_of(button)["background-color"] == button["bgcolor"]


def test_no_margin_is_negative_and_only_the_table_has_a_greatest_width() -> None:
    for tag, attributes in USED:
        style = style_of(attributes)
        assert "-" not in style.get("margin", "")
        assert tag == "table" or not {"width", "max-width"} & set(style)


def test_the_list_is_as_wide_as_its_place_without_css_too() -> None:
    _, table = next(one for one in USED if one[0] == "table")
    assert ("100%", "0", "0", "0") == tuple(
        table[name] for name in ("width", "cellpadding", "cellspacing", "border")
    )


def test_each_cell_has_its_font_for_a_table_gives_none_in_word() -> None:
    for tag, attributes in USED:
        if tag == "td" and attributes.get("class") != "button":
            assert {"font-family", "font-size", "color"} <= set(style_of(attributes))


def test_the_direction_is_of_the_table_and_each_cells_text_agrees() -> None:
    assert "n" not in HTML["dir"]
    directions = [(tag, attributes["dir"]) for tag, attributes in USED if "dir" in attributes]
    assert [("table", "rtl")] == directions
    sides = {style_of(attributes).get("text-align") for tag, attributes in USED if tag == "td"}
    assert {"right", None} == sides


def test_a_picture_has_its_size_as_attributes_too_and_takes_its_place_alone() -> None:
    images = [attributes for tag, attributes in TEXT if tag == "img"]
    assert [("8", "6")] * 2 == [(one["width"], one["height"]) for one in images]
    assert {"100%"} == {style_of(one)["max-width"] for one in images}


def test_a_text_with_pictures_is_made_of_elements_that_every_program_has() -> None:
    assert {"div", "br", "a", "p", "img"} == {tag for tag, _ in TEXT}


def test_elements_are_those_of_tables_and_text() -> None:
    known = {"style", "table", "tr", "td", "a", "b", "br", "span", "bdi", "wbr"}
    assert set() == {tag for tag, _ in USED} - known
