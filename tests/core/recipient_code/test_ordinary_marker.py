"""A marker that may be an ordinary word: prose around it is unchanged, and a list is a code."""

from __future__ import annotations

from functools import partial
from html import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.recipient_code import (
    Allowance,
    Found,
    Markers,
    SearchSizes,
    find_in_html,
    find_in_source,
    find_in_text,
)
from relay_core.recipient_code.markers import attribute_pattern
from relay_core.text.source import TextSource
from relay_core.text.spans import cut, merge
from tests.core.recipient_code.reading import check, entries, errors, name
from tests.core.recipient_code_strategies import MARKER, Written, written_codes
from tests.core.test_linear import calls_in

MARKERS: Markers = (MARKER, "RX")
PROSE_IN = st.sampled_from([MARKERS, ("RX",), ("ALM", "RX"), ("rx",)])
"""Markers of which one is an ordinary word, also as the only one (`recipientMarker`)."""

# --- prose ---------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *["12", "-3dBm@1310nm", "x@y", "100@10.0.0.1", "sip:100@10.0.0.1", "root@host", "lost"],
        *["a@example.org", "<a@example.org>", "Bob <b@example.org>,", "@oncall", "c@x.org"],
        *["from:", "mailto:a@example.org", "[error]", "(ok)", "2026-01-01", "dBm", "&", "<"],
        *["TX:5", '"up"'],
    ]
)
PLACES = st.sampled_from(["RX:", ":RX:", ":RX", "eth0:RX:", "RX :", "rx:", "p: RX:", "**RX:**"])
GAPS = st.sampled_from([" ", "\n", "  ", "\r\n", "\n\n", "\t", " | ", ", "])


@st.composite
def logs(draw: st.DrawFn) -> str:
    """Log lines with a word that is no recipient before each marker, and at the end."""
    lines = draw(st.lists(st.tuples(PLACES, st.lists(WORDS, max_size=4), GAPS), max_size=8))
    return "".join(f"port {place}{gap.join(words)} " for place, words, gap in lines) + "end "


LOGS = [
    "p:RX:1 a@example.org p:RX:2",
    "SFP RX:-3dBm@1310nm",
    "SFP:RX:-3dBm@1310nm:RX:",
    "RX: x@y",
    ":RX:x@y:RX:",
    ":RX:\nmail from a@example.org\n:RX:\n",
    ":RX: link down, told admin@example.org\n:RX: link up",
    "RX: a@example.org, and b@example.org are on call :RX:",
    "SIP:RX:100@10.0.0.1\nSIP:RX:100@10.0.0.1\n",
    "p:RX:x@y\nlog.txt:RX: 5",
    ":RX:x@y\nlog.txt:RX: 5",
    ":RX:a@example.org\n\nPump 3\n:RX:",
    "RX: INVITE sip:100@example.org :RX: 200",
    ":RX: user: root@example.org :RX:",
    ":RX: @oncall\n> 3 frames dropped: a@example.org\n:RX:",
    ":RX: a@example.org, lost at port: b@example.org :RX:",
    "RX:5V@2.5A:RX: 3",
    "RX: x@y\ngit@github.com:RX:repo\n",
    ":RX:\ngit@github.com:RX:repo\n",
    ":RX: RCPT TO:<ops@example.org>\n:RX: DATA\n",
    "> :RX: root@host.example.org\n> :RX: up",
    "1. :RX: root@host.example.org\n2. :RX: up",
    "(INFO) :RX: <root@host.example.org>\n(INFO) :RX: up",
    "#1 :RX: root@host.example.org\n#2 :RX: up\n",
    "RX: root@host.example.org\n:RX: up",
    "eth0:RX:root@host.example.org\n:RX: up",
    ":RX: root@host.example.org\n:RX up",
    "On Monday a@example.org wrote:\n> :RX:\n> it is off\n> :RX:",
    ":RX:a@example.org",
    "RX:a@example.org, b@example.org\n\nBye",
    f"RX: a@example.org {MARKER} :RX:",
]


def find_both(text: str, markers: Markers = MARKERS) -> tuple[Found, Found, str]:
    """The codes found in a text, and in HTML that shows it."""
    html = f"<table><tr><td>{escape(text)}</td></tr></table>"
    found, in_html = find_in_text(text, markers), find_in_html(html, markers)
    check(text, found)
    check(html, in_html)
    return found, in_html, html


@given(logs(), PROSE_IN)
def test_prose_around_it_is_no_code_no_error_and_stays(text: str, markers: Markers) -> None:
    found, in_html, _ = find_both(text, markers)
    assert (((), ()), ((), ())) == (found, in_html)


@pytest.mark.parametrize("text", LOGS)
def test_what_devices_print_is_prose(text: str) -> None:
    for markers in (MARKERS, ("RX",)):
        found, in_html, _ = find_both(text, markers)
        assert (((), ()), ((), ())) == (found, in_html)


@given(logs(), logs(), written_codes())
def test_a_list_between_is_a_code_and_all_around_it_stays(
    before: str, behind: str, written: Written
) -> None:
    code = written.text
    for long in (MARKER, MARKER.lower(), MARKER.upper(), "Email_\nRxers_Code"):
        code = code.replace(long, "RX")
    code = code.replace("email_rxers_\r\n  code", "R\r\n  x")
    text = f"{before}| {code} |{behind}"
    found = find_in_text(text, MARKERS)
    assert [list(written.entries)] == [list(one.entries) for one in found.codes]
    assert [] == errors(found)
    assert f"{before}|  |{behind}" == cut(text, found.removals)


@given(logs(), logs())
def test_a_code_of_the_long_marker_is_read_beside_it(before: str, behind: str) -> None:
    code = f":{MARKER}:a@example.org:{MARKER}:"
    found, in_html, html = find_both(f"{before}{code} | {behind}")
    for one in (found, in_html):
        assert ["a@example.org"] == entries(one)
        assert [] == errors(one)
    assert f"{before} | {behind}" == cut(f"{before}{code} | {behind}", found.removals)
    assert html.replace(code, "") == cut(html, in_html.removals)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("eth0:RX:1 :RX:a@example.org:RX: eth1:RX:2", ["a@example.org"]),
        (":RX: @oncall, Bob Smith <b@example.org> :RX:", ["@oncall", "b@example.org"]),
        (
            ":RX:1. a@example.org (day)\n2. b@example.org (night):RX:",
            ["a@example.org", "b@example.org"],
        ),
        (f":RX:{'x' * 60}@exam\nple.org:RX:", ["x" * 60 + "@example.org"]),
        (":RX:\na@example.org\n:RX:\nDoor open", ["a@example.org"]),
        ("**:RX:**\n* a@example.org\n* @oncall\n**:RX:**\n", ["a@example.org", "@oncall"]),
        (":RX: a@example.org\n b@example.org :RX: Door", ["a@example.org", "b@example.org"]),
        (":RX:Bob\n Smith <b@exam\nple.org>:RX:", ["b@example.org"]),
        ("> :RX:a@example.org,\n> b@example.org:RX:", ["a@example.org", "b@example.org"]),
        (
            ":RX:[1] a@example.org (Anna)|b@example.org:RX:",
            ["a@example.org", "b@example.org"],
        ),
        ("RX: To: a@example.org; Cc: b@example.org :RX", ["a@example.org", "b@example.org"]),
    ],
)
def test_a_list_may_be_written_in_every_way(text: str, named: list[str]) -> None:
    found, in_html, _ = find_both(text)
    assert (named, []) == (entries(found), errors(found))
    assert (named, []) == (entries(in_html), errors(in_html))


def test_one_wrong_address_takes_no_right_one_with_it() -> None:
    found, _, _ = find_both("Hot :RX:a@example.org,b@example:RX: now")
    assert ["a@example.org"] == entries(found)
    (error,) = errors(found)
    assert "b@example" == error.found
    assert "Hot  now" == cut("Hot :RX:a@example.org,b@example:RX: now", found.removals)


def test_links_to_addresses_are_a_list_too() -> None:
    for link in ("mailto:a@example.org", "&#109;ailto&colon;a@example.org"):
        html = f'<p>RX: 1 :RX:<a href="{link}">Ann</a>:RX: RX: 2</p>'
        found = find_in_html(html, MARKERS)
        assert (["a@example.org"], []) == (entries(found), errors(found))
        assert "<p>RX: 1  RX: 2</p>" == cut(html, found.removals)
    prose = '<p>:RX: ask <a href="mailto:a@example.org">Ann</a> about it :RX:</p>'
    assert ((), ()) == find_in_html(prose, MARKERS)
    door = (
        '<p>:RX: 12<br>door 3 was opened by <a href="mailto:a@example.org">Ann</a><br>:RX: 13</p>'
    )
    assert ((), ()) == find_in_html(door, MARKERS)
    cells = "<tr><td>:RX:</td><td>RCPT</td><td>TO:&lt;a@example.org&gt;</td></tr>"
    assert ((), ()) == find_in_html(f"<table>{cells * 3}</table>", MARKERS)


def test_an_attribute_around_a_code_is_prose_too_unless_it_holds_an_address() -> None:
    code = ":RX:a@example.org:RX:"
    html = f'<tr><td title="RX: 5 dBm">{code} Low</td></tr>'
    assert html.replace(code, "") == cut(html, find_in_html(html, MARKERS).removals)
    named = f'<tr><td title=":RX:b@example.org:RX:">{code} Low</td></tr>'
    assert "b@example.org" not in cut(named, find_in_html(named, MARKERS).removals)


def test_attributes_and_comments_are_prose_too() -> None:
    html = '<p title="RX: a@example.org">RX: 5</p><!-- :RX: ask a@example.org :RX: --><i>x@y</i>'
    assert ((), ()) == find_in_html(html, MARKERS)


def test_an_attribute_full_of_it_is_read_once() -> None:
    title = ":RX: RX: " * 300_000  # this would take minutes if each marker were read to the end
    assert attribute_pattern(MARKERS).search(title) is None
    assert attribute_pattern(MARKERS).search(f"{title}@") is not None
    assert attribute_pattern(MARKERS).search(f"@{title}{MARKER}") is not None


# --- long texts ----------------------------------------------------------------------------------


def find_long(
    text: str,
    *,
    is_html: bool = False,
    allowance: Allowance | None = None,
    sizes: SearchSizes | None = None,
) -> Found:
    content = text.encode()
    source = TextSource(content=content, start=0, end=len(content), codec="utf-8", is_html=is_html)
    sizes = sizes or SearchSizes()
    return find_in_source(source, MARKERS, allowance=allowance or Allowance(), sizes=sizes)


LINES = [
    "2026-01-01 eth0:RX:100 root@host.example.org TX:5 ok\n",
    "SFP:RX:-3dBm@1310nm\n",
    ":RX: a@example.org logged in\n",
    "RX: INVITE sip:100@10.0.0.1 SIP/2.0\n",
    ":RX:100@10.0.0.1\n",
    "eth0:RX:root@host.example.org\n",
    "eth0:RX:100:TX:5\n",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("is_html", [False, True])
def test_a_log_beyond_every_allowance_is_kept_whole(line: str, *, is_html: bool) -> None:
    line = f"<tr><td>{escape(line)}</td></tr>" if is_html else line
    text = line * (100_000 // len(line))
    few = Allowance(_ordinary=Allowance(codes=5, listed=500, read=20_000))
    for allowance in (Allowance(), few):
        assert ((), ()) == find_long(text, is_html=is_html, allowance=allowance)
        assert not allowance.is_spent
        whole = (find_in_html if is_html else find_in_text)(text, MARKERS, allowance=allowance)
        assert ((), ()) == whole


@pytest.mark.parametrize("line", LINES)
def test_a_code_in_a_long_log_is_found_and_is_all_that_is_cut(line: str) -> None:
    code = ":RX:a@example.org:RX:"
    log = line * (700_000 // len(line))
    text = f"{log}{code} Alarm\n{log}"
    found = find_long(text)
    assert (["a@example.org"], []) == (entries(found), errors(found))
    assert (Span(len(log), len(log) + len(code)),) == found.removals


@given(st.lists(logs() | st.just("| :RX:a@example.org:RX: |"), max_size=12), st.integers(0, 6))
@example([":RX:a@example.org:RX: "] * 4, 2)
def test_where_its_allowance_is_spent_it_is_prose_and_the_text_goes_on(
    parts: list[str], codes: int
) -> None:
    text = "".join(parts)
    limited = Allowance(_ordinary=Allowance(codes=codes))
    all_found, found = find_in_text(text, MARKERS), find_in_text(text, MARKERS, allowance=limited)
    assert [] == errors(found)
    assert found.codes == all_found.codes[: len(found.codes)]
    assert all_found.removals == merge([*all_found.removals, *found.removals])
    assert not limited.is_spent


@pytest.mark.parametrize("is_html", [False, True])
def test_where_its_allowance_is_spent_the_long_marker_still_counts(*, is_html: bool) -> None:
    code = f":{MARKER}:a@example.org:{MARKER}:"
    text = "".join(LINES) * 600
    few = Allowance(_ordinary=Allowance(codes=5, listed=500, read=20_000))
    found = find_long(f"{text}{code}{text}", is_html=is_html, allowance=few)
    assert few.ordinary.is_spent
    assert (["a@example.org"], []) == (entries(found), errors(found))
    assert (Span(len(text), len(text) + len(code)),) == found.removals


FILLERS = st.sampled_from(["<b>", "a ", "<td>RX:</td>", "&lt;", "<!-- RX: x -->", "ü", "x@y "])
SPELLINGS = st.sampled_from(
    [
        ":RX:a@example.org:RX:",
        ":RX:a<b>@</b>example.org:RX:",
        ":RX:a&#64;example.org:RX:",
        ":RX:a&commat;example.org:RX:",
        ":R&shy;X&colon;a@example.org:RX:",
        ":<b>R</b>X:\n\n   a@example.org  :RX:",
        ":RX:<a href='mailto:a@example.org'>Ann</a>:RX:",
        ":RX:Ann <i>van</i> Dam &lt;a@example.org&gt;:RX:",
        "：ＲＸ：a＠example.org：ＲＸ：",  # noqa: RUF001
    ]
)


@given(FILLERS, st.integers(0, 600), SPELLINGS, st.integers(0, 600), st.integers(40, 300))
def test_a_code_is_found_wherever_a_piece_ends(
    filler: str, before: int, spelling: str, after: int, piece: int
) -> None:
    html = f"<p>{filler * before}</p><p>{spelling}</p><p>{filler * after}</p>"
    found = find_long(html, is_html=True, sizes=SearchSizes(piece=piece, reach=500, region=2000))
    assert (["a@example.org"], []) == (entries(found), errors(found))


@given(st.lists(logs() | written_codes().map(lambda one: one.text), max_size=4), st.booleans())
def test_a_text_that_is_skimmed_first_says_the_same(
    parts: list[str],
    is_html: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    text = "\n".join(parts).replace(MARKER, "RX")
    text = escape(text) if is_html else text
    whole = (find_in_html if is_html else find_in_text)(text, MARKERS)
    sizes = SearchSizes(piece=50, reach=5000, region=20_000)
    long = find_long(text, is_html=is_html, sizes=sizes)
    assert [list(map(name, one.entries)) for one in whole.codes] == [
        list(map(name, one.entries)) for one in long.codes
    ]


@pytest.mark.parametrize("line", [*LINES, ":RX:a@example.org x :RX:", ":RX:a@b.org:RX:\n"])
def test_twice_the_log_is_twice_the_work(line: str) -> None:
    def work(times: int) -> int:
        return calls_in(partial(find_long, line * times, allowance=Allowance(codes=10**6)))

    work(1000)  # without what is compiled once
    assert work(1000) <= 2.3 * work(500)


def test_lines_without_an_at_sign_are_not_looked_at() -> None:
    quiet, loud = LINES[-1] * 10_000, LINES[0] * 1000
    calls = [calls_in(partial(find_long, text)) for text in (quiet, loud)]
    assert calls[0] < calls[1] / 10
