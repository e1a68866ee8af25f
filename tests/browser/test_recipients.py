"""Mail and pages in three languages, one of them from the right, on the smallest phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped] # it says nothing of types
    Axe,
)
from playwright.sync_api import Browser, Page, Route

from relay_core.wording.language import Language
from tests.adapters.stored_message import png
from tests.browser.recipient_scenes import ORIGIN, Scene, scenes

LANGUAGES = (Language.GERMAN, Language.JAPANESE, Language.ARABIC)

CUT = """
() => {
  const faults = [];
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) faults.push(`scrolls to ${wide.scrollWidth}`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.data.trim() || parent.closest('style, .unseen, .tile')) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.left < 0 || box.right > innerWidth + 0.5)
        faults.push(`${node.data.trim()}: from ${box.left} to ${box.right}`);
    for (let one = parent; one; one = one.parentElement) {
      const hides = getComputedStyle(one).overflowX !== 'visible';
      if (hides && one.scrollWidth > one.clientWidth) faults.push(`${node.data.trim()}: cut`);
    }
  }
  return faults;
}
"""


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 568}, is_mobile=True)
    yield context.new_page()
    context.close()


def show(page: Page, scene: Scene) -> None:
    def answer(route: Route) -> None:
        if "/preview/" in route.request.url:
            route.fulfill(content_type="image/png", body=png(320, 200))
        else:
            route.fulfill(content_type="text/html; charset=utf-8", body=scene.html)

    page.unroute_all()
    page.route("**/*", answer)
    page.goto(f"{ORIGIN}/scene")


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_on_the_smallest_phone(phone: Page, language: Language) -> None:
    faults: dict[str, Any] = {}
    for scene in scenes(language):
        show(phone, scene)
        if found := phone.evaluate(CUT):
            faults[scene.name] = found
    assert {} == faults


@pytest.mark.parametrize(
    ("language", "scheme", "accent"),
    [
        (Language.GERMAN, "light", "#ffd400"),
        (Language.ARABIC, "dark", "#2b0a3d"),
    ],
)
def test_axe_finds_nothing_whatever_the_language_and_the_colour(
    phone: Page, language: Language, scheme: Any, accent: str
) -> None:
    phone.emulate_media(color_scheme=scheme)
    faults = {}
    for scene in scenes(language, accent):
        show(phone, scene)
        # Of a mail the device's own part is the device's to say.
        result = Axe().run(phone, "#mail-relay-files" if scene.is_mail else None)
        found = [*result.response["violations"], *result.response["incomplete"]]
        if found:
            faults[scene.name] = [
                (one["id"], [node["html"] for node in one["nodes"]][:2]) for one in found
            ]
    assert {} == faults


def test_arabic_runs_from_the_right_as_a_whole(phone: Page) -> None:
    phone.emulate_media(color_scheme="light")  # dark cells have a margin of their own
    for scene in scenes(Language.ARABIC):
        if scene.is_mail:
            show(phone, scene)
            side = "one => getComputedStyle(one).direction + getComputedStyle(one).textAlign"
            cells = phone.locator("#mail-relay-files td")
            found = {cells.nth(place).evaluate(side) for place in range(cells.count())}
            # The cell of the button has nothing of its own: its start is the right.
            assert found <= {"rtlright", "rtlstart"}
            right = "one => one.getBoundingClientRect().right"
            button = phone.get_by_role("button").evaluate(right)
            assert button == pytest.approx(cells.first.evaluate(right), abs=1)
