"""Texts with a wrong transfer encoding; the figures are in docs/decisions."""

# ruff: noqa: RUF001, S311 - letters of other alphabets, and bytes picked at random

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.errors import DefectKind, Span
from relay_core.mime.decoding import decode_content
from relay_core.mime.transfer_encoding import TransferEncoding
from tests.core import oracle
from tests.core.laws import check_any_bytes, check_rewriting_is_done
from tests.core.mislabelling import CODE, KINDS, found

MANY = 3000


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_hardly_ever_taken_for_what_they_do_not_stand_in(kind: str) -> None:
    tried, wrong, example = KINDS[kind](MANY)
    assert tried > MANY / 10
    assert wrong <= tried / 200, example


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_quoted_printable_of_utf_16_is_no_prose(codec: str) -> None:
    encoded = "".join(f"{chr(one)}" if one else "=00" for one in "Tor 3".encode(codec)).encode()
    read = found(encoded, TransferEncoding.QUOTED_PRINTABLE)
    assert TransferEncoding.QUOTED_PRINTABLE is read


@pytest.mark.parametrize(
    ("kind", "encoding", "text", "defect"),
    [
        ("plain", "base64", "Boiler 7: pressure high.", DefectKind.INVALID_BASE64),
        ("plain", "base64", "Alarm", DefectKind.INVALID_BASE64),
        ("html", "base64", "<p>Pressure high</p>", DefectKind.INVALID_BASE64),
        ("plain", "base64", "Тревога на входе", DefectKind.INVALID_BASE64),
        ("plain", "quoted-printable", "t=21 id=41 x=b", DefectKind.INVALID_QUOTED_PRINTABLE),
    ],
)
def test_prose_is_read_as_it_stands_with_a_defect(
    kind: str, encoding: str, text: str, defect: DefectKind
) -> None:
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"
    result = check_any_bytes(f"{head}\r\n{text}\r\n{CODE}\r\n".encode())
    assert result is not None
    check_rewriting_is_done(result)
    assert ("guard@example.org",) == result.recipients
    assert defect in {one.kind for one in result.message.defects}
    assert text == oracle.text_of(oracle.parse(result.outgoing)).strip()


FOOTERS = [
    "-- \r\nThis mail was scanned by a gateway\r\n",
    "\r\n_______________________\r\nalarms mailing list\r\nhttps://lists.example.org/alarms\r\n",
    "\r\nRegards\r\nThe gateway at the north gate\r\n",
    "\r\nОтправлено шлюзом\r\n",
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_words_in_clear_behind_base64_are_no_content(footer: str) -> None:
    pick = random.Random(21)
    for _ in range(300):
        content = pick.randbytes(pick.randint(1, 700))
        encoded = base64.encodebytes(content).strip().replace(b"\n", b"\r\n").rstrip(b"=")
        raw = encoded + b"\r\n" + footer.encode()
        span = Span(0, len(raw))
        assert content == b"".join(decode_content(raw, span, TransferEncoding.BASE64))


def test_junk_in_base64_is_no_footer() -> None:
    pick = random.Random(22)
    for _ in range(500):
        content = pick.randbytes(pick.randint(1, 3000))
        encoded = base64.b64encode(content)
        width, junk = (
            pick.choice([4, 8, 10, 20]),
            pick.choice([b" ", b"!", b"\x80", b" \r\n", b"- "]),
        )
        raw = junk.join(encoded[at : at + width] for at in range(0, len(encoded), width))
        span = Span(0, len(raw))
        assert content == b"".join(decode_content(raw, span, TransferEncoding.BASE64))


def test_words_in_clear_behind_a_text_in_base64_belong_to_it() -> None:
    encoded = base64.encodebytes("Störung im Kühlraum".encode()).replace(b"\n", b"\r\n")
    for footer in FOOTERS:
        head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
        raw = head + b"\r\n" + encoded + footer.encode() + CODE.encode() + b"\r\n"
        result = check_any_bytes(raw)
        assert result is not None
        check_rewriting_is_done(result)
        assert ("guard@example.org",) == result.recipients
        shown = oracle.text_of(oracle.parse(result.outgoing)).split()
        assert ["Störung", "im", "Kühlraum", *footer.split()] == shown


@pytest.mark.parametrize(
    "content",
    [
        b"ABCD\r\nEFGH\r\nIJKL\r\nMNOP",  # lines of one length
        b"TUFT TEVT TEVTTUFT",  # words of capitals that say "MASLESLESMAS"
        b"aB3dE5fG7hJ9kL1mN3pQ\r\npump door",  # fewer than half of the letters in words
    ],
)
def test_what_has_words_by_chance_is_base64(content: bytes) -> None:
    assert TransferEncoding.BASE64 is found(content, TransferEncoding.BASE64)


@given(
    content=st.binary(min_size=1, max_size=400)
    | st.lists(
        st.sampled_from([b"\xff\xff\xff", b"\xfb\xef\xbe", b"\r"]), min_size=1, max_size=90
    ).map(b"".join)
)
@example(content=b"\r" + b"\xff" * 59)
def test_base64_in_lines_of_76_is_base64_whatever_it_encodes(content: bytes) -> None:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    assert TransferEncoding.BASE64 is found(encoded, TransferEncoding.BASE64)
