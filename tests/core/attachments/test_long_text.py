"""A text that is too long for a mail: its beginning is sent, and all of it as a file."""

from __future__ import annotations

import base64
import quopri
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from relay_core.attachments.attachment import Attachment, content_of
from relay_core.attachments.bodies import find_codes
from relay_core.attachments.long_text import MIN_SHOWN, LongText, read_long_text
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from relay_core.plan import RelayPlan, plan_relay
from relay_core.recipient_code import (
    Address,
    Allowance,
    SearchSizes,
    find_in_html,
    find_in_source,
    find_in_text,
)
from relay_core.recipient_code.candidate_regions import find_regions
from relay_core.text.source import TextSource
from relay_core.text.spans import cut
from tests.core import oracle
from tests.core.laws import RAW_KEY, SETTINGS, relayed
from tests.core.recipient_code_strategies import HTML_SOUP, TEXT_SOUP, TORN_SOUP

MARKER = "Email_Rxers_Code"
CODE = f":{MARKER}:guard@example.org:{MARKER}:"
LINE = "2026-11-29 04:00:01 temp=21.5 ok\r\n"
ROW = "<tr><td>21.5</td><td>ok</td></tr>\r\n"
SMALL = replace(SETTINGS, max_body_bytes=10_000)

PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


def mail(body: bytes, content_type: str = PLAIN, encoding: str = "8bit") -> bytes:
    header = (
        f"From: s@plant.example\r\nSubject: alarm\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return header.encode() + body


def planned(raw: bytes) -> RelayPlan:
    plan = plan_relay(raw, RAW_KEY, SMALL, may_lack_receipt=True)
    assert isinstance(plan, RelayPlan)
    return plan


def only(plan: RelayPlan) -> Attachment:
    (upload,) = plan.uploads
    return upload.attachment


def stored(plan: RelayPlan) -> bytes:
    return b"".join(content_of(plan.message, only(plan)))


def shown(raw: bytes) -> str:
    """The text that the recipient's program shows."""
    result = relayed(raw, SMALL)
    assert result is not None
    message = oracle.parse(result.outgoing)
    return oracle.text_of(next(part for part in message.walk() if not part.is_multipart()))


@pytest.mark.parametrize("where", ["begin", "middle", "end"])
@pytest.mark.parametrize(
    ("content_type", "unit", "name"),
    [(PLAIN, LINE, "full-text.txt"), (HTML, ROW, "full-text.html")],
)
def test_the_beginning_is_shown_and_the_whole_is_a_file_and_no_code_is_left(
    where: str, content_type: str, unit: str, name: str
) -> None:
    before = {"begin": 0, "middle": 5000, "end": 10_000}[where]
    text = unit * before + f"{CODE}\r\n" + unit * (10_000 - before)
    plan = planned(mail(text.encode(), content_type))
    assert ("guard@example.org",) == plan.recipients
    assert name == only(plan).safe_name
    # With a code in HTML, one line end may be removed.
    assert "".join((unit * 10_000).split()) == "".join(stored(plan).decode().split())
    outgoing = shown(mail(text.encode(), content_type))
    assert unit.rstrip() * 2 in outgoing.replace("\r\n", "") or unit.strip() in outgoing
    assert MARKER not in outgoing
    assert name in outgoing
    assert len(outgoing) < 2 * SMALL.max_body_bytes


def test_a_beginning_ends_with_a_line_and_says_where_the_rest_is() -> None:
    text = f"{CODE}\r\n" + "".join(f"line {number}\r\n" for number in range(10_000))
    outgoing = shown(mail(text.encode())).replace("\r\n", "\n")
    beginning, _, rest = outgoing.partition("\n\n[")
    lines = beginning.split("\n")
    assert [f"line {number}" for number in range(len(lines))] == lines
    assert rest.startswith("This text is too long for a mail. All of it is in the attached file")


def test_a_beginning_in_html_closes_what_is_open() -> None:
    body = f"<html><body><p>{CODE}</p><table>{ROW * 5000}</table><p>bye</p></body></html>"
    plan = planned(mail(body.encode(), HTML))
    (long_text,) = plan.removals.values()
    assert isinstance(long_text, LongText)
    html = long_text.shown or ""
    assert html.count("<tr>") == html.count("</tr>") > 100
    assert html.count("<td>") == html.count("</td>")
    assert html.index("</table>") < html.index("full-text.html") < html.index("</body></html>")
    assert html.endswith("</body></html>")


@pytest.mark.parametrize("inside", ["<!-- {} -->", "<script>{}</script>", "<a title='{}'>x</a>"])
def test_a_beginning_never_ends_inside_of_a_tag(inside: str) -> None:
    html = f"<p>{CODE}</p><p>hello</p>" + inside.format("</p>x " * 10_000) + "<p>bye</p>"
    outgoing = shown(mail(html.encode(), HTML))
    assert "hello" in outgoing
    assert "</p>x" not in outgoing
    assert "full-text.html" in outgoing


def test_a_table_is_not_cut_it_is_only_a_file() -> None:
    raw = (
        b"From: s@plant.example\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello "
        + CODE.encode()
        + b"\r\n"
        b"--b\r\nContent-Type: text/csv\r\n\r\n" + b"1;2;3\r\n" * 10_000 + b"--b--\r\n"
    )
    plan = planned(raw)
    assert ".csv" == only(plan).safe_name[-4:]
    assert (b"1;2;3\r\n" * 10_000)[:-2] == stored(plan)
    result = relayed(raw, SMALL)
    assert result is not None
    assert b"1;2;3" not in result.outgoing


def test_texts_share_what_there_is_room_for() -> None:
    part = f"--b\r\nContent-Type: {PLAIN}\r\n\r\n" + LINE * 200
    raw = (
        b"From: s@plant.example\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello "
        + CODE.encode()
        + b"\r\n"
    ) + (part * 5 + "--b--\r\n").encode()
    plan = planned(raw)
    assert 4 == len(plan.uploads)
    result = relayed(raw, SMALL)
    assert result is not None
    assert len(result.outgoing) < SMALL.max_body_bytes + 5000
    for upload in plan.uploads:
        assert (LINE * 200)[:-2] == b"".join(content_of(plan.message, upload.attachment)).decode()


def test_files_in_a_long_text_are_attachments_and_the_text_is_short_without_them() -> None:
    block = "begin 644 a.log\r\n" + "#0V%T\r\n" * 5000 + "end\r\n"
    text = f"hello\r\n{CODE}\r\n{block}bye\r\n{block}"
    plan = planned(mail(text.encode()))
    contents = [b"".join(content_of(plan.message, one.attachment)) for one in plan.uploads]
    assert [b"Cat" * 5000] * 2 == contents
    assert ["a.log", "a.log"] == [one.attachment.safe_name for one in plan.uploads]
    outgoing = shown(mail(text.encode()))
    assert outgoing.startswith("hello\nbye\n")
    assert "full-text" not in outgoing
    assert MARKER not in outgoing


def test_a_text_of_codes_goes_out_without_them() -> None:
    """If only codes make a text long, nothing is attached, and nothing is left."""
    text = "hello\r\n" + f"{CODE}\r\n" * 300
    plan = planned(mail(text.encode()))
    assert () == plan.uploads
    assert "hello" == shown(mail(text.encode())).strip()


def test_beyond_the_most_codes_the_text_ends_and_the_operator_is_reported() -> None:
    text = "hello\r\n" + f"{CODE}\r\n" * 2000 + "the end"
    plan = planned(mail(text.encode()))
    assert ("guard@example.org",) == plan.recipients
    assert ["malformed-recipient-code"] == [str(one.reason) for one in plan.refusals]
    assert "fewer" in plan.refusals[0].detail
    assert "hello" == shown(mail(text.encode())).strip()


def test_an_error_in_a_long_text_is_shown_with_its_place() -> None:
    text = LINE * 2000 + f"\U0001f600 :{MARKER}:guard@example.org,wrong one:{MARKER}:\r\n" + LINE
    plan = planned(mail(text.encode()))
    (refusal,) = plan.refusals
    assert "wrong one" in refusal.detail
    assert "\U0001f600" in refusal.detail
    assert "^" in refusal.detail


# --- laws ---------------------------------------------------------------------------------------

WORDS = st.text("abc ü\U0001f600\n<>&;=-", max_size=60)
CHARSETS = st.sampled_from(
    ["utf-8", "iso-8859-1", "utf-16", "utf-7", "shift_jis", "iso-2022-jp", "gb18030", "cp1252"]
)
ENCODINGS = st.sampled_from(["8bit", "base64", "quoted-printable"])


def encoded(content: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return base64.encodebytes(content)
    return quopri.encodestring(content) if encoding == "quoted-printable" else content


def long_text_of(message: Message, *, room: int = 0, sizes: SearchSizes | None = None) -> LongText:
    return read_long_text(
        message,
        message.root,
        (MARKER,),
        allowance=Allowance(),
        is_prose=True,
        room=room,
        max_files=10,
        sizes=sizes or SearchSizes(),
    )


@given(WORDS, WORDS, CHARSETS, ENCODINGS)
def test_in_any_charset_all_but_the_code_is_in_the_file(
    before: str, after: str, charset: str, encoding: str
) -> None:
    text = f"x{before}x {CODE} x{after}x".replace("\n", "\r\n")
    try:
        content = text.encode(charset)
    except UnicodeEncodeError:
        assume(False)
    # A text of ASCII alone may be read in another charset.
    raw = mail(encoded(content, encoding), f"text/plain; charset={charset}", encoding)
    message = parse_message(raw)
    expected = find_in_text(message.text(message.root).text, (MARKER,))
    long_text = long_text_of(message)
    assert [code.entries for code in expected.codes] == [code.entries for code in long_text.codes]
    whole = b"".join(long_text.whole()).decode(long_text.reading.charset)
    assert cut(message.text(message.root).text, expected.removals) == whole


GRAINS = st.builds(
    lambda piece, reach: SearchSizes(piece=piece, reach=reach, region=4 * reach),
    st.integers(40, 200),
    st.integers(800, 2000),
)
"""Small grains: a piece may be as short as a character reference; a code fits in the reach.

The region is as much longer than the reach as it is by default. Markers that follow each other
over more than a region are paired anew in the next one.
"""

SOUPS = st.lists(TEXT_SOUP | HTML_SOUP | TORN_SOUP, min_size=1, max_size=4)


@given(SOUPS, st.booleans(), GRAINS, st.sampled_from([0, 10, 600]))
@example(
    [f":{MARKER}::{MARKER}:a@example.org", f":{MARKER}:"],
    False,
    SearchSizes(piece=100, reach=800, region=2000),
    600,
)
def test_a_long_text_and_its_short_twin_hold_the_same_codes(
    parts: list[str],
    is_html: bool,  # noqa: FBT001 - drawn by Hypothesis
    sizes: SearchSizes,
    distance: int,
) -> None:
    assume(all(len(part) < sizes.reach for part in parts))
    between = "\n\nsome words here, ü\n\n" * distance
    text = between.join(parts).encode("utf-8", "replace").decode()
    content = text.encode()
    source = TextSource(content=content, start=0, end=len(content), codec="utf-8", is_html=is_html)
    find = find_in_html if is_html else find_in_text
    short = find(text, (MARKER,))
    long = find_in_source(source, (MARKER,), allowance=Allowance(), sizes=sizes)
    assert [code.entries for code in short.codes] == [code.entries for code in long.codes]
    kept, position = [], 0
    for start, end in long.removals:
        kept.append(content[position:start])
        position = end
    rest = b"".join([*kept, content[position:]]).decode()
    assert () == find(rest, (MARKER,)).codes
    if not is_html:
        assert cut(text, short.removals) == rest


FILLERS = st.sampled_from(["<b>", "a ", "<td>21.5</td>", "&lt;", "<!-- x -->", "ü", "e"])
SPELLINGS = st.sampled_from(
    [
        CODE,
        CODE.replace("ail", "<b>ail</b>"),
        CODE.replace("_", "&#95;"),
        CODE.replace("Rx", "R&shy;x"),
        CODE.replace("mail", "m<!-- e -->ail"),
        CODE.replace("Em", "Em\u200b"),
        CODE.replace("s_C", "s_\nC"),
        CODE.upper().replace("GUARD@EXAMPLE.ORG", "guard@example.org"),
    ]
)


@given(FILLERS, st.integers(0, 3000), SPELLINGS, st.integers(0, 3000), st.integers(40, 300))
def test_a_code_is_found_wherever_a_piece_ends(
    filler: str, before: int, spelling: str, after: int, piece: int
) -> None:
    html = f"<p>{filler * before}</p><p>{spelling}</p><p>{filler * after}</p>"
    content = html.encode()
    sizes = SearchSizes(piece=piece, reach=500, region=2000)
    source = TextSource(content=content, start=0, end=len(content), codec="utf-8", is_html=True)
    found = find_in_source(source, (MARKER,), allowance=Allowance(), sizes=sizes)
    (code,) = found.codes
    assert (Address(addr_spec="guard@example.org"),) == code.entries
    regions = list(find_regions(source, (MARKER,), sizes))
    assert len(regions) == 1
    assert regions[0].end - regions[0].start < 4 * 500 + 8 * 64 * len(filler) + 4 * piece


def test_a_mail_that_is_long_in_two_forms_shows_both_and_keeps_both() -> None:
    alternative = (
        f"--b\r\nContent-Type: {PLAIN}\r\n\r\n{CODE}\r\n{LINE * 1000}\r\n"
        f"--b\r\nContent-Type: {HTML}\r\n\r\n<p>{CODE}</p><table>{ROW * 1000}</table>\r\n--b--\r\n"
    )
    raw = (
        b"From: s@plant.example\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n" + alternative.encode()
    )
    plan = planned(raw)
    assert ["full-text.txt", "full-text.html"] == [
        one.attachment.safe_name for one in plan.uploads
    ]
    codes = find_codes(plan.message, (MARKER,), SMALL.limits)
    assert 1 == len(codes.found)
    assert MIN_SHOWN < SMALL.max_body_bytes


def test_the_file_does_not_spell_the_inbound_address() -> None:
    secret = SMALL.inbound_address
    line = f"MAIL TO {secret.upper()} failed\r\n"
    plan = planned(mail((CODE + "\r\n" + LINE * 400 + line + LINE).encode()))
    whole = b"".join(content_of(plan.message, only(plan)))
    assert (LINE * 400 + "MAIL TO [address removed] failed\r\n" + LINE).encode() == whole
