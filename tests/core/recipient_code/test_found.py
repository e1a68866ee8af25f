"""Bugs that reading, fuzzing or another parser found: each stays mended."""

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
from tests.core.laws import Relayed, check_any_bytes, check_rewriting_is_done, relayed

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
PLANT = b"\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>planted</b>\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"


def mixed(*fields: bytes, body: bytes) -> bytes:
    return MIXED + b"\r\n".join([*fields, b"", body]) + b"\r\n--b--\r\n"


def sent(raw: bytes) -> Relayed:
    """What became of a mail, the laws checked."""
    result = check_any_bytes(raw)
    assert result is not None
    return result


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
        # fields that other parsers stumble over
        b'Content-Type:multipart/a";boundary=b\n--b\na',
        b"Content-Type: multipart/mixed "
        + b"(" * 450
        + b")" * 450
        + b"; boundary=b\r\n\r\n--b\r\n",
        b"Content-Transfer-Encoding: " + b"(" * 450 + b")" * 450 + b"7bit\r\n\r\none\r\n",
        # delimiter lines that end oddly
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\r \nX: y\n\none\n--b--\r \n",
        b"Content-Type:multipart/a\n--\xff\r\na",
        # an empty last part of a multipart that is not closed
        MIXED + b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n"
        b"Content-Type: image/png\r\n\r\n--b--\r\n",
        b"Content-Type:multipart/a\n\n--X: 1\nContent-Type:multipart/a\n\n--a\nC:\n--X: 1",
        # a uuencoded file whose lines end in CR
        b"begin 000\nAA\r",
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\ncaf\xe9",
        # an odd disposition of a text
        b"Content-Disposition:",
        b"Content-Disposition: \xff\r\n\r\none",
        b"Content-Disposition : *\r\n\r\none",
        b'Content-Type: multipart/report; report-type=x; boundary="=_s0"\r\n\r\n--=_s0\r\n',
        # a field that is known only as the second of its name, behind one that nobody knows
        MIXED + b"Content-Type: text/plain\r\nX&Y: 1\r\nContent-Type: x/y\r\n\r\none",
        # parameters of which one is an RFC 2231 one, in a field that has to be written anew
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


TORN = b":Email_Rxers\r\n", b"_Code:eve@example.net:Email_Rxers_Code:\r\n"
FILE = b"begin 644 a.log\r\n#0V%T\r\n`\r\nend\r\n"


@pytest.mark.parametrize(
    "text",
    [
        # codes and files in pieces around codes and files
        TORN[0] + CODE + b"\r\n" + TORN[1],
        CODE + b"\r\n" + TORN[0] + FILE + TORN[1],
        CODE + b"\r\nbegin 644 b.log\r\n" + CODE + b"\r\n#0V%T\r\n`\r\nend\r\n",
        CODE + b"\r\nbegin 644 b.log\r\n" + FILE + b"#0V%T\r\n`\r\nend\r\n",
        CODE + b"\r\nbegin 644 b.log\r\n#0V%T\r\n" + FILE + b"`\r\nend\r\n",
        CODE + b"\r\nbegin 644 b.log\r\n#0V%T\r\n" + CODE,
    ],
)
@pytest.mark.parametrize("kind", [b"plain", b"html"])
def test_what_a_cut_makes_whole_names_nobody_and_is_no_file(text: bytes, kind: bytes) -> None:
    result = sent(b"Content-Type: text/" + kind + b"\r\n\r\nHello\r\n" + text + b"\r\nBye\r\n")
    assert ("guard@example.org",) == result.recipients
    check_rewriting_is_done(result)
    assert b"eve" not in result.outgoing.partition(b"\r\n\r\n")[2]
    assert b"\r\nBye" in result.outgoing


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (b"a Email_Rxers_Code " + CODE[1:] + b" :eve@example.net z", "a z"),
        (b"a Email_Rxers_Code" + b" " * 9 + CODE + b" :eve@example.net z", "a z"),
        (b"a Email_Rxers_Code\0\x01:eve@example.net:Email_Rxers_Code: z", "a z"),
        # whole once the blanks between the codes have moved together
        (b"a Email_Rxers_Code " + b" ".join([CODE[1:]] * 9) + b" :eve@example.net z", "a z"),
    ],
)
def test_a_subject_shows_no_code_however_it_was_torn(subject: bytes, shown: str) -> None:
    result = sent(b"Subject: " + subject + b"\r\n\r\nHello\r\n" + CODE)
    assert ("guard@example.org",) == result.recipients
    assert shown == result.plan.subject
    check_rewriting_is_done(result)


@pytest.mark.parametrize("blank", [b" ", b"\t"])
@pytest.mark.parametrize("content", [b"TGVmdCBhcyBpdCBpcw==%b", b"TGVmdCBh%bcyBpdCBpcw=="])
def test_blanks_among_base64_do_not_go_out(blank: bytes, content: bytes) -> None:
    # The standard library finds characters there that are not base64.
    fields = (
        b"Content-Type: image/png",
        b"Content-ID: <i@x>",
        b"Content-Transfer-Encoding: base64",
    )
    raw = b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n" + b"\r\n".join(
        [
            *(b"Content-Type: text/html", b"", b"<img src='cid:i@x'>" + CODE, b"--b", *fields),
            *(b"", content % blank, b"--b--", b""),
        ]
    )
    outgoing = sent(raw).outgoing
    assert b"\r\n\r\nTGVmdCBhcyBpdCBpcw==\r\n--b--" in outgoing


def test_a_delimiter_without_a_part_takes_no_line_break_of_the_next() -> None:
    # The inner multipart holds nothing but that line, so it is a text, which ends before it.
    inner = b"Content-Type: multipart/mixed; boundary=s\r\n\r\n" + b"\xe4" * 20 + b"\r\n--s\r\n"
    gone = b"Content-Type: application/x\r\n\r\nx"
    kept = b"Content-Type: application/pkcs7-signature\r\n\r\nx"
    raw = b"".join(
        [
            *(MIXED, b"\r\n", CODE, b"\r\n--b\r\n"),
            *(inner, b"--b\r\n", gone, b"\r\n--b\r\n", kept, b"\r\n--b--\r\n"),
        ]
    )
    result = sent(raw)
    assert 4 == len(result.message.root.parts)
    assert 3 == len(parse_message(result.outgoing).root.parts)


@pytest.mark.parametrize("content", [b"a =_0 b", b"a == b", b"a =4"])
def test_bad_escapes_do_not_go_out(content: bytes) -> None:
    fields = (b"Content-Type: text/plain", b"Content-Transfer-Encoding: quoted-printable")
    result = sent(mixed(body=CODE + b"\r\n--b\r\n" + b"\r\n".join([*fields, b"", content])))
    outgoing = parse_message(result.outgoing)
    assert () == outgoing.defects
    assert content.decode() == outgoing.text(outgoing.root.parts[1]).text.rstrip()


def test_a_preamble_that_looks_like_a_header_does_not_go_out() -> None:
    preamble = b"Content-Type: multipart/mixed; boundary=c\r\n"
    raw = MIXED.replace(b"--b", preamble + b"--b") + b"\r\n" + CODE + b"\r\n--b--\r\n"
    assert () == parse_message(sent(raw).outgoing).defects


def test_what_takes_the_place_of_nothing_ends_before_the_next_delimiter() -> None:
    # No empty line ends the header of the attachment, so it has no line break to spare; and
    # there is no prose, so the list of links takes its place, in base64 for the name's sake.
    empty = b'Content-Type: application/x; name="%b"\r\n' % ("ä".encode() * 40)
    raw = MIXED + empty + b"--b\r\nContent-Type: text/x-log\r\n\r\n" + CODE + b"\r\n--b--\r\n"
    result = sent(raw)
    assert 1 == len(result.plan.uploads)
    assert 2 == len(parse_message(result.outgoing).root.parts)
    check_rewriting_is_done(result)


@pytest.mark.parametrize("media_type", [b"multipart/x", b"message/delivery-status"])
def test_what_may_not_be_encoded_and_stays_goes_out_as_bytes(media_type: bytes) -> None:
    # It stays because it stands in an encrypted mail, of which nothing is detached.
    part = b"Content-Type: " + media_type + b"; name=x\r\n\r\n\xe4"
    raw = b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\n" + CODE
    result = sent(raw + b"\r\n--b\r\n" + part + b"\r\n--b--\r\n")
    kept = parse_message(result.outgoing).root.parts[1]
    assert "application/octet-stream" == kept.media_type.full
    assert [b"\xe4"] == list(parse_message(result.outgoing).content(kept))


@pytest.mark.parametrize("preamble", [b"Read this with a mail program", b"Two lines\nNote: of it"])
def test_a_preamble_without_its_empty_line_takes_no_part_with_it(preamble: bytes) -> None:
    part = b"--b\nContent-Type: image/gif; name=%b\nContent-Transfer-Encoding: base64\n\nR0lG\n"
    header = MIXED.partition(b"\r\n")[0] + b"\n"
    raw = header + preamble + b"\n" + part % b"x.gif" + part % b"y.gif" + b"--b--\n"
    names = [leaf.filename for leaf in parse_message(raw).leaves()]
    assert ["x.gif", "y.gif"] == names
    check_any_bytes(raw)


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


PARTS = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
CUT = b":Email_Rxers_Code:ann@example.org:Email_Rxers_Code:"
GUESSED = b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        PARTS + b"X-\xe9: a\r\n\r\nContent-Type: text/html\r\n\r\n<p>x\r\n--b--\r\n",
        PARTS + b"\xe9: a\r\n\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD\r\n--b--\r\n",
        PARTS
        + b"Content-Type: text/plain\r\n\r\n"
        + CUT
        + b"Content-Disposition: attachment\r\n\r\nfoo\r\n--b--\r\n",
        PARTS + b"Content-Type: text/plain;\r\nX-\xe9: a\r\n\r\n  a=b\r\n--b--\r\n",
        PARTS + b"Content-Type: image/png;\r\nY: a\r\nj\r\nX-A: b\r\n\r\n  name=b\r\n--b--\r\n",
        GUESSED + b"Content-Transfer-Encoding: 7bit\r\n\r\nfoo\r\n--x\r\n\r\nbody\r\n--x--",
        GUESSED + b"words\r\n--x\r\n\r\nbody\r\n--x--",
        b"From: a@b.example\r\n\r\n" + CUT + b"Content-Type: text/html\r\n\r\nfoo\r\n",
        b"From: a@b.example\r\n\r\n" + CUT + b"\r\nDate: x\r\n\r\nTo: y\r\n\r\nfoo\r\n",
    ],
)
def test_what_is_left_of_a_text_is_not_read_as_a_header(raw: bytes) -> None:
    result = check_any_bytes(raw)
    assert result is not None
    check_rewriting_is_done(result)
