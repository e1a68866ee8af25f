"""The laws of the core, on mails of every kind, on mails with faults, and on garbage."""

from __future__ import annotations

import base64
import binascii
from html import unescape

from hypothesis import assume, example, given
from hypothesis import strategies as st

from relay_core.attachments.attachment import Action
from relay_core.attachments.leaves import find_bodies
from relay_core.errors import DefectKind
from relay_core.mime.encoding import is_seven_bit_clean
from relay_core.mime.entity import Entity
from relay_core.mime.transfer_encoding import TransferEncoding
from relay_core.plan import Refused, RelayPlan, plan_relay
from tests.core import oracle
from tests.core.laws import (
    RAW_KEY,
    RECIPIENT,
    SETTINGS,
    Relayed,
    check_any_bytes,
    check_outgoing,
    check_rewriting_is_done,
    composed,
    link_of,
    relayed,
)
from tests.garbage import GARBAGE, cr_twin, lf_twin, mutated_mails
from tests.rich_mails import rich_mails
from tests.strategies import Drawn, DrawnAttachment


def of(raw: bytes) -> Relayed:
    result = relayed(raw)
    assert result is not None
    return result


def found_in(result: Relayed) -> list[DrawnAttachment]:
    return [
        DrawnAttachment(
            filename=one.filename,
            content_type=one.content_type,
            content=content,
            kept=one.action is Action.KEEP,
            embedded=one.embedded is not None,
        )
        for one, content in zip(result.attachments, result.contents, strict=True)
    ]


# --- reading ----------------------------------------------------------------------------------


# Laws that hold for all mails share one test: drawing and relaying them is what takes time.
@given(rich_mails())
def test_a_mail_obeys_the_laws_of_reading_and_writing(drawn: Drawn) -> None:
    result = of(drawn.raw)
    check_every_attachment_comes_out_as_it_went_in(drawn, result)
    check_every_text_comes_out_as_it_went_in(drawn, result)
    check_the_recipients_are_those_of_the_code(drawn, result)
    check_outgoing(result.outgoing)
    check_with_a_page_it_is_as_clean_and_leads_there(result)
    check_rewriting_is_done(result)
    check_what_stays_and_can_travel_stays_byte_for_byte(drawn, result)


def check_every_attachment_comes_out_as_it_went_in(drawn: Drawn, result: Relayed) -> None:
    assert list(drawn.attachments) == found_in(result)


def check_every_text_comes_out_as_it_went_in(drawn: Drawn, result: Relayed) -> None:
    message = result.message
    assert list(drawn.texts) == [
        (body.media_type.full, message.text(body).text.replace("\r\n", "\n"))
        for body in find_bodies(message)
    ]


def check_the_recipients_are_those_of_the_code(drawn: Drawn, result: Relayed) -> None:
    expected = _recipients_that_count(drawn)
    assert (expected or (RECIPIENT,)) == result.recipients


def _recipients_that_count(drawn: Drawn) -> tuple[str, ...]:
    """The recipients of the codes that count: of those in plain text, if any, else in HTML."""
    codes: dict[str, list[str]] = {"text/plain": [], "text/html": []}
    for kind, text in drawn.texts:
        if ":Email_Rxers_Code:" in text:
            codes[kind] += text.split(":Email_Rxers_Code:")[1].split(",")
    return tuple(dict.fromkeys(codes["text/plain"] or codes["text/html"]))


@given(rich_mails())
def test_the_oracle_decodes_the_same_bytes(drawn: Drawn) -> None:
    # The oracle opens messages in messages, accepts other names of uuencode, reads no folded
    # or undeclared boundary.
    raw = drawn.raw.lower()
    assume(b"message/" not in raw)
    assume(b"digest" not in raw)
    assume(b"=_l" not in raw)
    message = of(drawn.raw).message
    ours = [b"".join(message.content(leaf)) for leaf in message.leaves()]
    theirs = [leaf.content for leaf in oracle.leaves(drawn.raw)]
    assert theirs == ours


# --- writing ----------------------------------------------------------------------------------


def check_with_a_page_it_is_as_clean_and_leads_there(result: Relayed) -> None:
    page = "https://files.example.com/the-page"
    raw = composed(result.plan, result.contents, SETTINGS, page=page)
    check_outgoing(raw)
    words = unescape("".join(text for _, text in texts_of(of(raw))))
    assert (page in words) == bool(result.plan.uploads)
    assert not any(link_of(found) in words for found in result.attachments)


@given(rich_mails())
def test_nothing_of_an_attachment_is_left_and_its_link_is_there(drawn: Drawn) -> None:
    result = of(drawn.raw)
    tokens = [one.content[:24] for one in drawn.attachments]
    assume(len(set(tokens)) == len(tokens))
    joined = result.outgoing.replace(b"\r\n", b"")
    words = unescape("".join(text for _, text in texts_of(of(result.outgoing))))
    for found, one in zip(result.attachments, drawn.attachments, strict=True):
        if one.kept:
            continue
        assert link_of(found) in words
        # A message that is attached is listed by its subject, which may hold the token.
        token = one.content[:24] if len(one.content) >= 24 else b"\xff"
        if any(token in other.safe_name.encode() for other in result.attachments):
            continue
        assert token not in joined
        assert base64.b64encode(token) not in joined
        assert binascii.b2a_uu(token)[1:-1] not in joined


def texts_of(result: Relayed) -> list[tuple[str, str]]:
    return [
        (body.media_type.full, result.message.text(body).text)
        for body in find_bodies(result.message)
    ]


def check_what_stays_and_can_travel_stays_byte_for_byte(drawn: Drawn, result: Relayed) -> None:
    detached = {upload.attachment.entity for upload in result.plan.uploads}
    bodies = find_bodies(result.message)
    for leaf in result.message.leaves():
        raw = drawn.raw[leaf.body.start : leaf.body.end]
        is_told = bool(result.plan.uploads) or bool(result.plan.removals)
        if leaf in detached or (leaf in bodies and is_told) or not _travels(result, leaf, raw):
            continue
        assert raw in result.outgoing


def _travels(result: Relayed, leaf: Entity, raw: bytes) -> bool:
    is_body = leaf in find_bodies(result.message)
    read_by_a_guess = is_body and not result.message.text(leaf).reading.is_declared
    is_signature = leaf.media_type.full.endswith("-signature")
    return (
        is_seven_bit_clean(raw)
        and b"\n" not in raw.replace(b"\r\n", b"")
        and not read_by_a_guess
        and not is_signature
        and isinstance(leaf.transfer_encoding, TransferEncoding)
    )


# --- changes without effect -------------------------------------------------------------------

# Not for contents to which line breaks belong.
ENCODED = rich_mails().filter(lambda drawn: b"8bit" not in drawn.raw.lower())


@given(ENCODED)
def test_lf_and_cr_do_as_well_as_crlf(drawn: Drawn) -> None:
    result = of(drawn.raw)
    _check_twins(result, of(lf_twin(drawn.raw)))
    _check_twins(result, of(cr_twin(drawn.raw)))


def _check_twins(one: Relayed, other: Relayed) -> None:
    assert one.recipients == other.recipients
    assert [kind for kind, _ in texts_of(one)] == [kind for kind, _ in texts_of(other)]
    assert [
        (each.filename, each.content_type, each.kept, _without_line_breaks(each))
        for each in found_in(one)
    ] == [
        (each.filename, each.content_type, each.kept, _without_line_breaks(each))
        for each in found_in(other)
    ]
    assert kinds(one) == kinds(other)


def _without_line_breaks(one: DrawnAttachment) -> bytes:
    # In quoted-printable, and in a message that is not encoded, line breaks are content.
    return one.content.translate(None, b"\r\n")


def kinds(result: Relayed) -> set[DefectKind]:
    # Twins differ in their line breaks.
    return {defect.kind for defect in result.message.defects} - {DefectKind.BARE_LINE_BREAK}


@given(rich_mails(), st.binary(max_size=50).filter(lambda garbage: b"--" not in garbage))
def test_what_follows_the_end_changes_nothing(drawn: Drawn, garbage: bytes) -> None:
    result = of(drawn.raw)
    assume(result.message.root.close_delimiter is not None)
    longer = of(drawn.raw + b"\r\n" + garbage)
    assert found_in(result) == found_in(longer)
    assert result.recipients == longer.recipients
    assert texts_of(result) == texts_of(longer)


# --- arbitrary bytes --------------------------------------------------------------------------


@given(GARBAGE | mutated_mails() | mutated_mails(rich_mails()))
@example(b"")
@example(b"\0")
@example(b"From: x")
@example(b"--b\r\n--b--")
def test_any_bytes_obey_the_laws(raw: bytes) -> None:
    check_any_bytes(raw)


@given(GARBAGE | mutated_mails(rich_mails()) | st.binary())
def test_the_same_bytes_are_planned_the_same(raw: bytes) -> None:
    one, other = plan_relay(raw, RAW_KEY, SETTINGS), plan_relay(raw, RAW_KEY, SETTINGS)
    assert type(one) is type(other)
    assert one.mail == other.mail
    if isinstance(one, RelayPlan) and isinstance(other, RelayPlan):
        assert one.recipients == other.recipients
        assert [upload.key for upload in one.uploads] == [upload.key for upload in other.uploads]
    if isinstance(one, Refused) and isinstance(other, Refused):
        assert one.refusals == other.refusals
