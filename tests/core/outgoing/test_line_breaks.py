"""Lines of a text are at most 78 columns wide, and no word is lost."""

from __future__ import annotations

import re
from html import unescape

from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.outgoing.line_breaks import COLUMNS, breakable_html, columns, wrapped

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=300)
NAMES = st.lists(
    st.sampled_from(["camera", "2026", "-", "_", ".", "x" * 90, "東京" * 30, "é"])
).map("".join)


@given(st.one_of(TEXTS, NAMES))
@example("* " + "a" * 77)
@example("* " + "a" * 200 + " (1 kB)")
@example("東" * 39 + " 京")
def test_no_line_is_wider_than_a_terminal_and_no_character_is_lost(text: str) -> None:
    lines = list(wrapped(text, inset="  "))
    assert all(columns(line) <= COLUMNS or "://" in line for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])
    assert text.replace(" ", "") == "".join(lines).replace(" ", "")


@given(st.text(alphabet="ab- \xa0\u3000", max_size=COLUMNS // 2))
def test_what_fits_into_a_line_is_as_it_was(text: str) -> None:
    assert [text.rstrip(" ")] == list(wrapped(text))


@given(st.lists(st.text(alphabet="ab\xa0\u2003", min_size=1, max_size=COLUMNS - 2)))
def test_a_line_ends_at_a_blank_and_at_no_other_space(words: list[str]) -> None:
    assert words == re.findall("[^ ]+", " ".join(wrapped("   ".join(words))))


@given(st.integers(1, 200), st.sampled_from(["", "Contact: ", "x" * 70 + " "]))
def test_a_url_stays_whole_and_is_alone_where_it_is_too_long(length: int, before: str) -> None:
    url = "https://help.example/" + "a-b_c." * length
    lines = list(wrapped(f"{before}{url} or the control room", inset="  "))
    (line,) = [line for line in lines if url in line]
    assert columns(line) <= COLUMNS or line.strip(" ") == url
    assert "" not in lines


def test_a_long_name_is_broken_where_a_reader_would_break_it() -> None:
    name = "Report_2026-11-29_" + "boiler-house-" * 5 + "north.final.pdf"
    first, second = wrapped(f"* {name} (212 kB)", inset="  ")
    assert first.endswith("-")
    assert name == (first[2:] + second[2:]).removesuffix(" (212 kB)")


@given(st.one_of(TEXTS, NAMES))
def test_a_name_in_html_reads_as_it_is(name: str) -> None:
    assert name == unescape(re.sub("<wbr>", "", breakable_html(name)))


def test_only_a_long_name_is_given_places_to_break() -> None:
    assert "camera-3.jpg" == breakable_html("camera-3.jpg")
    assert "a" * 20 + "-<wbr>3<wbr>.jpg" == breakable_html("a" * 20 + "-3.jpg")
