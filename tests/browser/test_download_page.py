"""The download page in Chromium, used by mouse and by keyboard."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from playwright.sync_api import ViewportSize, expect

from adapters.download import page as download_page
from adapters.download.http import format_answer, parse_request
from adapters.download.status_pages import StatusPage, status_page
from tests.adapters.stored_message import ANNA, NOW, File, StoredMessage
from tests.browser.axe import RULES, run_axe
from tests.browser.conftest import Site
from tests.browser.files import DUMP, HOSTILE, HOSTILE_SUBJECT, IMAGE, TABLE
from tests.browser.visits import DESKTOP, SMALL_PHONE, Open, Scheme

PHONE = ViewportSize(width=390, height=844)
SCREENS = pytest.mark.parametrize(
    "screen", [SMALL_PHONE, PHONE, DESKTOP], ids=["small phone", "phone", "desktop"]
)


@pytest.fixture(scope="module")
def address(site: Site) -> str:
    return site.serve(site.function)


@pytest.fixture(scope="module")
def scanning_address(site: Site) -> str:
    return site.serve(site.scanning)


@pytest.fixture(scope="module")
def message(site: Site) -> StoredMessage:
    return site.store(IMAGE, TABLE, DUMP, subject="Pressure in boiler 3 is too high: 7.4 bar")


@pytest.fixture(scope="module")
def pages(
    site: Site, address: str, scanning_address: str, message: StoredMessage
) -> dict[str, str]:
    """The URL of a page of every kind."""
    mixed = site.store(IMAGE, TABLE, DUMP, TABLE, IMAGE)
    for number, word in ((1, "NO_THREATS_FOUND"), (2, "THREATS_FOUND"), (4, "FAILED")):
        mixed.tag(number, word)
    mixed.change_file(5, revoked_at=NOW)
    many = site.store(*[File(name=f"{n}.txt", content=b"x") for n in range(1, 102)])
    revoked = site.store(IMAGE)
    revoked.revoke(ANNA)

    def noticed(event: dict[str, Any]) -> dict[str, Any]:
        request = parse_request(event)
        return format_answer(status_page(StatusPage[request.path[1:]]), request)

    notices = site.serve(noticed)
    return {
        "files": address + message.path(),
        "picture": f"{address}{message.path()}/look/1",
        "table": f"{address}{message.path()}/look/2",
        "one file": address + site.store(TABLE, subject="", sender=None).path(),
        "hostile": address + site.store(*HOSTILE, subject=HOSTILE_SUBJECT).path(),
        "many files": f"{address}{many.path()}?page=2",
        "files in every state": scanning_address + mixed.path(),
        "waiting": scanning_address + site.store(IMAGE).path(),
        "expired": address + site.store(IMAGE, lasts=timedelta(minutes=1)).path(),
        "revoked": address + revoked.path(),
        **{f"notice {one.name}": f"{notices}/{one.name}" for one in StatusPage},
    }


@SCREENS
def test_every_page_fits_the_screen_and_its_buttons_the_finger(
    visit: Open, pages: dict[str, str], screen: ViewportSize, subtests: pytest.Subtests
) -> None:
    shown = visit(pages["files"], screen=screen)
    for kind, url in pages.items():
        with subtests.test(kind):
            shown.page.goto(url)
            assert not shown.scrolls_sideways
            buttons = shown.page.locator("button, a.button")
            for button in (buttons.nth(place) for place in range(min(buttons.count(), 8))):
                button.scroll_into_view_if_needed()
                expect(button).to_be_in_viewport()
                box = button.bounding_box()
                assert box is not None
                assert min(box["height"], box["width"]) >= 44
                # Positions are fractions: less than one pixel may be outside.
                assert min(box["x"], box["y"]) > -1
                assert box["x"] + box["width"] < screen["width"] + 1
                assert box["y"] + box["height"] < screen["height"] + 1


def test_axe_finds_nothing_to_complain_about_on_any_page(
    visit: Open, pages: dict[str, str], subtests: pytest.Subtests
) -> None:
    shown = visit("about:blank", script=True)
    for kind, url in pages.items():
        with subtests.test(kind):
            shown.page.goto(url)
            for scheme, rules in RULES.items():
                shown.page.emulate_media(color_scheme=scheme)
                result = run_axe(shown.page, rules=rules)
                assert 0 == result.violations_count, (scheme, result.generate_report())
                # What axe could not decide does not count as passed.
                assert [] == [one["id"] for one in result.response["incomplete"]], scheme


def test_a_page_loads_nothing_from_elsewhere_and_breaks_no_rule_of_its_own(
    visit: Open, pages: dict[str, str], subtests: pytest.Subtests
) -> None:
    shown = visit("about:blank")
    for kind, url in pages.items():
        with subtests.test(kind):
            shown.errors.clear()
            shown.requests.clear()
            shown.page.goto(url, wait_until="networkidle")
            here = urlsplit(url)
            asked = [urlsplit(one) for one in shown.requests]
            assert {here.netloc} == {one.netloc for one in asked}
            assert {here.path.split("/")[1]} == {one.path.split("/")[1] for one in asked}
            # One of the hostile files claims to be an image and is none, so its preview fails.
            assert (1 if kind == "hostile" else 0) == len(shown.errors), shown.errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_are_the_readers_choice(
    visit: Open, pages: dict[str, str], scheme: Scheme
) -> None:
    shown = visit(pages["files"], scheme=scheme)
    color = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    red, green, blue = shown.page.evaluate(color)
    assert (scheme == "light") is (red + green + blue > 3 * 128)


@SCREENS
def test_a_file_comes_byte_for_byte_at_the_press_of_its_button(
    visit: Open, pages: dict[str, str], screen: ViewportSize
) -> None:
    shown = visit(pages["files"], screen=screen)
    for file in (IMAGE, TABLE, DUMP):
        button = shown.page.get_by_role("button", name=f"Download {file.name}", exact=True)
        act = button.tap if screen is not DESKTOP else button.click
        assert (file.name, file.content) == shown.download(act)
        # The download does not leave the page.
        assert pages["files"] == shown.page.url
    assert [] == shown.errors


def test_all_files_come_as_one_archive(visit: Open, pages: dict[str, str]) -> None:
    shown = visit(pages["files"])
    button = shown.page.get_by_role("button", name="Download all as one zip file")
    name, content = shown.download(button.click)
    assert "Pressure in boiler 3 is too high_ 7.4 bar.zip" == name
    with ZipFile(io.BytesIO(content)) as packed:
        assert {file.name: file.content for file in (IMAGE, TABLE, DUMP)} == {
            inside: packed.read(inside) for inside in packed.namelist()
        }
    assert [] == shown.errors


def test_chromium_blocks_a_store_that_the_policy_does_not_name(
    visit: Open, site: Site, message: StoredMessage
) -> None:
    elsewhere = replace(site.function, origin="https://elsewhere.example")
    shown = visit(site.serve(elsewhere) + message.path())
    with shown.page.expect_console_message(lambda said: "form-action" in said.text):
        shown.page.get_by_role("button", name="Download pressure.csv").click()


def test_a_file_is_fetched_by_keyboard_alone(visit: Open, pages: dict[str, str]) -> None:
    shown = visit(pages["files"])
    focused = shown.page.locator(":focus-visible")
    seen = []
    for _ in range(6):
        shown.page.keyboard.press("Tab")
        assert 1 == focused.count()
        outline = focused.evaluate(
            "one => [getComputedStyle(one).outlineStyle, getComputedStyle(one).outlineWidth]"
        )
        assert ["solid", "3px"] == outline
        seen.append(" ".join((focused.text_content() or "").split()))
    assert [
        *("Download all as one zip file", "View camera north.png", "Download camera north.png"),
        *("View pressure.csv", "Download pressure.csv", f"Download {DUMP.name}"),
    ] == seen
    name, content = shown.download(lambda: shown.page.keyboard.press("Enter"))
    assert (DUMP.name, DUMP.content) == (name, content)
    shown.page.keyboard.press("Shift+Tab")
    name, content = shown.download(lambda: shown.page.keyboard.press("Space"))
    assert (TABLE.name, TABLE.content) == (name, content)


def test_an_image_is_shown_and_what_is_none_shows_its_kind(
    visit: Open, pages: dict[str, str]
) -> None:
    size = "image => [image.complete, image.naturalWidth, image.naturalHeight]"
    image = visit(pages["files"]).page.locator("img")
    expect(image).to_be_visible()
    assert [True, 320, 200] == image.evaluate(size)
    none = visit(pages["hostile"]).page.locator("img")
    assert [True, 0, 0] == none.evaluate(size)
    shown = none.evaluate("image => getComputedStyle(image, '::after').content")
    assert '"PNG"' == shown


def test_words_of_a_hostile_mail_are_read_and_do_nothing(
    visit: Open, pages: dict[str, str]
) -> None:
    shown = visit(pages["hostile"], script=True)
    page = shown.page
    page.wait_for_load_state("networkidle")
    assert HOSTILE_SUBJECT == page.title()
    assert HOSTILE_SUBJECT == page.locator("h1").inner_text()
    names = page.locator("h3").all_inner_texts()
    assert [file.name.replace("\u202e", "\ufffd") for file in HOSTILE] == names
    assert 0 == page.locator("script, base, h3 img, h3 style").count()
    assert not [text for text in shown.errors if "it runs" in text]
    for number, file in enumerate(HOSTILE, 1):
        button = page.locator(f"button[value='{number}']")
        name, content = shown.download(button.click)
        assert file.content == content
        assert not set(name) & set('/\\<>"')


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("expired", "This link has expired"),
        ("revoked", "This link has been withdrawn"),
        ("notice UNKNOWN", "This link is not valid"),
    ],
)
def test_a_link_that_is_over_says_so_and_offers_nothing(
    visit: Open, pages: dict[str, str], kind: str, title: str
) -> None:
    page = visit(pages[kind]).page
    assert [title] == page.get_by_role("heading", level=1).all_inner_texts()
    assert title == page.title()
    assert 0 == page.locator("button, form, img").count()


def test_a_link_that_is_taken_back_while_its_page_is_open_gives_nothing_any_more(
    visit: Open, site: Site, address: str
) -> None:
    message = site.store(TABLE)
    shown = visit(address + message.path())
    message.revoke(ANNA)
    shown.page.get_by_role("button", name="Download pressure.csv").click()
    expect(shown.page.get_by_role("heading", level=1)).to_have_text("This link has been withdrawn")


def test_a_file_that_is_taken_back_leaves_a_way_back_to_the_others(
    visit: Open, site: Site, address: str
) -> None:
    message = site.store(TABLE, DUMP)
    shown = visit(address + message.path())
    message.change_file(1, revoked_at=NOW)
    shown.page.get_by_role("button", name="Download pressure.csv").click()
    expect(shown.page.get_by_role("heading", level=1)).to_have_text("This file has been withdrawn")
    shown.page.get_by_role("link", name="Back to the files").click()
    expect(shown.page.get_by_role("button")).to_have_count(1)
    assert DUMP.content == shown.download(shown.page.get_by_role("button").click)[1]


def test_a_page_that_waits_for_a_scan_shows_the_file_once_it_is_clean(
    visit: Open, site: Site, scanning_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download_page, "CHECK_AGAIN", timedelta(seconds=1))
    message = site.store(TABLE)
    shown = visit(scanning_address + message.path())
    button = shown.page.get_by_role("button", name="Download pressure.csv")
    expect(shown.page.get_by_text("Being checked for malware")).to_be_visible()
    expect(button).to_have_count(0)
    message.tag(1, "NO_THREATS_FOUND")
    expect(button).to_be_visible(timeout=30_000)
    assert TABLE.content == shown.download(button.click)[1]


def test_who_does_not_wait_asks_again(visit: Open, site: Site, scanning_address: str) -> None:
    message = site.store(TABLE, DUMP)
    message.tag(2, "NO_THREATS_FOUND")
    shown = visit(scanning_address + message.path())
    expect(shown.page.get_by_role("button")).to_have_count(1)
    message.tag(1, "NO_THREATS_FOUND")
    shown.page.get_by_role("link", name="Check again").click()
    expect(shown.page.get_by_role("button")).to_have_count(3)


def test_a_long_list_is_turned_over_like_pages(visit: Open, site: Site, address: str) -> None:
    message = site.store(*[File(name=f"{n}.txt", content=str(n).encode()) for n in range(101)])
    page = (shown := visit(address + message.path(), screen=PHONE)).page
    expect(page.get_by_role("listitem")).to_have_count(100)
    page.get_by_role("link", name="More files").click()
    expect(page.get_by_role("listitem")).to_have_count(1)
    button = page.get_by_role("button", name="Download 100.txt")
    assert ("100.txt", b"100") == shown.download(button.click)
    page.get_by_role("link", name="Previous files").click()
    expect(page.get_by_role("listitem")).to_have_count(100)
