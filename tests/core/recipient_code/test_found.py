"""Regression tests of bugs found by review, fuzzing or another parser."""

from __future__ import annotations

import base64
import encodings

import pytest

from relay_core.errors import Span
from relay_core.mime.decoding import decode_content
from relay_core.mime.parameters import parse_parameterised
from relay_core.mime.parsing import parse_message
from relay_core.mime.transfer_encoding import TransferEncoding
from relay_core.mime.uuencode import find_uuencoded
from relay_core.outgoing.header import format_mailbox
from relay_core.text.charset_labels import known_charset
from tests.core.laws import check_any_bytes, check_rewriting_is_done, relayed
from tests.core.recipient_code.broken_mails import CODE, MIXED, PLANT, mixed, sent


@pytest.mark.parametrize(
    "raw",
    [
        mixed(b"Content-Transfer-Encoding: base64", body=base64.b64encode(CODE + PLANT)),
        mixed(
            b"Content-Transfer-Encoding: quoted-printable",
            body=CODE + PLANT.replace(b"--b", b"=2D-b"),
        ),
        mixed(
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Transfer-Encoding: base64",
            body=base64.b64encode("ä".encode() + CODE + PLANT),
        ),
        mixed(body=b"\xe4\r--b\rplanted"),
        mixed(body=b"\0\r--b\rplanted"),
        mixed(body=b"one\r--b\rtwo"),
    ],
)
def test_no_text_becomes_a_part(raw: bytes) -> None:
    assert 1 == len(parse_message(sent(raw).outgoing).root.parts)


@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize(
    ("declared", "used"),
    [
        (b"a b", b"a b"),
        (b'"ab\r\n cd"', b"ab cd"),
        (b'"ab\r\n\tcd"', b"abcd"),
        (b'(boundary="fake")"ab"', b"ab"),
        (b'"\xe4"', b"\xe4"),
        (b'"a\x01"', b"a\x01"),
        (b'"' + b"a" * 1200 + b'"', b"a" * 1200),
        (b'"=?utf-8?q?=C3=A4?="', b"=?utf-8?q?=C3=A4?="),
        (b'"<b>"', b"<b>"),
        (b"b*0", b"b*0"),
        (b"'b'c", b"'b'c"),
        (b"b=c@d", b"b=c@d"),
    ],
)
def test_a_boundary_goes_out_so_that_all_can_read_it(
    declared: bytes, used: bytes, *, inner: bool
) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=%b\r\n\r\n--%b\r\n\r\none\r\n--%b--\r\n" % (
        declared,
        used,
        used,
    )
    check_any_bytes(
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + raw + b"--x--\r\n"
        if inner
        else raw
    )


@pytest.mark.parametrize(
    "raw",
    [
        # nested multiparts that share a boundary
        MIXED + b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
        b"Content-Type:multipart/0\n\n--b1\nContent-Type:multipart/a;boundary=b1\n--b1\na",
        # fields that other parsers read wrongly
        b'Content-Type:multipart/a";boundary=b\n--b\na',
        b"Content-Type: multipart/mixed "
        + b"(" * 450
        + b")" * 450
        + b"; boundary=b\r\n\r\n--b\r\n",
        b"Content-Transfer-Encoding: " + b"(" * 450 + b")" * 450 + b"7bit\r\n\r\none\r\n",
        # delimiter lines with unusual ends
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\r \nX: y\n\none\n--b--\r \n",
        b"Content-Type:multipart/a\n--\xff\r\na",
        # an empty last part of a multipart that is not closed
        MIXED + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
        b"Content-Type: image/png\r\n\r\n--b--\r\n",
        b"Content-Type:multipart/a\n\n--X: 1\nContent-Type:multipart/a\n\n--a\nC:\n--X: 1",
        # a uuencoded file whose lines end in CR
        b"begin 000\nAA\r",
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\ncaf\xe9",
        # an unusual disposition of a text
        b"Content-Disposition:",
        b"Content-Disposition: \xff\r\n\r\none",
        b"Content-Disposition : *\r\n\r\none",
        b'Content-Type: multipart/report; report-type=x; boundary="=_s0"\r\n\r\n--=_s0\r\n',
        # a known field, given again behind one with an unusual name
        MIXED + b"Content-Type: text/plain\r\nX&Y: 1\r\nContent-Type: x/y\r\n\r\none",
        # parameters, one of them by RFC 2231, in a field that has to be written again
        b"Content-Type: multipart/x;\xff=1; x*=utf-8''%19; boundary=b\r\n\r\n--b\r\n\r\none",
        MIXED + b'Content-Type: multipart/x; x=\x19; boundary="c\xff"\r\n\r\n--c\xff\r\n\r\none',
        # a multipart that cannot be split, and says that it is an attachment
        MIXED + b"Content-Type: multipart/mixed\r\nContent-Disposition: attachment\r\n\r\nx",
    ],
)
def test_the_laws_hold(raw: bytes) -> None:
    check_rewriting_is_done(sent(raw))


def test_a_soft_line_break_by_cr_loses_nothing() -> None:
    raw = b"one=\r two\rthree=\rfour"
    chunks = decode_content(raw, Span(0, len(raw)), TransferEncoding.QUOTED_PRINTABLE)
    assert b"one two\rthreefour" == b"".join(chunks)


def test_prose_behind_base64_is_no_content() -> None:
    raw = base64.b64encode(b"A") + b"\r\nSent from my camera\r\n"
    assert b"A" == b"".join(decode_content(raw, Span(0, len(raw)), TransferEncoding.BASE64))


def test_a_doubled_escape_keeps_both_signs() -> None:
    raw = b"a==3Db"
    chunks = decode_content(raw, Span(0, len(raw)), TransferEncoding.QUOTED_PRINTABLE)
    assert b"a==b" == b"".join(chunks)


@pytest.mark.parametrize("value", [b"a" * 300_000, b"<" * 300_000, b"a" * 9_000 + b"@" * 9_000])
def test_a_long_from_is_read_at_once(value: bytes) -> None:
    relayed(b"From: " + value + b"\r\n\r\n" + CODE)


def test_quotes_left_open_are_read_at_once() -> None:
    assert "image/png" == parse_parameterised(b'image/png; name="a' + b';b=\\"c' * 100_000).word


def test_many_blanks_behind_begin_are_read_at_once() -> None:
    assert () == find_uuencoded("begin 644" + " " * 4_000_000 + "\nx\n")


def test_an_unknown_charset_leaves_no_trace() -> None:
    before = len(encodings._cache)
    assert [None] * 100 == [known_charset(f"x-no-such-{number}") for number in range(100)]
    assert before == len(encodings._cache)


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: =?utf-7?q?+2AA-?= b\r\n\r\n" + CODE,
        b"Content-Type: text/plain; charset=utf-7\r\n\r\nx +2AA- y\r\n" + CODE,
    ],
)
def test_half_a_character_of_utf_7_is_no_text(raw: bytes) -> None:
    result = sent(raw)
    assert result.plan.mail.subject.encode("utf-8") in {b"", "\ufffd b".encode()}


def test_a_display_name_holds_no_control_character() -> None:
    assert format_mailbox("a\x04b\x7f", "relay@example.com").isprintable()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"attachment; filename=snap(1).png", "snap(1).png"),
        (b"attachment; filename=snap (1).png", "snap (1).png"),
        (b"attachment; filename=snap.png (from camera 1)", "snap.png"),
        (b'attachment; filename="snap.png"junk; x=y', "snap.png"),
        (b'filename="snap.png"', "snap.png"),
        (b'attachment filename="snap.png"', "snap.png"),
    ],
)
def test_a_file_name_is_read_as_meant(value: bytes, name: str) -> None:
    assert name == parse_parameterised(value).parameters["filename"]


@pytest.mark.parametrize("charset", [b"utf-8\0", b"\0utf-8", b"utf\0\xff8", b"\0", b"ascii\0x"])
def test_a_charset_that_holds_a_nul_is_read_or_unknown(charset: bytes) -> None:
    raw = b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\nx\r\n" + CODE
    assert ("guard@example.org",) == sent(raw).recipients


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "header",
    [b"--x\r\nX-A: b\r\n" * 70_000, b"X-A: b\r\n" * 60_000 + b"?\r\n" + b"--x\r\n" * 60_000],
)
def test_hyphens_in_a_header_are_read_at_once(header: bytes) -> None:
    raw = b"From: a\r\n" + header + b"Subject: s\r\n\r\nx"
    assert "s" == parse_message(raw).header.text("subject")


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (b"=?iso-8859-1?Q?Die_Fr\xf6sche?=", "Die Frösche"),
        (b"=?utf-8?Q?Die_Fr\xf6sche?=", "Die Frösche"),
        ("=?iso-8859-1?Q?Frösche?=".encode(), "Frösche"),
        ("=?utf-8?Q?Frösche=C3=B6?=".encode(), "Fröscheö"),
        (b"=?koi8-r?Q?\xf0\xd2\xc9?=", "При"),
        (b"=?x-none?Q?Fr\xf6?=", "Frö"),
    ],
)
def test_an_encoded_word_may_hold_what_should_have_been_encoded(
    subject: bytes, shown: str
) -> None:
    assert shown == parse_message(b"Subject: " + subject + b"\r\n\r\nx").header.text("subject")
    sent(b"Subject: " + subject + b"\r\n\r\n" + CODE)
