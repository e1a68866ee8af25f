"""Texts are read in their real charset, even with wrong labels."""

from __future__ import annotations

from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.text import reading as text_reading
from relay_core.text.charset_labels import known_charset
from relay_core.text.charsets import encode_text
from relay_core.text.reading import decode_text, find_reading, to_utf8
from tests.core import oracle
from tests.core.laws import check_any_bytes, check_rewriting_is_done


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UTF-8", "utf-8"),
        ("cp-850", "cp850"),
        ("windows-1252", "cp1252"),
        ("ANSI", "cp1252"),
        ("'iso-8859-1'", "iso8859-1"),
        ("rot13", None),
        ("base64", None),
        ("x-unknown", None),
        ("", None),
        ("\udc80", None),
        ("a\0b", None),
    ],
)
def test_a_charset_is_recognised(name: str, expected: str | None) -> None:
    assert expected == known_charset(name)


@given(st.binary(max_size=100), st.text(max_size=12))
def test_any_bytes_in_any_charset_are_text(content: bytes, charset: str) -> None:
    read = decode_text(content, charset)
    assert not any(0xD800 <= ord(character) <= 0xDFFF for character in read.text)
    encode_text(read.text, read.reading.charset)


@given(st.text(st.characters(codec="utf-8"), max_size=100), st.sampled_from(["utf-8", "utf-16"]))
def test_text_is_read_in_its_charset(text: str, charset: str) -> None:
    assert text == decode_text(text.encode(charset), charset).text


@given(
    st.text(st.characters(codec="utf-8"), max_size=100), st.sampled_from(["ascii", "iso8859-1"])
)
def test_text_is_written_in_a_charset_that_holds_it(text: str, charset: str) -> None:
    name, content = encode_text(text, charset)
    assert text == content.decode(name)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_a_long_text_without_a_byte_order_mark_is_read_as_a_short_one(codec: str) -> None:
    charset = codec[:6]
    content = ("21.5 \u00b0C ok\r\n" * 9).encode(codec)
    within = Span(3, 3 + len(content))
    found = find_reading(b"abc" + content, within, charset)
    read = to_utf8(b"abc" + content, within, found.charset).decode()
    assert decode_text(content, charset).text == read


# --- the texts of a mail ------------------------------------------------------------------------

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:\r\n"
KOREAN = "보일러 경보: 압력 높음"
CHINESE = "锅炉压力过高、请检查"


def field(label: str | None) -> bytes:
    return b"Content-Type: text/plain" + (f"; charset={label}".encode() if label else b"")


def outgoing(raw: bytes) -> Message:
    result = check_any_bytes(raw)
    assert result is not None
    assert ("guard@example.org",) == result.recipients
    check_rewriting_is_done(result)
    return oracle.parse(result.outgoing)


def bytes_of(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize(
    ("label", "content", "expected"),
    [
        (
            "utf-8",
            "Störung für Kühlräume überall".encode() + b"\xff",
            "Störung für Kühlräume überall\ufffd",
        ),
        ("gbk", CHINESE.encode("gbk") + b"\xff", CHINESE + "\ufffd"),
        ("euc-kr", KOREAN.encode("cp949")[:-1], None),
        ("iso-8859-1", "30 € „warm“".encode("cp1252"), "30 € „warm“"),
        ("us-ascii", "30 € „warm“".encode("cp1252"), "30 € „warm“"),
        ("us-ascii", "Störung".encode(), "Störung"),
        ("x-unknown", "Störung".encode(), "Störung"),
        ("utf-16", b"plain words", "plain words"),
        (None, "警報 冷凍機".encode("iso2022_jp"), "警報 冷凍機"),
        ("x-unknown", "警報 冷凍機".encode("iso2022_jp"), "警報 冷凍機"),
        ("utf-8", "警報 冷凍機".encode("iso2022_jp"), "警報 冷凍機"),
        ("us-ascii", b"\xef\xbb\xbf" + "Störung".encode(), "\ufeffStörung"),
        ("windows-1252", b"\xef\xbb\xbf" + "Störung".encode(), "\ufeffStörung"),
    ],
)
def test_a_text_is_read_as_its_bytes_have_it(
    label: str | None, content: bytes, expected: str | None
) -> None:
    sent = outgoing(field(label) + b"\r\n\r\n" + content + b"\r\n" + CODE)
    shown = oracle.text_of(sent).strip()
    assert expected == shown if expected else KOREAN[:-1] == shown[: len(KOREAN) - 1]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("label", [None, "us-ascii", "utf-8", "x-unknown", "unicode", "utf-16"])
@pytest.mark.parametrize("text", ["Alarm 21 °C", "Тревога на входе", "警報 冷凍機"])
@pytest.mark.parametrize("lines", [1, 300])
def test_utf_16_and_utf_32_need_no_label(
    codec: str, label: str | None, text: str, lines: int
) -> None:
    content = (f"{text}\r\n" * lines + CODE.decode()).encode(codec)
    reading = find_reading(b"xyz" + content, Span(3, 3 + len(content)), label)
    assert reading.is_understood
    written = to_utf8(b"xyz" + content, Span(3, 3 + len(content)), reading.charset).decode()
    assert written == f"{text}\r\n" * lines + CODE.decode()
    assert written == decode_text(content, label).text


@pytest.mark.parametrize("label", [None, "utf-8", "x-unknown", "euc-kr"])
def test_a_text_in_an_unknown_charset_keeps_its_bytes_and_its_label(label: str | None) -> None:
    words = b"21 \xb0\x43 \x81\x8d\xff \xfe\xfd"
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    name = b"\r\n--b\r\nContent-Type: image/png; name*=utf-8''%E6%97%A5.png\r\n\r\nx\r\n--b--\r\n"
    sent = outgoing(head + field(label) + b"\r\n\r\n" + words + b"\r\n" + CODE + name)
    text = next(part for part in sent.walk() if not part.is_multipart())
    assert label == text.get_content_charset()
    assert bytes_of(text).startswith(words + b"\r\n\r\n1 file")
    assert CODE.strip() not in bytes_of(text)
    if label == "utf-8":
        assert "日.png".encode() in bytes_of(text)


def test_a_part_that_needs_no_change_stays_as_it_is() -> None:
    damaged = b"St=C3=B6rung f=C3=BCr K=C3=BChlr=C3=A4ume =C3=BCber =FF all"
    unread = b"21 =B0C"
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + CODE
    encoded = b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    parts = [field("utf-8") + encoded + damaged, field("utf-8") + encoded + unread]
    raw = head + b"".join(b"\r\n--b\r\n" + part for part in parts) + b"\r\n--b--\r\n"
    result = check_any_bytes(raw)
    assert result is not None
    for part in parts:
        assert part in result.outgoing


META = (
    "<meta charset={}>",
    "<meta http-equiv='Content-Type' content='text/html; charset={}'>",
    '<?xml version="1.0" encoding="{}"?>',
)


@pytest.mark.parametrize("meta", META)
@pytest.mark.parametrize(
    ("charset", "text"),
    [("gb2312", CHINESE), ("windows-1251", "Тревога"), ("iso-2022-jp", "警報"), ("big5", "警報")],
)
@pytest.mark.parametrize("has_label", [True, False])
def test_a_document_names_its_charset(
    meta: str, charset: str, text: str, *, has_label: bool
) -> None:
    html = f"<!-- <meta charset=utf-7> -->{meta.format(charset)}<p>{text}</p>"
    head = b"Content-Type: text/html" + (f"; charset={charset}".encode() if has_label else b"")
    sent = outgoing(head + b"\r\n\r\n" + html.encode(charset) + b"<p>" + CODE + b"</p>")
    shown = oracle.text_of(sent)
    assert f"<p>{text}</p>" in shown
    assert meta.format(sent.get_content_charset()) in shown


def test_another_text_of_the_mail_gives_the_charset() -> None:
    parts = [field("euc-kr"), field(None), field("x-unknown")]
    body = b"\r\n\r\n" + KOREAN.encode("euc-kr") + b"\r\n" + CODE
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    raw += b"".join(b"--b\r\n" + part + body for part in parts) + b"--b--\r\n"
    texts = [oracle.text_of(one) for one in outgoing(raw).walk() if not one.is_multipart()]
    assert [KOREAN] * 3 == [text.strip() for text in texts]


@given(
    st.binary(max_size=60),
    st.sampled_from(
        [None, "utf-8", "us-ascii", "gbk", "iso-2022-jp", "x-unknown", "utf-16", "big5"]
    ),
    st.lists(st.sampled_from(["euc-kr", "windows-1251"]), max_size=2),
    st.integers(1, 9),
)
def test_the_length_of_pieces_does_not_matter(
    content: bytes, label: str | None, hints: list[str], size: int
) -> None:
    whole = decode_text(content, label, hints)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_reading, "PIECE", size)
        assert whole == decode_text(content, label, hints)
        within = Span(0, len(content))
        assert whole.text == to_utf8(content, within, whole.reading.charset).decode()


@pytest.mark.parametrize(("words", "is_understood"), [("äöüß", True), ("äöü", False)])
def test_a_damaged_text_has_four_letters_for_each_byte_that_is_none(
    words: str, *, is_understood: bool
) -> None:
    reading = decode_text(words.encode() + b" \xff", "utf-8").reading
    assert is_understood is reading.is_understood


def test_a_text_of_nothing_but_damage_is_not_understood() -> None:
    assert not decode_text(b"pump \xff", "utf-8").reading.is_understood


def test_euros_of_windows_are_read_in_a_damaged_text() -> None:
    content = b"\x80 100 " + "报警温度".encode("gbk") + b"\xff"
    assert "€ 100 报警温度\ufffd" == decode_text(content, "gb2312").text


def test_half_of_the_high_bytes_of_a_text_in_utf_16_may_be_other_letters() -> None:
    content = ("Kühlraum 7: " + "警報" * 12).encode("utf-16-le")
    assert "utf-16-le" == decode_text(content, None).reading.charset


def test_windows_1252_is_no_guess_without_a_label() -> None:
    assert not decode_text(b"21 \xb0C", None).reading.is_understood
    assert "cp1252" == decode_text(b"21 \xb0C", "us-ascii").reading.charset


def test_a_damaged_text_is_read_in_the_charset_of_another_text() -> None:
    content = "报警温度过高".encode("gbk")
    for damage in (b"", b"\xff"):
        reading = decode_text(content + damage, None, ["gbk"]).reading
        assert (reading.is_understood, reading.is_whole) == (True, not damage)
        assert reading.charset in {"gb18030", "cp936"}
