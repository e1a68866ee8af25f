"""Laws of the outgoing mail."""

from __future__ import annotations

import email
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.attachments.attachment import Action, find_attachments
from relay_core.attachments.leaves import find_bodies
from relay_core.errors import DefectKind, MalformedMessage, Span
from relay_core.mime.message import Message
from relay_core.mime.parsing import parse_message
from relay_core.outgoing.appendix import with_appendix
from relay_core.outgoing.header import Sender, compose_header
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.rewrite import rewrite_body
from relay_core.outgoing.splices import Splice, apply_splices
from tests.core import oracle
from tests.core.laws import check_any_bytes, check_rewriting_is_done
from tests.corpus import FOLDER
from tests.garbage import GARBAGE, mutated_mails
from tests.strategies import Drawn, mails

EXPIRY = datetime(2026, 11, 25, 15, 44, tzinfo=UTC)
SENDER = Sender(address="relay@example.com", display_name="Sensor 7", reply_to=())


def rewritten(raw: bytes, *, subject: str | None = None) -> bytes:
    """The outgoing mail: attachments detached and listed, texts unchanged."""
    message = parse_message(raw)
    detached = [one for one in find_attachments(message) if one.action is Action.DETACH]
    body = rewrite_body(
        message,
        detached=detached,
        removals={one.entity: [one.embedded.span] for one in detached if one.embedded},
        listed=[
            ListedAttachment(
                name=one.safe_name,
                size=17,
                url=f"https://files.example.com/{one.index}?a=1&b=2",
                expires_at=EXPIRY,
            )
            for one in detached
        ],
    )
    header = compose_header(
        message.header,
        sender=SENDER,
        to=("a@example.org", "b@example.org"),
        subject=subject,
        stack="test",
        fields=body.fields,
    )
    return header + body.content


def texts(message: Message) -> list[tuple[str, str]]:
    return [
        (body.media_type.full, message.text(body).text.replace("\r\n", "\n"))
        for body in find_bodies(message)
    ]


@given(st.binary(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.binary(max_size=3))))
def test_bytes_outside_splices_are_untouched(raw: bytes, cuts: list[tuple[int, bytes]]) -> None:
    assert raw == apply_splices(raw, ())
    places = sorted({place % (len(raw) + 1) for place, _ in cuts})
    spans = [Span(a, b) for a, b in zip(places[::2], places[1::2], strict=False)]
    splices = [Splice(span=span, replacement=b"<>") for span in spans]
    expected, position = b"", 0
    for span in spans:
        expected += raw[position : span.start] + b"<>"
        position = span.end
    assert expected + raw[position:] == apply_splices(raw, reversed(splices))


@pytest.mark.parametrize("spans", [[Span(0, 3), Span(2, 4)], [Span(3, 9)]])
def test_splices_that_overlap_or_reach_outside_are_an_error(spans: list[Span]) -> None:
    with pytest.raises(ValueError, match="splice at"):
        apply_splices(b"12345", [Splice(span=span, replacement=b"") for span in spans])


@example(b"\n--a\nContent-Type:\n--a--")  # MIME-Version would make a multipart of it
@example(b"Content-Type: ;charset=utf\nContent-Transfer-Encoding: base64\n\noA")
@given(mails() | mutated_mails() | GARBAGE)
def test_what_goes_out_is_clean_whatever_came_in(mail: Drawn | bytes) -> None:
    raw = mail.raw if isinstance(mail, Drawn) else mail
    try:
        out = rewritten(raw)
    except MalformedMessage:
        return
    assert out.isascii()
    assert b"\0" not in out
    assert b"\n" not in out.replace(b"\r\n", b"")
    assert b"\r" not in out.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in out.split(b"\r\n"))
    assert [] == oracle.defects(out)
    # A text in an unknown charset cannot be re-encoded: it keeps its bytes and its label.
    undecodable = {DefectKind.UNDECODABLE_TEXT} & _defects(raw)
    assert _defects(out) <= {DefectKind.UNKNOWN_CHARSET} | undecodable


def _defects(raw: bytes) -> set[DefectKind]:
    return {defect.kind for defect in parse_message(raw).defects}


# One test for four laws: drawing the mails is what takes time.
@given(mails())
def test_a_mail_is_rewritten_by_the_laws(drawn: Drawn) -> None:
    raw = rewritten(drawn.raw)
    message = parse_message(raw)
    check_no_attachment_is_left_and_every_link_is_there(drawn, message)
    check_texts_go_out_as_they_came_with_the_list_behind(drawn, texts(message))
    check_the_oracle_reads_what_we_read(raw, message)
    assert raw == rewritten(raw), "rewriting twice is rewriting once"


def check_no_attachment_is_left_and_every_link_is_there(drawn: Drawn, out: Message) -> None:
    assert () == find_attachments(out)
    words = "".join(text for _, text in texts(out))
    for index in range(1, len(drawn.attachments) + 1):
        assert f"https://files.example.com/{index}?a=1&" in words


def check_texts_go_out_as_they_came_with_the_list_behind(
    drawn: Drawn, out: list[tuple[str, str]]
) -> None:
    if not drawn.texts:
        assert ["text/plain"] * bool(out) == [kind for kind, _ in out]
        return
    assert [kind for kind, _ in drawn.texts] == [kind for kind, _ in out]
    for (_, before), (_, after) in zip(drawn.texts, out, strict=True):
        assert after.startswith(before.rstrip()) or "<table" in after
        if not drawn.attachments:
            assert before == after


def check_the_oracle_reads_what_we_read(out: bytes, message: Message) -> None:
    assert oracle.leaves(out) == [
        oracle.Leaf(leaf.media_type.full, b"".join(message.content(leaf)))
        for leaf in message.leaves()
    ]


SIGNED = (
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/signed; micalg=pgp-sha256;\r\n"
    b' protocol="application/pgp-signature"; boundary=s\r\n\r\n'
    b"--s\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    b"--m\r\n\r\nWords.\r\n%b--m--\r\n"
    b"--s\r\nContent-Type: application/pgp-signature\r\n\r\nsignature\r\n--s--\r\n"
)


def test_a_signature_goes_once_the_mail_changes_and_the_reader_is_reported() -> None:
    file = b"--m\r\nContent-Type: application/pdf\r\n\r\nfile\r\n"
    out = parse_message(rewritten(SIGNED % file))
    assert "multipart/mixed" == out.root.media_type.full
    assert () == find_attachments(out)
    ((_, text),) = texts(out)
    assert "The signature was removed" in text


def test_a_signed_mail_that_does_not_change_keeps_its_signature() -> None:
    out = rewritten(SIGNED % b"")
    assert SIGNED.split(b"\r\n\r\n", 1)[1] % b"" == out.split(b"\r\n\r\n", 1)[1]


CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:\r\n"
CSV = b"Content-Type: text/csv; charset=utf-8; header=present\r\n\r\ntime;bar\r\n"
PICTURE = b"Content-Type: image/png\r\n\r\npicture\r\n"
MIXED = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"


def leaves_of(raw: bytes) -> tuple[list[str], list[tuple[str, str]]]:
    """The recipients of a mail, and the leaves that they see."""
    result = check_any_bytes(raw)
    assert result is not None
    check_rewriting_is_done(result)
    out = parse_message(result.outgoing)
    return list(result.recipients), texts(out)


def test_a_text_that_is_not_prose_stays_as_it_is() -> None:
    recipients, leaves = leaves_of(
        MIXED + CSV + b"--b\r\n\r\nHello\r\n" + CODE + b"--b\r\n" + PICTURE + b"--b--\r\n"
    )
    (csv_type, csv), (plain_type, plain) = leaves
    assert ["guard@example.org"] == recipients
    assert ("text/csv", "time;bar") == (csv_type, csv)
    assert "text/plain" == plain_type
    assert "https://files.example.com/1" in plain


def test_a_code_is_read_and_cut_in_a_text_that_is_not_prose() -> None:
    raw = MIXED + CSV + CODE + b"--b\r\n" + PICTURE + b"--b--\r\n"
    recipients, leaves = leaves_of(raw)
    (csv_type, csv), (plain_type, plain) = leaves
    assert ["guard@example.org"] == recipients
    assert ("text/csv", "time;bar\n") == (csv_type, csv)
    assert "text/plain" == plain_type  # the note, in the picture's place
    assert "https://files.example.com/1" in plain
    assert b"header=present" in relayed_out(raw)


def test_a_file_in_a_text_that_is_not_prose_is_listed_where_there_is_no_other_place() -> None:
    log = b"Content-Type: text/x-log\r\n\r\nLog:\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n" + CODE
    recipients, leaves = leaves_of(log)
    ((kind, text),) = leaves
    assert ["guard@example.org"] == recipients
    assert "text/x-log" == kind
    assert text.startswith("Log:\n\n1 file")
    assert "begin" not in text


def test_an_invitation_keeps_its_parameters_and_its_place() -> None:
    calendar = (
        b"Content-Type: text/calendar; method=REQUEST\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        b"SUMMARY:T\xc3\xbcr 3\r\nDESCRIPTION:Come\r\n"
    )
    parts = b"\r\nCome\r\n" + CODE + b"--b\r\n" + calendar + b"%b--b--\r\n"
    alternative = MIXED.replace(b"mixed", b"alternative") + parts
    for code in (b"", CODE):
        recipients, leaves = leaves_of(alternative % code)
        assert ["guard@example.org"] == recipients
        assert ["text/plain", "text/calendar"] == [kind for kind, _ in leaves]
        assert "SUMMARY:Tür 3\nDESCRIPTION:Come" == leaves[1][1].rstrip()
        assert b"method=REQUEST" in relayed_out(alternative % code)


def test_a_text_of_a_charset_that_only_it_knows_keeps_its_bytes() -> None:
    content = '<?xml version="1.0" encoding="iso-8859-2"?><a>\u0151\x81</a>'.encode("iso-8859-2")
    raw = (
        MIXED + b"Content-Type: text/xml\r\n\r\n" + content + b"\r\n--b\r\n\r\n" + CODE + b"--b--"
    )
    out = parse_message(relayed_out(raw))
    xml = next(out.leaves())
    assert "text/xml" == xml.media_type.full
    assert content == b"".join(out.content(xml))


def relayed_out(raw: bytes) -> bytes:
    result = check_any_bytes(raw)
    assert result is not None
    return result.outgoing


@pytest.mark.parametrize(
    "junk",
    [
        b":Email_Rxers_Code:guard@example.org\xc8\x90\x8d\x98\xba\x92:Email_Rxers_Code:",
        b":Email_Rxers_Code:guard@exa\xc8\x90\x8d\x98\xba\x92mail_Rxers_Code:",
        ":Email_Rxers_Code:guard@example.org\u2026:Email_Rxers_Code:".encode(),
    ],
)
def test_a_text_that_only_its_code_made_unreadable_is_read_without_it(junk: bytes) -> None:
    head = b"From: a@example.org\r\n\r\n"
    result = check_any_bytes(head + "冷凍機".encode("iso2022_jp") + b"\r\n" + junk)
    assert result is not None
    assert "冷凍機" == oracle.text_of(oracle.parse(result.outgoing)).strip()
    check_rewriting_is_done(result)


def test_a_text_in_uuencode_goes_out_in_what_all_can_read() -> None:
    raw = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n#0V%T\r\n"
    assert b"Cat" in rewritten(raw)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi\n-- \nAnn\n", "Hi\n\nBLOCK\n\n-- \nAnn\n"),
        ("Hi\r\n-- \r\nAnn", "Hi\n\nBLOCK\n\n-- \r\nAnn"),
        ("-- \nAnn", "BLOCK\n\n-- \nAnn"),
        ("Hi\n--\nAnn\n", "Hi\n--\nAnn\n\nBLOCK\n"),
        ("a\n-- \n" + "b\n" * 20, "a\n-- \n" + "b\n" * 20 + "\nBLOCK\n"),
        ("", "BLOCK\n"),
    ],
)
def test_the_list_stands_above_a_signature(text: str, expected: str) -> None:
    assert expected == with_appendix(text, "BLOCK\n")


def test_a_file_without_a_type_goes_out_as_one_when_it_is_encoded_anew() -> None:
    # Blanks in the base64 cause a new encoding; without a type the part would be read as text.
    raw = (FOLDER / "malformed/picture-without-a-type-that-is-shown.eml").read_bytes()
    raw = raw.replace(b"QEBAQEBAQEB\r\n", b"QEBA QEBAQEB\r\n")
    _, _, picture = email.message_from_bytes(rewritten(raw)).walk()
    assert "application/octet-stream" == picture.get_content_type()
    content = picture.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content.startswith(b"\xff\xd8\xff")
