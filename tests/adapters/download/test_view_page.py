"""A page that shows one file: the file's content is only text on it, and no script runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.download.http import Answer
from adapters.download.view_page import OpenedFile, picture_page, recording_page, text_page
from relay_core.links.download import FileStatus, LinkStatus, LinkView, OfferedFile
from relay_core.links.excerpt import Excerpt
from tests.adapters.download.outline import outline
from tests.adapters.download.test_page import (
    HOSTILE,
    ORIGIN,
    TOKEN,
    attachment,
    manifest,
    page,
)
from tests.adapters.stored_message import ANNA

OPAQUE = "application/octet-stream"
URL = f"{ORIGIN}/attachments/k?X-Amz-Signature=0&X-Amz-Expires=900"


def opened(*names: str, number: int = 1) -> OpenedFile:
    files = tuple(
        OfferedFile(
            number=place, attachment=attachment(name, content_type=OPAQUE), status=FileStatus.READY
        )
        for place, name in enumerate(names, 1)
    )
    return OpenedFile(
        view=LinkView(
            status=LinkStatus.AVAILABLE, recipient=ANNA, manifest=manifest(*names), files=files
        ),
        file=files[number - 1],
        list_url="../../home",
        neighbour_base="",
        origin=ORIGIN,
    )


def pages(name: str) -> list[Answer]:
    file = opened(name)
    return [
        picture_page(file, "../preview/1"),
        text_page(file, Excerpt(lines=(name, name), is_whole=True)),
        text_page(file, Excerpt(rows=((name, name), (name,)), is_whole=True)),
        text_page(file, None),
        recording_page(file, URL, "video/mp4"),
        recording_page(file, URL, "audio/wav"),
    ]


PLAIN = pages("a.csv")


@given(HOSTILE)
def test_no_word_of_a_file_changes_the_documents_shape(name: str) -> None:
    for plain, hostile in zip(PLAIN, pages(name), strict=True):
        assert outline(plain).shape == outline(hostile).shape
        assert (plain.policy, plain.headers) == (hostile.policy, hostile.headers)


@given(st.lists(st.text(st.characters(exclude_categories=["C"])), min_size=1))
def test_every_line_of_a_text_is_there_to_be_read(lines: list[str]) -> None:
    parsed = outline(text_page(opened("a.txt"), Excerpt(lines=tuple(lines), is_whole=True)))
    (shown,) = parsed.texts["pre"]
    # A browser ignores a line break right after <pre>, so the page adds one.
    assert "\n" + "\n".join(lines) == shown


def test_only_the_page_of_a_recording_may_load_from_the_store() -> None:
    for answer in PLAIN:
        parsed = outline(answer)
        plays = list(parsed.all("video")) + list(parsed.all("audio"))
        assert (f"media-src {ORIGIN};" in answer.policy) is bool(plays)
        assert "default-src 'none';" in answer.policy
        assert [URL] * len(plays) == [one["src"] for one in plays]
        assert not {tag for tag, _ in parsed.elements} & {"script", "iframe", "object", "embed"}


def test_each_page_leads_to_the_files_around_it_that_have_one_too() -> None:
    for number, expected in ((1, ["3"]), (3, ["1", "5"]), (5, ["3"])):
        file = opened("a.csv", "b.mp4", "c.csv", "d.mp4", "e.csv", number=number)
        parsed = outline(picture_page(file, "../preview/1"))
        buttons = [one["href"] for one in parsed.all("a") if one.get("class") == "button"]
        assert expected == buttons


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_text_that_goes_on_says_so(*, is_whole: bool) -> None:
    answer = text_page(opened("a.csv"), Excerpt(lines=("1",), is_whole=is_whole))
    assert ("first lines" in answer.body.decode()) is not is_whole


def test_what_can_be_shown_is_viewed_and_what_can_be_played_is_played() -> None:
    names = ("a.csv", "b.png", "c.mp4", "d.bin")
    message = manifest(*names)
    opaque = tuple(
        replace(one, content_type="application/octet-stream") for one in message.attachments
    )
    parsed = outline(page(replace(message, attachments=opaque)))
    views = [one for one in parsed.all("a") if "tabindex" not in one]
    assert [f"{TOKEN}/look/1", f"{TOKEN}/look/2"] == [one["href"] for one in views]
    plays = [one["value"] for one in parsed.all("button") if one["name"] == "play"]
    assert ["3"] == plays
    assert ["View a.csv", "View b.png"] == [one for one in parsed.texts["a"] if "View" in one]


@pytest.mark.parametrize("status", [one for one in FileStatus if one is not FileStatus.READY])
def test_a_file_that_is_not_ready_is_neither_viewed_nor_played(status: FileStatus) -> None:
    parsed = outline(page(manifest("a.csv", "b.png", "c.csv"), statuses=(status,)))
    assert [] == list(parsed.all("button"))
    assert not [one for one in parsed.all("a") if "/look/" in str(one["href"])]
