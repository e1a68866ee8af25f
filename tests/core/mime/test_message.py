"""Laws of parsing, with the standard library as oracle."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.attachments.attachment import find_attachments
from relay_core.attachments.leaves import find_bodies
from relay_core.errors import DefectKind, LimitExceeded, MalformedMessage
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from relay_core.mime.size_limits import Limits
from relay_core.mime.transfer_encoding import TransferEncoding
from tests.core import oracle
from tests.garbage import GARBAGE, mutated_mails
from tests.strategies import Drawn, mails

SEED = (
    Path(__file__).parent.parent.parent / "corpus" / "malformed" / "openssl-demo.eml"
).read_bytes()


def contents(message: Message) -> list[bytes]:
    return [b"".join(message.content(leaf)) for leaf in message.leaves()]


# One test for four laws: drawing the mails is what takes time.
@given(mails())
def test_a_good_mail_is_read_as_it_was_made(drawn: Drawn) -> None:
    message = parse_message(drawn.raw)
    check_every_attachment_comes_out_as_it_went_in(drawn, message)
    check_every_text_comes_out_as_it_went_in(drawn, message)
    check_it_has_no_defects(message)
    check_the_oracle_sees_the_same_leaves(drawn, message)


def check_every_attachment_comes_out_as_it_went_in(drawn: Drawn, message: Message) -> None:
    found = find_attachments(message)
    assert [one.content for one in drawn.attachments] == [
        b"".join(message.content(one.entity)) for one in found
    ]
    assert [one.filename for one in drawn.attachments] == [one.filename for one in found]
    assert [one.content_type for one in drawn.attachments] == [one.content_type for one in found]


def check_every_text_comes_out_as_it_went_in(drawn: Drawn, message: Message) -> None:
    found = [
        (body.media_type.full, message.text(body).text.replace("\r\n", "\n"))
        for body in find_bodies(message)
    ]
    assert list(drawn.texts) == found


def check_it_has_no_defects(message: Message) -> None:
    found = {defect.kind for defect in message.defects}
    # Some fields have file names outside ASCII as raw bytes, as devices write them.
    assert found <= {DefectKind.NON_ASCII_HEADER}


def check_the_oracle_sees_the_same_leaves(drawn: Drawn, message: Message) -> None:
    theirs = oracle.leaves(drawn.raw)
    assert [leaf.content_type for leaf in theirs] == [
        leaf.media_type.full for leaf in message.leaves()
    ]
    assert [leaf.content for leaf in theirs] == contents(message)


@given(mails().filter(lambda drawn: b"8bit" not in drawn.raw.lower()))
def test_line_breaks_do_not_matter(drawn: Drawn) -> None:
    original = parse_message(drawn.raw)
    twin = parse_message(drawn.raw.replace(b"\r\n", b"\n"))
    assert [
        (leaf.media_type.full, leaf.filename, leaf.transfer_encoding) for leaf in original.leaves()
    ] == [(leaf.media_type.full, leaf.filename, leaf.transfer_encoding) for leaf in twin.leaves()]
    for leaf, same in zip(original.leaves(), twin.leaves(), strict=True):
        # In quoted-printable the line breaks are content (RFC 2045 section 6.7).
        if leaf.transfer_encoding is TransferEncoding.BASE64:
            assert b"".join(original.content(leaf)) == b"".join(twin.content(same))


@given(GARBAGE | mutated_mails())
@example(b"From: x")
@example(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b")
@example(b"--b")
def test_any_bytes_are_read(raw: bytes) -> None:
    try:
        message = parse_message(raw)
    except MalformedMessage:
        assert not raw.strip()
        return
    for entity in message.root.walk():
        assert 0 <= entity.span.start <= entity.body.start <= entity.body.end <= len(raw)
        for part in entity.parts:
            assert part.delimiter is not None
            assert entity.body.start <= part.delimiter.start < part.span.start + 1
            assert part.body.end <= entity.body.end
        for before, after in zip(entity.parts, entity.parts[1:], strict=False):
            assert after.delimiter is not None
            assert before.body.end <= after.delimiter.start
    for defect in message.defects:
        assert 0 <= defect.span.start <= defect.span.end <= len(raw)
    for leaf in message.leaves():
        message.text(leaf)
    find_attachments(message)


@given(mails(), st.binary(max_size=50))
def test_what_follows_the_close_delimiter_changes_nothing(drawn: Drawn, garbage: bytes) -> None:
    message = parse_message(drawn.raw)
    if not message.root.is_multipart or b"--" in garbage:
        return
    longer = parse_message(drawn.raw + b"\r\n" + garbage)
    assert contents(message) == contents(longer)


def test_the_demo_of_the_customer_is_read_as_meant() -> None:
    message = parse_message(SEED)
    (body,) = find_bodies(message)
    (attachment,) = find_attachments(message)
    assert "Line3:Last line." in message.text(body).text
    assert attachment.filename == "demo64.txt"
    assert b"".join(message.content(attachment.entity)) == b"content\n"
    assert {defect.kind for defect in message.defects} == {
        DefectKind.MISSING_BLANK_LINE,
        DefectKind.MISSING_CLOSE_DELIMITER,
    }


@pytest.mark.parametrize("raw", [b"", b" \r\n", b"\r\n\r\n"])
def test_nothing_at_all_is_no_message(raw: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse_message(raw)


def nested(depth: int) -> bytes:
    lines = []
    for level in range(depth):
        lines += [f"Content-Type: multipart/mixed; boundary=b{level}", "", f"--b{level}"]
    return "\r\n".join([*lines, "Content-Type: text/plain", "", "deep"]).encode()


@pytest.mark.parametrize(
    ("raw", "limits", "words"),
    [
        (b"Subject: x\r\n\r\n" + b"a" * 100, Limits(size=50), "114 bytes, the limit is 50"),
        (nested(30), Limits(depth=20), "nested more than 20 deep"),
        (nested(30), Limits(entities=10), "more than 10 entities"),
        (b"Subject: " + b"a" * 999 + b"\r\n\r\nx", Limits(header_size=500), "the limit is 500"),
    ],
)
def test_a_limit_is_named(raw: bytes, limits: Limits, words: str) -> None:
    with pytest.raises(LimitExceeded, match=words):
        parse_message(raw, limits)


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    message = parse_message(nested(5000), Limits(depth=10_000))
    assert ["deep"] == [message.text(leaf).text for leaf in message.leaves()]


def body_lines(raw: bytes) -> list[str]:
    message = parse_message(raw)
    return [message.text(leaf).text.strip() for leaf in message.leaves()]


MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"Subject: x\r\nIt is hot\r\n", ["It is hot"], id="no-blank"),
        pytest.param(b"\xef\xbb\xbfSubject: x\r\n\r\nb", ["b"], id="bom"),
        pytest.param(b"From a@b Mon Jan  1\r\nSubject: x\r\n\r\nb", ["b"], id="mbox"),
        pytest.param(b"Subject : x\r\njunk\r\nDate: y\r\n\r\nb", ["b"], id="junk"),
        pytest.param(b"Subject: x\r\r\rb", ["b"], id="bare-cr"),
        pytest.param(
            MIXED + b"--b\r\nContent-Type: text/plain\r\nDoor: open\r\nLine: two\r\n--b--\r\n",
            ["Door: open\r\nLine: two"],
            id="part-without-blank-line",
        ),
        pytest.param(
            MIXED + b"--b\r\nContent-Type: text/plain\r\nDoor: open\r\n\r\nSecond\r\n--b--\r\n",
            ["Door: open\r\n\r\nSecond"],
            id="part-without-blank-line-but-with-paragraphs",
        ),
        pytest.param(
            MIXED + b'--b\r\nContent-Type: text/plain; hp="clear"\r\nSubject: Door\r\n'
            b"HP-Outer: Subject: [...]\r\n\r\nOpen\r\n--b--\r\n",
            ["Open"],
            id="part-with-the-fields-of-the-message",
        ),
        pytest.param(
            MIXED + b'--b\r\nContent-Type: text/plain; protected-headers="v1"\r\n'
            b"Subject: Door\r\n\r\nOpen\r\n--b--\r\n",
            ["Open"],
            id="part-with-the-fields-of-the-message-as-in-the-drafts",
        ),
        pytest.param(
            b'Content-Type: multipart/mixed; boundary="ab\r\n  cd"\r\n\r\n'
            b"--ab cd\r\n\r\none\r\n--ab cd--",
            ["one"],
            id="boundary-folded-inside-its-quotes",
        ),
        pytest.param(
            b'Content-Type: multipart/mixed; boundary="ab\r\n\tcd"\r\n\r\n'
            b"--abcd\r\n\r\none\r\n--abcd--",
            ["one"],
            id="boundary-folded-where-no-blank-was",
        ),
        pytest.param(
            MIXED + b"--c\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--c--",
            ["one", "two"],
            id="another-boundary-than-declared",
        ),
        pytest.param(
            b"Content-Type: multipart/mixed\r\n\r\n--hint\r\n--x\r\n\r\none\r\n--x--",
            ["--hint", "one"],
            id="boundary-not-declared-behind-a-line-that-looks-like-one",
        ),
        pytest.param(
            MIXED + b"--b\r\n\r\none\r\n" + b"--x\r\n" * 500 + b"--b\r\n\r\ntwo\r\n--b--",
            ["one\r\n" + "--x\r\n" * 499 + "--x", "two"],
            id="many-lines-that-look-like-delimiters",
        ),
        pytest.param(
            MIXED + b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
            b"--d\r\n\r\none\r\n--d--\r\n--b\r\n\r\ntwo\r\n--b--",
            ["one", "two"],
            id="another-inner-boundary-than-declared",
        ),
        pytest.param(
            MIXED + b"--b\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo",
            ["one", "two"],
            id="doubled-delimiter",
        ),
        pytest.param(
            b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\none\r\n--x\r\n\r\ntwo\r\n--x--",
            ["one", "two"],
            id="boundary-not-declared",
        ),
        pytest.param(
            MIXED + b"--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo",
            ["one", "two"],
            id="part-behind-the-end",
        ),
        pytest.param(
            MIXED + b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n"
            b"--bb\r\n\r\none\r\n--bb\r\n\r\ntwo\r\n--b\r\n\r\nthree\r\n--b--",
            ["one", "two", "three"],
            id="one-boundary-a-prefix-of-another-and-inner-not-closed",
        ),
        pytest.param(
            MIXED + b"\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--",
            ["one", "two"],
            id="no-delimiter-before-the-first-part",
        ),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=c\r\n\r\nContent-Type: text/plain\r\n\r\n"
            b"one\r\n--b\r\n\r\ntwo\r\n--b--",
            ["one", "two"],
            id="no-delimiter-before-the-first-part-and-another-boundary-than-declared",
        ),
        pytest.param(
            MIXED + b"This is a message of several parts.\r\n--b\r\n\r\ntwo\r\n--b--",
            ["two"],
            id="preamble",
        ),
        pytest.param(
            MIXED + b"Content-Transfer-Encoding: 8bit\r\n\r\nNot for you.\r\n--b\r\n\r\ntwo",
            ["two"],
            id="preamble-behind-a-field-that-describes-no-content",
        ),
        pytest.param(
            MIXED + b"Content-Transfer-Encoding: quoted-printable\r\n\r\no=\r\nne\r\n--b--",
            ["one"],
            id="no-delimiter-before-an-encoded-text",
        ),
        pytest.param(
            MIXED + b"Content-Type: text/plain\r\n\r\none\r\n",
            ["Content-Type: text/plain\r\n\r\none"],
            id="no-delimiter-at-all",
        ),
        pytest.param(
            b"Content-Transfer-Encoding: base64\r\n\tb25l\r\n\tb25l\r\n",
            ["oneone"],
            id="indented-base64-without-blank-line",
        ),
        pytest.param(
            b"Content-Transfer-Encoding: base64\r\n\tb25l\r\n\r\nb25l",
            ["one"],
            id="fold-that-looks-like-base64",
        ),
        pytest.param(
            b"Content-Transfer-Encoding: base64\r\nContent-Type: text/plain;\r\n\tb25l\r\n",
            [""],
            id="fold-that-looks-like-base64-behind-a-semicolon",
        ),
        pytest.param(
            b"Content-Transfer-Encoding: base64\r\nX-Key: a\r\n\tb25l\r\n\tb25l\r\n\r\nb25l",
            ["one"],
            id="base64-in-a-field-of-its-own",
        ),
    ],
)
def test_it_reads_what_a_person_would_read(raw: bytes, expected: list[str]) -> None:
    assert expected == body_lines(raw)


@pytest.mark.parametrize(
    "readings",
    [
        b"Date: 2026-01-01\r\n\r\nSender: pump 3\r\n\r\n",
        b"Sender: pump 3\r\n\r\nCc: valve\r\n\r\n",
        b"Message-ID: 17\r\n\r\nContent-Type: text/plain\r\n\r\n",
    ],
)
def test_readings_named_like_fields_of_a_message_stay_in_the_text(readings: bytes) -> None:
    head = b"From: a@example.com\r\nSubject: t\r\n\r\n"
    message = parse_message(head + readings + b"Level 5\r\n")
    assert message.header.span.end == len(head)


def test_fields_of_a_message_with_an_empty_line_behind_each_are_its_header() -> None:
    raw = (
        b"From: a@example.com\r\n\r\nTo: b@example.com\r\n\r\nDate: 1 Jan 2026 10:00:00 +0000"
        b"\r\n\r\nSubject: t\r\n\r\nLevel 5\r\n"
    )
    names = [one.name for one in parse_message(raw).header.fields]
    assert names == ["from", "to", "date", "subject"]
