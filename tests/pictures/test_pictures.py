"""Pictures are drawn from data only, and those in the repository match the data."""

from __future__ import annotations

import json
import re
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from infra.watching import dashboard_columns
from infra.watching.dashboard_columns import Graph, Series
from infra.watching.metrics import relay_metric
from pictures import FIGURES, FOLDER, SCALING
from pictures import __main__ as command
from pictures.dashboard import dashboard_picture
from pictures.plots import plots
from pictures.sample_data import UnknownMetric
from pictures.scenes import scenes
from pictures.svg import DARK, HUES, INK, LIGHT, PAPER, SOFT, Picture, document, element, number

SVG = "{http://www.w3.org/2000/svg}"
NAMES = sorted(path.name for path in FOLDER.glob("*.svg"))


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    taken: dict[str, Any] = json.loads(FIGURES.read_text("utf-8"))
    return taken


@pytest.fixture(scope="module")
def pictures(figures: dict[str, Any]) -> dict[str, Picture]:
    return {**plots(figures), **scenes()}


def test_the_folder_holds_these_pictures_and_no_other(pictures: dict[str, Picture]) -> None:
    assert sorted(pictures) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_what_its_data_gives(pictures: dict[str, Picture], name: str) -> None:
    kept = (FOLDER / name).read_bytes()
    assert kept == document(pictures[name]).encode(), "draw it again: make pictures"


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_says_what_it_shows_and_needs_nothing_else(name: str) -> None:
    root = ET.fromstring((FOLDER / name).read_text("utf-8"))  # noqa: S314 - our own
    title, description, style, *_ = root
    assert [title.tag, description.tag, style.tag] == [f"{SVG}title", f"{SVG}desc", f"{SVG}style"]
    assert title.text
    assert description.text
    assert len(description.text) > len(title.text)
    labels = root.attrib["aria-labelledby"].split()
    assert labels == [title.attrib["id"], description.attrib["id"]]
    assert {one.tag for one in root.iter()} <= {
        f"{SVG}{tag}"
        for tag in (
            *("svg", "title", "desc", "style"),
            *("rect", "line", "polyline", "circle", "path", "text"),
        )
    }
    assert not [key for one in root.iter() for key in one.attrib if "href" in key]


@pytest.mark.parametrize("name", NAMES)
def test_every_colour_is_of_both_schemes(name: str) -> None:
    root = ET.fromstring((FOLDER / name).read_text("utf-8"))  # noqa: S314 - our own
    classes = {one.attrib["class"] for one in root.iter() if "class" in one.attrib}
    assert classes - {"frame"} <= set(LIGHT)
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("name", NAMES)
def test_no_text_begins_or_ends_beyond_the_picture(name: str) -> None:
    root = ET.fromstring((FOLDER / name).read_text("utf-8"))  # noqa: S314 - our own
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for one in root.iter(f"{SVG}text"):
        assert one.text is not None
        # A character is about half as wide as the font size.
        length = 0.5 * float(one.attrib["font-size"]) * len(one.text)
        anchor = one.attrib.get("text-anchor", "start")
        start = float(one.attrib["x"]) - length * {"start": 0, "middle": 0.5, "end": 1}[anchor]
        assert start >= 0, one.text
        assert start + length <= width, one.text
        assert 0 < float(one.attrib["y"]) <= height


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", [INK, SOFT, *HUES])
def test_whatever_is_read_or_compared_stands_out(scheme: dict[str, str], name: str) -> None:
    brighter, darker = sorted((luminance(scheme[name]), luminance(scheme[PAPER])), reverse=True)
    # WCAG 2.2, 1.4.3: 4.5 to 1 for text; the labels of alarm lines are text in the same colour.
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5


def test_other_figures_give_another_picture(figures: dict[str, Any]) -> None:
    other = deepcopy(figures)
    other["core_path"][0]["library_to_relay"] *= 2
    other["parts"][0]["seconds_each"] *= 2
    other["taken"][0]["calls"]["s3.PutObject"] += 1
    other["cost"][0]["usd_per_million"] *= 2
    before, after = plots(figures), plots(other)
    assert [name for name in before if document(before[name]) == document(after[name])] == []


def test_a_call_that_no_colour_stands_for_is_reported(figures: dict[str, Any]) -> None:
    other = deepcopy(figures)
    other["taken"][0]["calls"]["sqs.SendMessage"] = 1
    with pytest.raises(ValueError, match=r"sqs\.SendMessage"):
        plots(other)


def test_a_cost_that_no_shape_stands_for_is_reported(figures: dict[str, Any]) -> None:
    other = deepcopy(figures)
    other["cost"][0]["lines"][0]["name"] = "Lightsail"
    with pytest.raises(ValueError, match="Lightsail"):
        plots(other)


def texts(picture: Picture) -> list[str]:
    root = ET.fromstring(document(picture))  # noqa: S314 - our own
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def test_the_command_draws_all_and_keeps_the_figures_it_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, figures: dict[str, Any]
) -> None:
    other = deepcopy(figures)
    other["parts"][0]["seconds_each"] *= 2
    given = tmp_path / "given.json"
    given.write_text(json.dumps(other), "utf-8")
    scaling = tmp_path / "scaling.md"
    scaling.write_text(SCALING.read_text("utf-8"), "utf-8")
    monkeypatch.setattr(command, "FOLDER", tmp_path)
    monkeypatch.setattr(command, "FIGURES", tmp_path / "bench.json")
    monkeypatch.setattr(command, "SCALING", scaling)
    monkeypatch.setattr(sys, "argv", ["pictures", str(given)])
    command.main()
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == NAMES
    assert json.loads((tmp_path / "bench.json").read_text("utf-8")) == other
    assert (tmp_path / "parts.svg").read_bytes() != (FOLDER / "parts.svg").read_bytes()
    assert (tmp_path / "core.svg").read_bytes() == (FOLDER / "core.svg").read_bytes()
    assert scaling.read_bytes() == SCALING.read_bytes()


class TestDashboard:
    def test_it_says_that_its_data_is_made_up(self) -> None:
        assert any("SAMPLE DATA" in words for words in texts(dashboard_picture()))

    def test_it_shows_every_graph_and_curve_of_the_dashboard(self) -> None:
        limits = dashboard_columns.Limits(
            function_timeout_seconds=120, max_concurrency=10, download_max_concurrency=20
        )
        shown = " ".join(texts(dashboard_picture()))
        for column in dashboard_columns.columns(limits):
            assert column.title in shown
            for graph in column.graphs:
                assert graph.title in shown
                for series in graph.series:
                    assert graph.by or series.label in shown

    def test_a_graph_that_is_new_is_drawn_or_asks_for_sample_data(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = dashboard_columns.columns

        def with_more(
            limits: dashboard_columns.Limits, metric: str
        ) -> tuple[dashboard_columns.Column, ...]:
            more = Graph(title="More", series=(Series(metric=relay_metric(metric), label="more"),))
            *others, last = original(limits)
            return (
                *others,
                dashboard_columns.Column(
                    title=last.title, explanation="", graphs=(*last.graphs, more)
                ),
            )

        monkeypatch.setattr(
            dashboard_columns, "columns", lambda limits: with_more(limits, "MessagesFailed")
        )
        assert "More" in texts(dashboard_picture())
        monkeypatch.setattr(
            dashboard_columns, "columns", lambda limits: with_more(limits, "Unheard")
        )
        with pytest.raises(UnknownMetric, match="Unheard"):
            dashboard_picture()

    def test_an_alarm_is_red_where_the_last_value_is_beyond_its_line(self) -> None:
        states = [words for words in texts(dashboard_picture()) if re.search(": (OK|in )", words)]
        assert "queue-age: in alarm" in states
        assert "dead-letters: OK" in states


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (-0.01, "0"), (1.0, "1"), (1.25, "1.2"), (-3.06, "-3.1")]
)
def test_numbers_are_short(value: float, written: str) -> None:
    assert written == number(value)


def test_attributes_cannot_break_out() -> None:
    assert element("g", id_='a"><b', stroke_width=2) == (
        '<g id="a&quot;&gt;&lt;b" stroke-width="2"/>\n'
    )
