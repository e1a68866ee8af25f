"""Texts under a transfer encoding that they do not stand in; the figures are in docs/decisions."""

# ruff: noqa: RUF001, S311, SIM905 - letters of other alphabets, and texts picked at random

from __future__ import annotations

import base64
import quopri
import random

import pytest

from relay_core.encoding import TransferEncoding, decode_content
from relay_core.errors import DefectKind, Span
from relay_core.mislabelled import real_encoding
from tests.core import oracle
from tests.core.laws import check_any_bytes, check_rewriting_is_done

CODE = ":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
WORDS = (
    "alarm boiler pressure high low door open closed motion detected at gate north camera disk"
    " full report level water temperature 21.5 30 7 error ok on the is in for please check now"
    " Störung für Kühlraum überhitzt Pumpe läuft nicht Тревога датчик движение насос 警報 温度"
    " PUMP FAULT UPS BATTERY a=1 id=41 x=7F2 http://10.0.0.7/cam?id=3&t=99 sensor_7 <b>hot</b>"
).split()
MANY = 3000


def prose(pick: random.Random) -> str:
    """A text as devices write them: words, figures, sometimes markup, sometimes a code."""
    lines = [
        " ".join(pick.choices(WORDS, k=pick.randint(1, 12))) for _ in range(pick.randint(1, 12))
    ]
    if pick.random() < 0.5:
        lines.insert(pick.randint(0, len(lines)), CODE)
    return "\r\n".join(lines) + "\r\n"


def found(content: bytes, declared: TransferEncoding) -> TransferEncoding:
    return real_encoding(b"xx" + content + b"yy", Span(2, 2 + len(content)), declared)


def base64_of(pick: random.Random, content: bytes) -> bytes:
    """Base64 as mailers, scripts and gateways write it."""
    width = pick.choice([4, 8, 20, 57, 60, 64, 72, 76, 10_000])
    encoded = base64.b64encode(content)
    if pick.random() < 0.3:
        encoded = encoded.rstrip(b"=")
    line_break = pick.choice([b"\r\n", b"\n", b"\r\n ", b" \r\n"])
    return line_break.join(encoded[at : at + width] for at in range(0, len(encoded), width))


def test_base64_is_never_taken_for_prose() -> None:
    pick = random.Random(17)
    codecs = ["utf-8", "utf-8", "utf-16", "gb18030"]
    for _ in range(MANY):
        content = prose(pick).encode(pick.choice(codecs))
        if pick.random() < 0.3:
            content = pick.randbytes(pick.randint(1, 3000))
        encoded = base64_of(pick, content)
        assert TransferEncoding.BASE64 is found(encoded, TransferEncoding.BASE64), encoded[:200]


def test_prose_is_never_taken_for_base64() -> None:
    pick = random.Random(18)
    for _ in range(MANY):
        text = prose(pick).encode()
        if len(text.split()) == 1 and len(text.strip()) % 4 == 0:
            continue  # `PUMP` is base64, too: nobody can tell
        assert TransferEncoding.EIGHT_BIT is found(text, TransferEncoding.BASE64), text


def test_quoted_printable_is_hardly_ever_taken_for_prose() -> None:
    pick = random.Random(19)
    wrong = 0
    for _ in range(MANY):
        text = prose(pick).encode()
        encoded = quopri.encodestring(text.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        read = found(encoded, TransferEncoding.QUOTED_PRINTABLE)
        wrong += read is not TransferEncoding.QUOTED_PRINTABLE
    assert wrong == 0


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_quoted_printable_of_utf_16_is_no_prose(codec: str) -> None:
    encoded = "".join(f"{chr(one)}" if one else "=00" for one in "Tor 3".encode(codec)).encode()
    read = found(encoded, TransferEncoding.QUOTED_PRINTABLE)
    assert TransferEncoding.QUOTED_PRINTABLE is read


def test_prose_with_equals_signs_is_taken_for_quoted_printable_in_few_cases() -> None:
    pick = random.Random(20)
    kept = told = 0
    for _ in range(MANY):
        text = prose(pick).encode()
        content = b"".join(
            decode_content(text, Span(0, len(text)), TransferEncoding.QUOTED_PRINTABLE)
        )
        if content == text:
            continue  # decoding it does no harm
        told += 1
        kept += found(text, TransferEncoding.QUOTED_PRINTABLE) is TransferEncoding.EIGHT_BIT
    assert told > MANY / 10
    assert kept >= told * 0.99


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
