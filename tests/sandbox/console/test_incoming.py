"""The console's list of incoming mail, its searches, and its actions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from sandbox.console import ConsoleContent
from sandbox.console.actions import FAULTS
from sandbox.console.content import HiddenItems
from sandbox.console.mail_progress import MailState
from sandbox.events import SandboxFailure
from sandbox.ses.faults import EVENTS
from tests.sandbox.console_site import (
    NOW,
    Answer,
    RecordingMailer,
    Site,
    elements,
    make_content,
    one_of_each,
    served,
)

Changing = tuple[Site, ConsoleContent]

# --- incoming mails and their outcomes

FATES = [one.message_id for one in one_of_each("")]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changing]:
    """A site with a mail of each outcome."""
    content = make_content(tmp_path_factory.mktemp("quiet"))
    with served(content) as running:
        yield running, content


def listed(site: Site, path: str) -> list[str]:
    """The ids of the incoming mails that a page lists, in order."""
    found = re.findall(r'class="row row-in" href="/incoming/([^"]+)"', site.ask(path).text)
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize("fate", FATES)
def test_a_mail_is_listed_by_its_fate_and_shows_its_way_and_raw_text(
    quiet: Changing, fate: str
) -> None:
    site, _ = quiet
    assert [fate] == listed(site, f"/incoming?fate={fate}")
    page = site.ask(f"/incoming/{fate}").text
    assert f'class="fate fate-{fate}"' in page
    steps = [a["class"] for tag, a in elements(page) if tag == "li" and "step" in str(a)]
    assert len(steps) == 6
    assert ">words</pre>" in page  # the raw text
    assert site.ask(f"/incoming/{fate}/source").body == b"words"


def test_the_overview_lists_what_came_in_last(quiet: Changing) -> None:
    assert FATES[:8] == listed(quiet[0], "/")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", FATES),
        ("?q=", FATES),
        ("?q=nothing+like+it", []),
        ("?q=NO-RECIPIENT+words", ["refused"]),
        ("?q=incoming/held", ["held"]),
        ("?fate=none-such", FATES),
        ("?fate=held&q=refused", []),
        (f"?q={quote('<script>')}", []),
    ],
)
def test_incoming_mail_is_searched_for(quiet: Changing, query: str, found: list[str]) -> None:
    assert found == listed(quiet[0], f"/incoming{query}")


def test_delivered_mail_and_the_log_are_searched_for(quiet: Changing) -> None:
    site, content = quiet
    content.outbox.deliver(
        "r@example.com", b"Subject: =?utf-8?q?=C3=9Cberdruck?=\r\n\r\n", "1.eml"
    )
    page = site.ask(f"/mail?q={quote('ÜBERDRUCK r@example')}").text
    assert "/mail/r%40example.com/1.eml" in page
    assert "No delivered mail matches" in site.ask("/mail?q=missing").text
    assert site.ask("/log?q=refused").text.count('<span class="log-side">') == 1
    assert "No line matches" in site.ask("/log?q=missing").text


def test_a_line_of_the_log_and_a_notice_lead_to_their_mail(quiet: Changing) -> None:
    for path in ("/log", "/notices"):
        assert 'href="/incoming/refused"' in quiet[0].ask(path).text
    page = quiet[0].ask("/incoming/refused").text
    assert "Notices to the operator" in page
    assert "Log of the functions" in page
    # A notice is shown with its time.
    assert f'datetime="{NOW.isoformat()}"' in quiet[0].ask("/notices").text


def test_line_breaks_of_what_happened_stay(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    content.journal(SandboxFailure(text="first\nsecond"))
    with served(content) as site:
        assert "first\nsecond" in site.ask("/").text


# --- actions


def act(site: Site, path: str, token: str | None = None, **fields: str) -> Answer:
    if token is None:
        [token] = set(re.findall(r'name="token" value="([^"]+)"', site.ask("/faults").text))
    body = urlencode({"token": token, **fields}).encode()
    form = ("Content-Type", "application/x-www-form-urlencoded")
    return site.ask(path, method="POST", headers=[form], body=body)


@pytest.mark.parametrize("path", ["/do/send", "/do/fault", "/do/clear"])
def test_no_form_from_elsewhere_does_anything(tmp_path: Path, path: str) -> None:
    content = make_content(tmp_path)
    with served(content) as site:
        for token in ("", "guessed", "x" * 10_000):
            answer = act(site, path, token, kind="Bounce", to="on")
            assert answer.status in {403, 413}
        assert site.ask(path).status == 405
        assert site.ask(path, method="POST", body=b"\xff").status == 400
    assert isinstance(content.mailer, RecordingMailer)
    assert (content.mailer.sent, content.faults.left()) == ([], ())
    assert content.cleared == HiddenItems()


def test_a_test_mail_is_sent_and_its_way_shown(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    with served(content) as site:
        answer = act(site, "/do/send", kind="files", recipient=" a@example.com ")
        assert (answer.status, answer.header("location")) == (303, f"/incoming/{'m' * 40}")
        assert act(site, "/do/send", kind="none").status == 400
    assert isinstance(content.mailer, RecordingMailer)
    assert content.mailer.sent == [("files", "a@example.com")]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_switched_on_and_off(tmp_path: Path, kind: str) -> None:
    content = make_content(tmp_path)
    with served(content) as site:

        def is_on() -> bool:
            page = site.ask("/faults").text
            [form] = re.findall(rf'id="fault-{kind}".*?</form>', page, re.DOTALL)
            return 'aria-checked="true"' in form

        assert not is_on()
        named = {"recipient": "b@example.com"} if kind in EVENTS else {}
        assert act(site, "/do/fault", kind=kind, to="on", times="2", **named).status == 303
        assert is_on()
        [fault] = content.faults.left()
        assert (fault.kind, fault.times, fault.recipient) == (kind, 2, named.get("recipient"))
        act(site, "/do/fault", kind=kind, to="off")
        assert not is_on()
        act(site, "/do/fault", kind=kind, to="on", recipient="a@example.com")
        [fault] = content.faults.left()
        assert (fault.recipient, fault.times > 1000) == ("a@example.com", True)
        act(site, "/do/fault", to="all-off")
    assert content.faults.left() == ()


def test_a_switch_leaves_what_scripts_wrote_and_a_broken_file_is_reported(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    content.faults.path.write_text('[{"error": "Odd", "times": 3, "message": "words"}]')
    with served(content) as site:
        assert "Odd: 3 times" in site.ask("/faults").text
        act(site, "/do/fault", kind="Bounce", to="on", recipient="b@example.com")
        # Without a recipient, the fault would hit the device's own mail to the relay.
        assert act(site, "/do/fault", kind="Complaint", to="on").status == 400
        assert [("Odd", "words"), ("Bounce", "Caused by the faults file.")] == [
            (one.kind, one.message) for one in content.faults.left()
        ]
        content.faults.path.write_text("[oops")
        assert "Expecting value" in site.ask("/faults").text
        act(site, "/do/fault", to="all-off")
    assert content.faults.left() == ()


def test_clear_puts_out_of_sight_what_is_finished_and_deletes_nothing(tmp_path: Path) -> None:
    content = make_content(tmp_path)
    path = content.outbox.deliver("r@example.com", b"Subject: s\r\n\r\n", "1.eml")
    kept = [one for one in FATES if not MailState(one).is_over]
    with served(content) as site:
        assert act(site, "/do/clear").status == 303
        assert kept == listed(site, "/incoming")
        for where, empty in (
            ("/mail", "No mail was delivered yet"),
            ("/notices", "No notices yet"),
            ("/log", "No log lines yet"),
            ("/metrics", "No metrics yet"),
            ("/mail/r%40example.com", "were cleared"),
        ):
            assert empty in site.ask(where).text
        # Pages that others link to still exist.
        assert site.ask("/incoming/delivered").status == 200
        assert site.ask("/mail/r%40example.com/1.eml").status == 200
        content.outbox.deliver("r@example.com", b"Subject: s\r\n\r\n", "2.eml")
        assert "2.eml" in site.ask("/mail/r%40example.com").text
        assert "1.eml" not in site.ask("/mail/r%40example.com").text
    assert path.exists()
    assert content.notices.read_bytes()
