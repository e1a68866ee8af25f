"""A short marker beside the long one; elsewhere in a text, it may be an ordinary word."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Reason
from relay_core.html.text import read_text
from relay_core.policy.directory import Directory
from relay_core.recipient_code import Allowance, find_in_html, find_in_source, find_in_text
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from relay_core.text.source import TextSource
from relay_core.text.spans import cut
from tests.core import oracle
from tests.core.recipient_code.reading import Balance, check, entries, errors
from tests.core.recipient_code_strategies import MARKER, Written, written_codes
from tests.fakes import MemoryWorld

MARKERS = (MARKER, "RX")
SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.invalid",
    inbound_address="secret@relay.invalid",
    allowed_recipients=("example.org",),
    short_marker="RX",
)


def both(text: str) -> tuple[list[str], int, str]:
    """The recipients, the number of errors, and the remaining text; equal for HTML."""
    plain = find_in_text(text, MARKERS)
    check(text, plain)
    html = find_in_html(text, MARKERS)
    assert (entries(plain), len(errors(plain))) == (entries(html), len(errors(html)))
    return entries(plain), len(errors(plain)), cut(text, plain.removals)


# --- codes with either marker


@given(written_codes())
def test_a_code_of_the_short_marker_says_what_one_of_the_long_one_says(written: Written) -> None:
    short = written.text
    for long in (MARKER, MARKER.lower(), MARKER.upper(), "Email_\nRxers_Code"):
        short = short.replace(long, "RX")
    short = short.replace("email_rxers_\r\n  code", "R\r\n  x")
    found = find_in_text(f"Alarm {short} pump", MARKERS)
    assert [list(written.entries)] == [list(code.entries) for code in found.codes]
    assert [] == errors(found)
    assert find_in_text(short, (MARKER,)).codes == ()


@pytest.mark.parametrize(
    "text",
    [
        ":RX:a@example.org:RX:",
        ":rx: a@example.org :Rx:",
        "RX:a@example.org:RX",
        "Line2:RX:[a@example.org]:RX:",
        f":RX:a@example.org:RX: :{MARKER}:a@example.org:{MARKER}:",
        "**:RX:** a@example.org **:RX:**",
        "：ＲＸ：a@example.org：ＲＸ：",  # noqa: RUF001
        ":R\nX:a@example.org:RX:",
    ],
)
def test_it_is_read_in_every_spelling(text: str) -> None:
    named, wrong, _ = both(text)
    assert ({"a@example.org"}, 0) == (set(named), wrong)


@pytest.mark.parametrize(
    "address", ["rx@example.org", "rx.team@example.org", "a@rx.org", "a@x.rx", "a-rx@x.org"]
)
def test_an_address_may_hold_the_word(address: str) -> None:
    for marker, more in product(MARKERS, ["", ",b@x.org", ",RX Team <b@x.org>"]):
        named, wrong, _ = both(f":{marker}:{address}{more}:{marker}:")
        assert ([address, *(["b@x.org"] if more else [])], 0) == (named, wrong)


# --- no codes


@pytest.mark.parametrize(
    "text",
    [
        "eth0: RX: 12 TX: 15",
        "eth0:RX:100:TX:200 eth1:RX:300",
        "TX:RX: no signal at :RX:",
        "RX: see the manual, or ask a@example.org",
        "MaRX: a@example.org, prx:a@example.org",
        "RX a@example.org RX",
        "RX-7: a@example.org",
        "\n".join(f"port{number}:RX:{number}" for number in range(3000)),
    ],
)
def test_what_a_device_prints_is_no_code(text: str) -> None:
    assert ([], 0, text) == both(text)
    source = TextSource.of(text, is_html=False)
    assert () == find_in_source(source, MARKERS, allowance=Allowance()).codes


@pytest.mark.parametrize("text", ["eth0: RX: 12", "eth0:RX:1:TX:2", "Marx: RX", ":RX:"])
def test_beside_a_code_it_takes_nothing_away(text: str) -> None:
    code = f":{MARKER}:a@example.org:{MARKER}:"
    for whole in (f"{text}\n{code}\n", f"{code}\n{text}\n", f"{text} {code} {text}"):
        named, wrong, rest = both(whole)
        assert (["a@example.org"], 0) == (named, wrong)
        assert whole.replace(code, "").split() == rest.split()


def test_tags_around_a_code_stay_whose_attributes_only_hold_its_letters() -> None:
    html = '<p class="marx">Hot <b>:RX:a@example.org:RX:</b> now</p>'
    found = find_in_html(html, MARKERS)
    assert '<p class="marx">Hot  now</p>' == cut(html, found.removals)
    named = '<p title=":RX:a@example.org:RX:">Hot :RX:a@example.org:RX: now</p>'
    assert "Hot  now" == cut(named, find_in_html(named, MARKERS).removals)


# --- one marker does not close a code of the other


@pytest.mark.parametrize(
    "text",
    [
        f":RX:a@example.org:{MARKER}:",
        f":{MARKER}:a@example.org:RX:",
        f":RX:a@example.org:{MARKER}:b@example.org:RX:",
    ],
)
def test_a_long_marker_that_the_short_one_is_to_close_is_open_which_is_an_error(text: str) -> None:
    named, wrong, rest = both(f"Alarm {text}\n\nBye")
    assert [] == named
    assert wrong
    assert MARKER not in rest
    assert rest.endswith("Bye")


@pytest.mark.parametrize(
    "text",
    [
        ":RX:a@example.org",
        ":RX:a@example.org :R",
        "a@example.org:RX: :RX:b@example.org",
    ],
)
def test_a_short_marker_that_nothing_closes_is_prose(text: str) -> None:
    assert ([], 0, f"Alarm {text}\n\nBye") == both(f"Alarm {text}\n\nBye")


def test_within_a_code_of_the_long_marker_the_short_one_is_a_word() -> None:
    for between in ("a@example.org,RX: Team <b@x.org>", "a@example.org RX:,b@x.org"):
        text = f":{MARKER}:{between}:{MARKER}:"
        found, alone = find_in_text(text, MARKERS), find_in_text(text, (MARKER,))
        assert ["a@example.org", "b@x.org"] == entries(found)
        assert alone == found


def test_codes_of_both_are_read_side_by_side_and_within_a_code_of_the_other_none() -> None:
    code = f":RX:a@example.org:RX: :{MARKER}:b@example.org:{MARKER}:"
    assert (["a@example.org", "b@example.org"], 0) == both(code)[:2]
    nested = f":RX::{MARKER}:b@example.org:{MARKER}::RX:"
    named, _, rest = both(nested)
    assert set(named) <= {"b@example.org"}
    assert MARKER not in rest


_PIECES = st.sampled_from(
    [
        *[":RX:", "RX:", ":RX", "RX", "rx", f":{MARKER}:", f"{MARKER}:", MARKER, "Email_", "R"],
        *["X:", ":", "a@example.org", "b@rx.org", "@ops", " ", "\n", "\n\n", ",", "<b>", "</b>"],
        *["<p>", "</p>", "<br>", "<i title=':RX:'>", "</i>", "<!--", "-->", "&colon;", "&#58;"],
        *["`", "~", "*", "\\", "_", "'", "[", "]", "Bob", "."],
    ]
)
SOUP = st.lists(_PIECES, max_size=30).map("".join)


@given(SOUP)
def test_whatever_the_text_is_no_code_is_left(text: str) -> None:
    for find in (find_in_text, find_in_html):
        found = find(text, MARKERS)
        check(text, found)
        rest = cut(text, found.removals)
        assert () == find(rest, MARKERS).codes


@given(SOUP)
def test_a_text_that_is_read_where_a_code_may_be_says_the_same(text: str) -> None:
    for is_html, find in ((False, find_in_text), (True, find_in_html)):
        whole = find(text, MARKERS)
        source = TextSource.of(text, is_html=is_html)
        skimmed = find_in_source(source, MARKERS, allowance=Allowance())
        assert entries(whole) == entries(skimmed)
        assert whole.removals == skimmed.removals


@given(SOUP.filter(lambda text: "<" not in text))
def test_without_a_short_marker_its_letters_are_words(text: str) -> None:
    visible = read_text(text).text
    if MARKER.lower() not in visible.lower().replace("\n", ""):
        assert () == find_in_text(text, (MARKER,)).codes


@given(SOUP)
def test_markup_stays_as_balanced_as_it_was(text: str) -> None:
    html = f"<div>{text}</div>"
    before, after = Balance(), Balance()
    before.feed(html)
    after.feed(cut(html, find_in_html(html, MARKERS).removals))
    assert after.holds or not before.holds


# --- in mails


def relay(raw: str, settings: Settings = SETTINGS) -> tuple[MemoryWorld, Outcome, Reason | None]:
    world = MemoryWorld()
    world.directories.directory = Directory(
        groups={"ops": ("a@example.org",)}, default_recipients={}
    )
    report = world.relay(raw.encode(), settings)
    return world, report.outcome, report.reason


@pytest.mark.parametrize(
    "mail",
    [
        "Subject: :RX:a@example.org:RX: Door\r\n\r\nOpen.",
        "Subject: :rx:@ops:rx: Door\r\n\r\nOpen.",
        "Subject: =?utf-8?q?=3ARX=3Aa=40ex?=\r\n =?utf-8?q?ample=2Eorg=3ARX=3A_Door?=\r\n\r\nOpen",
        "Subject: Door\r\n\r\n:RX:a@example.org:RX:\r\nOpen.",
        "Subject: Door\r\nContent-Type: text/html\r\n\r\n<p>:RX:@ops:RX:</p><p>Open.</p>",
    ],
)
def test_it_names_recipients_in_body_and_subject_and_no_recipient_sees_it(mail: str) -> None:
    world, outcome, _ = relay(mail)
    (sent,) = world.submission.outbox
    assert (Outcome.RELAYED, "a@example.org") == (outcome, sent.recipient)
    outgoing = oracle.parse(sent.raw)
    assert "Door" == outgoing["Subject"]
    assert "RX" not in oracle.text_of(outgoing)
    refused = relay(mail, replace(SETTINGS, short_marker=None))
    assert (Outcome.REFUSED, Reason.NO_RECIPIENT_CODE) == refused[1:]


def test_a_notice_shows_both_and_what_is_nearly_one() -> None:
    for near in (":RX:ops:RX:", "eth0: RX: 12"):
        world, _, reason = relay(f"Subject: {near}\r\n\r\nMarx")
        assert Reason.NO_RECIPIENT_CODE is reason
        (notice,) = world.notices.published
        assert ":RX:…:RX:" in notice.text
        assert ":RX:someone@example.org,another@example.org:RX:" in notice.text
        assert "the subject has" in notice.text
    world, _, _ = relay("Subject: RX: 5\r\n\r\nRX: 6\r\n:RX:a@example.org Door")
    assert "a text has ':RX:a@example[.]org Door'" in world.notices.published[0].text
    world, _, _ = relay("Subject: Marx\r\n\r\nPRX7")
    assert "which is not a valid code" not in world.notices.published[0].text
