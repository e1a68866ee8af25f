"""The sandbox's console in Chromium, with content that unknown senders may write."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

import pytest
from playwright.sync_api import ViewportSize, expect

from sandbox.console import ConsoleContent
from sandbox.console.forwarding import PageAnswer, PageRequest
from sandbox.events import SandboxFailure
from tests.adapters.stored_message import png
from tests.browser.axe import RULES, run_axe
from tests.browser.visits import DESKTOP, SMALL_PHONE, Open
from tests.sandbox.console_site import RecordingMailer, make_content, served
from tests.waiting import eventually

RUNNING = "alert('it runs')"
HOSTILE = f'</pre></main><script>{RUNNING}</script><img src=x onerror="{RUNNING}"><base href=//x>'
TOKEN = "t" * 40
BOX = "/mail/r%40example.com"
MAIL = f"{BOX}/1.eml"
PAGES = (
    *("/", "/mail", "/notices", "/queues", "/alarms", "/log", "/metrics", "/stack", "/send"),
    *(BOX, MAIL, *(f"{MAIL}?view={view}" for view in ("text", "source", "headers")), "/nowhere"),
    *("/incoming", "/incoming?q=none", "/mail?q=fro", "/faults"),
    *(f"/incoming/{fate}" for fate in ("parked", "partly", "refused")),
)
# Without restrictions, each of these runs, loads or sends something.
HTML = """\
<html><head><link rel="preconnect" href="{far}"><link rel="dns-prefetch" href="{far}">
<link rel="prefetch" href="{far}/0"><link rel="stylesheet" href="{far}/a">
<meta http-equiv="refresh" content="0;url={far}/b"><base href="{far}/"></head>
<body onload="alert('it runs')" background="{far}/c">
<p>The mail itself.</p><script>document.body.textContent = "it ran"; alert('it runs')</script>
<img src="cid:chart@x" alt="the chart"><img src="{far}/d" alt="far away">
<iframe src="{far}/e"></iframe><object data="{far}/f"></object>
<video src="{far}/g" autoplay></video><style>@import url({far}/h);
p { background: url({far}/i) }</style>
<form action="{far}/j" method="post"><button>Press me</button></form>
<a href="javascript:alert('it runs')">run</a> <a href="{page}">Open the download page</a>
</body></html>
"""


def make_mail(*, page: str, far: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = HOSTILE, "Pump 7 <a@example.com>"
    mail.set_content(HOSTILE)
    related = EmailMessage()
    related.set_content(HTML.replace("{page}", page).replace("{far}", far), subtype="html")
    related.add_related(png(60, 40), "image", "png", cid="<chart@x>", filename="chart.png")
    mail.make_alternative()
    mail.attach(related)
    return mail.as_bytes()


def download_page(_request: PageRequest) -> PageAnswer:
    content = ((b"content-type", b"text/html"), (b"content-length", b"24"))
    return PageAnswer(status=200, headers=content, body=b"<title>Files</title><p>x")


class Elsewhere:
    """A server that a mail's HTML refers to. It only counts connections."""

    def __init__(self) -> None:
        self.callers = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            self.callers += 1
            caller.close()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    server = Elsewhere()
    yield server
    server.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """A console by its URL, and its contents."""

    url: str
    content: ConsoleContent


@pytest.fixture(scope="module")
def console(elsewhere: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    content = make_content(tmp_path_factory.mktemp("console"), HOSTILE)
    with served(content, download_page) as site:
        url = f"http://127.0.0.1:{site.port}"
        content.outbox.deliver(
            "r@example.com", make_mail(page=f"{url}/{TOKEN}", far=elsewhere.url), "1.eml"
        )
        yield Console(url=url, content=content)


@pytest.fixture
def opened(visit: Open) -> Open:
    """Opens a URL, with scripts."""
    return partial(visit, script=True)


@pytest.mark.parametrize("screen", [SMALL_PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_fits_and_is_accessible_in_both_colour_schemes(
    console: Console, opened: Open, screen: ViewportSize
) -> None:
    visit = opened(console.url, screen=screen)
    for path in PAGES:
        visit.page.goto(console.url + path)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        for scheme, rules in RULES.items():
            visit.page.emulate_media(color_scheme=scheme)
            assert not visit.page.evaluate(wide), f"{path} scrolls sideways"
            # The mail in the frame is the sender's HTML, not the console's.
            found = run_axe(visit.page, rules=rules, frames=False)
            assert found.violations_count == 0, (path, scheme, found.generate_report())
        assert "it runs" not in visit.errors
        if path == MAIL:
            # Chromium reports what it blocked in the mail; for our page there must be no report.
            visit.errors.clear()
    assert visit.errors == []


def test_a_mail_can_neither_run_nor_load_nor_send_anything(
    console: Console, elsewhere: Elsewhere, opened: Open
) -> None:
    visit = opened(console.url + MAIL)
    frame = visit.page.frame_locator("iframe")
    expect(frame.get_by_text("The mail itself.")).to_be_visible()
    frame.get_by_role("button", name="Press me").click()
    frame.get_by_role("link", name="run", exact=True).click()
    # One more request to the console gives blocked content the time to start.
    visit.page.goto(console.url + MAIL)
    expect(frame.get_by_text("The mail itself.")).to_be_visible()
    assert elsewhere.callers == 0
    assert "it runs" not in visit.errors
    chart = frame.get_by_alt_text("the chart")
    expect(chart).to_be_visible()
    eventually(lambda: chart.evaluate("image => image.naturalWidth") == 60)


def test_opened_by_itself_a_mails_html_can_do_no_more(
    console: Console, elsewhere: Elsewhere, opened: Open
) -> None:
    visit = opened(f"{console.url}{MAIL}/frame")
    expect(visit.page.get_by_text("The mail itself.")).to_be_visible()
    assert elsewhere.callers == 0
    assert "it runs" not in visit.errors


def test_a_link_in_a_mail_opens_beside_it(console: Console, opened: Open) -> None:
    visit = opened(console.url + MAIL)
    with visit.page.context.expect_page() as coming:
        visit.page.frame_locator("iframe").get_by_role("link", name="Open the").click()
    expect(coming.value).to_have_title("Files")
    assert coming.value.url == f"{console.url}/{TOKEN}"
    assert visit.page.url == console.url + MAIL


def test_what_is_new_comes_by_itself_and_keeps_the_focus(console: Console, opened: Open) -> None:
    visit = opened(console.url + BOX)
    expect(visit.page.get_by_role("status")).to_have_text("Live")
    first = visit.page.get_by_role("main").get_by_role("link").nth(1)
    first.focus()
    focused = "document.activeElement.getAttribute('href')"
    before = visit.page.evaluate(focused)
    console.content.outbox.deliver("r@example.com", b"Subject: news\r\n\r\n", "2.eml")
    try:
        expect(visit.page.get_by_text("news")).to_be_visible()
        assert before == visit.page.evaluate(focused) == MAIL
    finally:
        (console.content.outbox.directory / "r@example.com" / "new" / "2.eml").unlink()
    assert visit.errors == []


def test_typed_text_outlives_an_update(console: Console, opened: Open) -> None:
    visit = opened(f"{console.url}/incoming")
    expect(visit.page.get_by_role("status")).to_have_text("Live")
    search = visit.page.get_by_role("searchbox")
    search.fill("held")
    console.content.journal(SandboxFailure(text="news"))
    console.content.journal(SandboxFailure(text="more news"))
    visit.page.keyboard.press("Tab")  # the page is updated once the field has lost the focus
    expect(search).to_have_value("held")
    visit.page.keyboard.press("Enter")
    expect(visit.page).to_have_url(re.compile(r"q=held"))
    expect(visit.page.get_by_role("main").locator(".row")).to_have_count(1)
    assert visit.errors == []


def test_a_fault_is_switched_and_a_mail_sent_without_script(
    console: Console, opened: Open
) -> None:
    page = opened(f"{console.url}/faults", script=False).page
    switch = page.get_by_role("switch", name="SendingPausedException")
    expect(switch).not_to_be_checked()
    switch.click()
    expect(switch).to_be_checked()
    assert ["SendingPausedException"] == [one.kind for one in console.content.faults.left()]
    switch.click()
    expect(switch).not_to_be_checked()
    page.get_by_role("link", name="Send a mail").click()
    page.get_by_label("Test mail").select_option("no-code")
    page.get_by_role("button", name="Send it").click()
    mailer = console.content.mailer
    assert isinstance(mailer, RecordingMailer)
    assert mailer.sent == [("no-code", "")]


def test_every_page_works_without_script(console: Console, opened: Open) -> None:
    visit = opened(console.url, script=False)
    visit.page.get_by_role("link", name="Mail 1 delivered").click()
    visit.page.get_by_role("link", name="r@example.com").click()
    visit.page.get_by_role("main").get_by_role("link").nth(1).click()
    expect(visit.page.frame_locator("iframe").get_by_text("The mail itself.")).to_be_visible()
    visit.page.get_by_role("link", name="Source", exact=True).click()
    expect(visit.page.get_by_role("group", name="Source")).to_contain_text("Subject: ")


def test_the_keyboard_is_enough(console: Console, opened: Open) -> None:
    page = opened(console.url).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="1 mail delivered")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Mail", exact=True)).to_be_visible()


def test_a_command_is_copied_as_it_is(console: Console, opened: Open) -> None:
    visit = opened(f"{console.url}/send")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.page.get_by_role("button", name="Copy").first.click()
    expect(visit.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == visit.page.locator("pre.command").first.text_content()
