"""Looking at one file in Chromium, without script: a picture, a table, a recording."""

from __future__ import annotations

import io
import wave

import pytest
from playwright.sync_api import expect

from tests.adapters.stored_message import File, StoredMessage
from tests.browser.conftest import Site
from tests.browser.files import IMAGE, TABLE
from tests.browser.visits import Open
from tests.waiting import eventually


def sound() -> File:
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(range(256)) * 63)  # two seconds
    return File(name="door.wav", content=written.getvalue())


@pytest.fixture(scope="module")
def message(site: Site) -> StoredMessage:
    log = File(name="a.log", content=b"<script>alert(1)</script>\n" * 9000, type="text/plain")
    return site.store(IMAGE, TABLE, sound(), log)


@pytest.fixture(scope="module")
def url(site: Site, message: StoredMessage) -> str:
    return site.serve(site.function) + message.path()


def test_a_picture_opens_large_and_leads_back_and_on(visit: Open, url: str) -> None:
    shown = visit(url)
    shown.page.get_by_role("link", name=f"View {IMAGE.name}").click()
    image = shown.page.locator("img")
    expect(image).to_be_visible()
    size = "image => [image.naturalWidth, image.width, image.height]"
    eventually(lambda: [320, 320, 200] == image.evaluate(size))
    shown.page.get_by_role("link", name="Next").click()
    expect(shown.page.get_by_role("heading", level=1)).to_have_text(TABLE.name)
    expect(shown.page.locator("tr")).to_have_count(200)
    name, content = shown.download(shown.page.get_by_role("button", name="Download").click)
    assert (TABLE.name, TABLE.content) == (name, content)
    shown.page.get_by_role("link", name="All files").click()
    expect(shown.page.get_by_role("listitem")).to_have_count(4)
    assert [] == shown.errors


def test_a_tap_on_the_small_picture_opens_it_too(visit: Open, url: str) -> None:
    shown = visit(url)
    shown.page.locator("a.tile").first.click()
    expect(shown.page.get_by_role("heading", level=1)).to_have_text(IMAGE.name)


def test_a_recording_plays_from_the_store_alone(visit: Open, url: str) -> None:
    shown = visit(url)
    shown.page.get_by_role("button", name="Play door.wav").click()
    audio = shown.page.locator("audio")
    # Where scripts are off, Chromium calls no event listener, also not one of a test.
    eventually(lambda: audio.evaluate("one => one.readyState"))
    assert 2 == round(audio.evaluate("one => one.duration"))
    assert [] == shown.errors
    shown.page.get_by_role("link", name="Next").click()
    expect(shown.page.get_by_role("heading", level=1)).to_have_text("a.log")


def test_a_text_is_read_and_does_nothing(visit: Open, url: str) -> None:
    shown = visit(f"{url}/look/4", script=True)
    lines = shown.page.locator("pre").inner_text().splitlines()
    assert ["<script>alert(1)</script>"] * 200 == lines
    assert [] == shown.errors
