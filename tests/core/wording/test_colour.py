"""With any configured colour, text in it or on it is legible."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.wording.colour import (
    BLACK,
    EDGE,
    TEXT,
    WHITE,
    contrast,
    is_colour,
    readable,
    text_on,
)

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(WHITE, BLACK, 21.0), (WHITE, WHITE, 1.0), ("#777777", WHITE, 4.48), ("#14508c", WHITE, 8.2)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, expected: float) -> None:
    assert expected == pytest.approx(contrast(one, other), abs=0.05)


@given(COLOURS)
@example("#767676")
@example("#ffff00")
def test_a_label_is_readable_on_every_colour(colour: str) -> None:
    assert contrast(text_on(colour), colour) >= TEXT


@given(COLOURS, st.sampled_from([("#ffffff", "#f3f5f8"), ("#18212a", "#0f151b")]))
@example("#ffffff", ("#ffffff", "#f3f5f8"))
@example("#000000", ("#18212a", "#0f151b"))
def test_a_colour_is_changed_until_it_can_be_read_and_no_further(
    colour: str, grounds: tuple[str, str]
) -> None:
    for least in (TEXT, EDGE):
        found = readable(colour, *grounds, least=least)
        assert is_colour(found)
        assert min(contrast(found, ground) for ground in grounds) >= least
        if min(contrast(colour, ground) for ground in grounds) >= least:
            assert colour == found


@pytest.mark.parametrize("text", ["", "#fff", "red", "14508c", "#14508g", "#14508c\n", "#14508c0"])
def test_what_is_no_colour_is_none(text: str) -> None:
    assert not is_colour(text)
