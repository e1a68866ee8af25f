"""Regression tests of bugs in outgoing mail, found by review, fuzzing or another parser."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.attachments.bodies import find_codes
from relay_core.mime.parsing import parse_message
from tests.core.laws import SETTINGS, check_any_bytes, check_rewriting_is_done
from tests.core.recipient_code.broken_mails import CODE, MIXED, mixed, sent

TORN = b":Email_Rxers\r\n", b"_Code:eve@example.net:Email_Rxers_Code:\r\n"
FILE = b"begin 644 a.log\r\n#0V%T\r\n`\r\nend\r\n"


@pytest.mark.parametrize(
    "text",
    [
        # codes and files split around codes and files
        TORN[0] + CODE + b"\r\n" + TORN[1],
        CODE + b"\r\n" + TORN[0] + FILE + TORN[1],
        CODE + b"\r\nbegin 644 b.log\r\n" + CODE + b"\r\n#0V%T\r\n`\r\nend\r\n",
        CODE + b"\r\nbegin 644 b.log\r\n" + FILE + b"#0V%T\r\n`\r\nend\r\n",
        CODE + b"\r\nbegin 644 b.log\r\n#0V%T\r\n" + FILE + b"`\r\nend\r\n",
        CODE + b"\r\nbegin 644 b.log\r\n#0V%T\r\n" + CODE,
    ],
)
@pytest.mark.parametrize("kind", [b"plain", b"html"])
def test_a_code_that_a_cut_makes_whole_names_no_recipient_and_is_no_file(
    text: bytes, kind: bytes
) -> None:
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
        # joined once the codes are removed and the blanks between them are merged
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
    # The standard library reports characters that are not base64.
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
    # The inner multipart has only a delimiter line, so it is read as a text that ends before it.
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
    # No empty line ends the header of the attachment, so no line break is left; and
    # there is no prose, so the list of links replaces it, in base64 because of the file's name.
    empty = b'Content-Type: application/x; name="%b"\r\n' % ("ä".encode() * 40)
    raw = MIXED + empty + b"--b\r\nContent-Type: text/x-log\r\n\r\n" + CODE + b"\r\n--b--\r\n"
    result = sent(raw)
    assert 1 == len(result.plan.uploads)
    assert 2 == len(parse_message(result.outgoing).root.parts)
    check_rewriting_is_done(result)


@pytest.mark.parametrize("media_type", [b"multipart/x", b"message/delivery-status"])
def test_what_may_not_be_encoded_and_stays_goes_out_as_bytes(media_type: bytes) -> None:
    # It stays because nothing is detached from an encrypted mail.
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


# "Email" in the wide letters of JIS X 0208, and a word in kanji.
WIDE = b"\x1b$B#E#m#a#i#l\x1b(B_Rxers_Code"
KANJI = b" \x1b$B7Y\x1b(B "
IN_UTF_8 = b":Email_Rxers_Code:guard@example.org,\xc3\xa9:Email_Rxers_Code:\r\n"
BROKEN = b":Email_Rxers_Code:guard@example.org,\x1b$B\x01:Email_Rxers_Code:\r\n"
PIECES = [
    *(CODE, IN_UTF_8, BROKEN, KANJI, WIDE, b"\x1b(B", b"\x1b(J", b"\x1b$B", b"\r\n", b":"),
    *(b":Email_Rxers_Code:", b"Email_Rxers", b"_Code", b"eve@example.net"),
    *(b"\xc3\xa9", b"\xff", b"word ", b"<p>", b"<!--"),
]
ESCAPED = KANJI + b":Email_Rxers\x1b(B_Code:eve@example.net:Email_Rxers_Code:"
WIDELY = KANJI + b":" + WIDE + b":eve@example.net:" + WIDE + b":"


@given(
    words=st.lists(st.sampled_from(PIECES), max_size=9),
    subtype=st.sampled_from([b"plain", b"html"]),
    label=st.sampled_from([b"utf-8", b"us-ascii", b"iso-2022-jp", b"iso-2022-kr", b"x-none"]),
)
@example(words=[IN_UTF_8, ESCAPED], subtype=b"plain", label=b"utf-8")
@example(words=[BROKEN, ESCAPED], subtype=b"html", label=b"us-ascii")
@example(words=[IN_UTF_8, WIDELY], subtype=b"plain", label=b"x-none")
def test_no_code_appears_once_a_text_is_read_in_another_charset(
    words: list[bytes], subtype: bytes, label: bytes
) -> None:
    field = b"Content-Type: text/%b; charset=%b\r\n\r\n" % (subtype, label)
    result = sent(b"From: a@b.example\r\n" + field + CODE + b"".join(words))
    assert () == find_codes(parse_message(result.outgoing), SETTINGS.markers).found
    check_rewriting_is_done(result)
