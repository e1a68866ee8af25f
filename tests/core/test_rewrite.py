"""Laws of the outgoing mail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.attachment import Action, find_attachments, find_bodies
from relay_core.errors import DefectKind, MalformedMessage, Span
from relay_core.links import ListedAttachment
from relay_core.message import Message, parse_message
from relay_core.outgoing_header import Sender, compose_header
from relay_core.rewrite import Splice, apply_splices, rewrite_body
from tests.core import oracle
from tests.strategies import GARBAGE, Drawn, mails, mutated_mails

EXPIRY = datetime(2026, 11, 25, 15, 44, tzinfo=UTC)
SENDER = Sender(address="relay@example.com", display_name="Sensor 7", reply_to="s@plant.example")


def rewritten(raw: bytes, *, subject: str | None = None) -> bytes:
    """The mail that goes out: attachments detached and listed, texts left as they are."""
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
    # A kept text of an unknown kind stays in its unknown charset: nobody can re-encode it.
    assert {defect.kind for defect in parse_message(out).defects} <= {DefectKind.UNKNOWN_CHARSET}


@given(mails())
def test_no_attachment_is_left_and_every_link_is_there(drawn: Drawn) -> None:
    out = parse_message(rewritten(drawn.raw))
    assert () == find_attachments(out)
    words = "".join(text for _, text in texts(out))
    for index in range(1, len(drawn.attachments) + 1):
        assert f"https://files.example.com/{index}?a=1&" in words


@given(mails())
def test_texts_go_out_as_they_came_with_the_list_behind(drawn: Drawn) -> None:
    out = texts(parse_message(rewritten(drawn.raw)))
    if not drawn.texts:
        assert ["text/plain"] * bool(out) == [kind for kind, _ in out]
        return
    assert [kind for kind, _ in drawn.texts] == [kind for kind, _ in out]
    for (_, before), (_, after) in zip(drawn.texts, out, strict=True):
        assert after.startswith(before.rstrip()) or "<table" in after
        if not drawn.attachments:
            assert before == after


SIGNED = (
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: multipart/signed; micalg=pgp-sha256;\r\n"
    b' protocol="application/pgp-signature"; boundary=s\r\n\r\n'
    b"--s\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
    b"--m\r\n\r\nWords.\r\n%b--m--\r\n"
    b"--s\r\nContent-Type: application/pgp-signature\r\n\r\nsignature\r\n--s--\r\n"
)


def test_a_signature_goes_once_the_mail_changes_and_the_reader_is_told() -> None:
    file = b"--m\r\nContent-Type: application/pdf\r\n\r\nfile\r\n"
    out = parse_message(rewritten(SIGNED % file))
    assert "multipart/mixed" == out.root.media_type.full
    assert () == find_attachments(out)
    ((_, text),) = texts(out)
    assert "The signature was taken off" in text


def test_a_signed_mail_that_does_not_change_keeps_its_signature() -> None:
    out = rewritten(SIGNED % b"")
    assert SIGNED.split(b"\r\n\r\n", 1)[1] % b"" == out.split(b"\r\n\r\n", 1)[1]


@given(mails())
def test_rewriting_twice_is_rewriting_once(drawn: Drawn) -> None:
    once = rewritten(drawn.raw)
    assert once == rewritten(once)


@given(mails())
def test_the_oracle_reads_what_we_read(drawn: Drawn) -> None:
    out = rewritten(drawn.raw)
    message = parse_message(out)
    assert oracle.leaves(out) == [
        oracle.Leaf(leaf.media_type.full, b"".join(message.content(leaf)))
        for leaf in message.leaves()
    ]
