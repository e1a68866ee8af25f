"""Mail and pages in three languages, one of them right-to-left, in light and dark schemes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize

from relay_core.wording.language import Language
from tests.adapters.stored_message import png
from tests.browser.axe import run_axe
from tests.browser.recipient_scenes import ORIGIN, Scene, scenes

LANGUAGES = pytest.mark.parametrize(
    "language", [Language.GERMAN, Language.JAPANESE, Language.ARABIC]
)
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
PHONE, DESK = ViewportSize(width=320, height=568), ViewportSize(width=1280, height=800)

CUT = """
() => {
  const faults = [];
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) faults.push(`scrolls to ${wide.scrollWidth}`);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    // What a region shows may be wider: it is scrolled.
    if (!node.data.trim() || parent.closest('style, .unseen, .tile, .shown')) continue;
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

TOUCHING = """
() => {
  const faults = [];
  const clear = 'rgba(0, 0, 0, 0)';
  const ground = one => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour !== clear) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    let box = node.parentElement;
    if (!node.data.trim() || box.closest('style, .unseen, .tile, .shown')) continue;
    while (box && ground(box) === ground(box.parentElement)) box = box.parentElement;
    if (!box || box === document.body) continue;
    const edge = box.getBoundingClientRect();
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const text of range.getClientRects())
      if (text.left < edge.left + 8 || text.right > edge.right - 8)
        faults.push(`${node.data.trim()}: in ${edge.left} to ${edge.right}`);
  }
  return faults;
}
"""

BEGINNING = """
() => {
  const region = document.querySelector('.shown[role=region]');
  const first = region.querySelector('pre, td').firstChild;
  const place = first.data.search(/\\S/);
  const range = document.createRange();
  range.setStart(first, place);
  range.setEnd(first, place + 4);
  const text = range.getBoundingClientRect(), box = region.getBoundingClientRect();
  return text.left >= box.left + 8 && text.right <= box.right - 8;
}
"""


Screen = Callable[..., Page]


@pytest.fixture(scope="module")
def screen(browser: Browser) -> Iterator[Screen]:
    """A page on a phone or a desktop, in the light or the dark scheme."""
    pages = {
        size["width"]: browser.new_context(viewport=size, is_mobile=size is PHONE).new_page()
        for size in (PHONE, DESK)
    }

    def turned_on(scheme: Any, size: ViewportSize = PHONE) -> Page:
        page = pages[size["width"]]
        page.emulate_media(color_scheme=scheme)
        return page

    yield turned_on
    for page in pages.values():
        page.context.close()


# The next document keeps the width that this one asks for, unless it asks for another. It is the
# width of a document that asks for none.
WIDE = """
() => {
  const wanted = document.createElement('meta');
  wanted.name = 'viewport';
  wanted.content = 'width=980';
  document.head.append(wanted);
}
"""


def show(page: Page, scene: Scene) -> None:
    """Show a scene in a page, at `ORIGIN`."""
    if not page.url.startswith(ORIGIN):
        page.route("**/*", _answer)
        page.goto(f"{ORIGIN}/scene")
    page.evaluate(WIDE)
    # Parsed as an opened page is, at a quarter of the cost.
    page.set_content(scene.html)


def _answer(route: Route) -> None:
    if "/preview/" in route.request.url:
        route.fulfill(content_type="image/png", body=png(320, 200))
    else:
        route.fulfill(content_type="text/html; charset=utf-8", body="")


@SCHEMES
@LANGUAGES
def test_nothing_is_cut_and_nothing_touches_its_edge_on_the_smallest_phone(
    screen: Screen, language: Language, scheme: str
) -> None:
    phone = screen(scheme)
    faults: dict[str, Any] = {}
    for scene in scenes(language):
        show(phone, scene)
        if found := phone.evaluate(CUT) + phone.evaluate(TOUCHING):
            faults[scene.name] = found
    assert {} == faults


@LANGUAGES
def test_a_text_and_a_table_are_shown_from_their_beginning(
    screen: Screen, language: Language
) -> None:
    """The device's text keeps its own direction in a left-to-right and a right-to-left page."""
    phone = screen("light")
    for scene in scenes(language):
        if scene.name in {"look at text", "look at arabic text", "look at table"}:
            show(phone, scene)
            assert phone.evaluate(BEGINNING), scene.name


@pytest.mark.parametrize(
    ("language", "scheme", "size", "accent"),
    [
        (Language.GERMAN, "light", PHONE, "#ffd400"),
        (Language.ARABIC, "dark", PHONE, "#2b0a3d"),
        (Language.ARABIC, "light", DESK, "#14508c"),
        (Language.JAPANESE, "dark", DESK, "#ffd400"),
    ],
)
def test_axe_finds_nothing_whatever_the_language_and_the_colour(
    screen: Screen, language: Language, scheme: str, size: ViewportSize, accent: str
) -> None:
    page = screen(scheme, size)
    faults = {}
    for scene in scenes(language, accent):
        if scene.name == "look at arabic text":
            continue  # axe cannot check text that scrolls to the left
        show(page, scene)
        result = run_axe(page, _ours(scene))
        found = [
            (one["id"], [node["html"] for node in one["nodes"]][:2])
            for one in (*result.response["violations"], *result.response["incomplete"])
            if one["id"] != "video-caption"  # no device writes captions
            and (one["id"], scene.is_mail) != ("region", True)  # a mail has no landmarks
        ]
        if found:
            faults[scene.name] = found
    assert {} == faults


def test_the_lines_of_the_list_are_soft_by_night_whatever_the_device_wrote(
    screen: Screen,
) -> None:
    phone = screen("dark")
    for scene in scenes(Language.GERMAN):
        if "mail-relay-files" in scene.html:
            show(phone, scene)
            found = phone.locator("#mail-relay-files .item").evaluate_all(
                "all => all.map(one => getComputedStyle(one).borderTopColor)"
            )
            assert {"rgb(68, 76, 86)"} == set(found), scene.name


def _ours(scene: Scene) -> str | None:
    """The selector of what the relay wrote: in an HTML mail the list, in a text mail all of it."""
    if not scene.is_mail:
        return None
    return "#mail-relay-files" if "mail-relay-files" in scene.html else "body"


def test_arabic_runs_from_the_right_as_a_whole(screen: Screen) -> None:
    phone = screen("light")
    for scene in scenes(Language.ARABIC):
        if "mail-relay-files" in scene.html:
            show(phone, scene)
            side = "one => getComputedStyle(one).direction + getComputedStyle(one).textAlign"
            cells = phone.locator("#mail-relay-files td")
            found = {cells.nth(place).evaluate(side) for place in range(cells.count())}
            # The button's cell sets no alignment: "start" is the right side there.
            assert found <= {"rtlright", "rtlstart"}
            right = "one => one.getBoundingClientRect().right"
            button = phone.get_by_role("button").evaluate(right)
            heading = phone.locator("#mail-relay-files b").first.evaluate(right)
            assert button == pytest.approx(heading, abs=1)
