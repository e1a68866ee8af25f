"""Raw bytes in header fields are read in UTF-8, in the texts' charset, or in one that fits."""

# ruff: noqa: RUF001 - tests of letters of other alphabets

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.mime.header_text import decode_header_bytes
from tests.core.laws import check_any_bytes, relayed

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
WORDS = {
    "shift_jis": "警報 冷凍機",
    "euc-jp": "警報 冷凍機",
    "iso-2022-jp": "警報 冷凍機",
    "euc-kr": "보일러 경보",
    "big5": "鍋爐壓力過高",
    "gb2312": "北门报警",
    "windows-1251": "Тревога на входе",
    "koi8-r": "Тревога на входе",
    "windows-1252": "Kühlraum – 30 €",
    "iso-8859-1": "Kühlraum für Süßes",
    "iso-8859-15": "Kühlraum 30 €",
    "iso-8859-2": "Příliš žluťoučký",
    "windows-1253": "Συναγερμός",
    "windows-1254": "Şüpheli hareket",
    "tis-620": "อุณหภูมิ",
    "utf-8": "Kühlraum 警報",
}


@pytest.mark.parametrize("label", WORDS)
@pytest.mark.parametrize("place", ["header", "meta"])
def test_raw_fields_are_read_in_the_charset_of_the_texts(label: str, place: str) -> None:
    words = WORDS[label].encode(label)
    kind = b"text/plain; charset=" + label.encode() if place == "header" else b"text/html"
    html = b"<meta charset=%b>" % label.encode() if place == "meta" else b""
    raw = (
        b"From: %b <c@example.org>\r\nSubject: %b\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: %b\r\n\r\n%b%b\r\n"
        b'--b\r\nContent-Type: image/png; name="%b.png"\r\n\r\nx\r\n'
        b'--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="%b.jpg"\r\n'
        b"\r\ny\r\n--b--\r\n" % (words, words, kind, html, CODE, words, words)
    )
    result = check_any_bytes(raw)
    assert result is not None
    assert WORDS[label] == result.plan.mail.subject
    assert WORDS[label] == result.plan.sender.display_name
    names = [f"{WORDS[label]}.png", f"{WORDS[label]}.jpg"]
    assert names == [one.filename for one in result.attachments]


def test_fields_in_utf_8_are_that_whatever_the_texts_say() -> None:
    for text in ("报警", "警報", "경보", "Störung", "Тревога"):
        assert text == decode_header_bytes(text.encode(), ("gb2312", "big5", "windows-1252"))


@pytest.mark.parametrize("text", ["Тревога на входе", "警報冷凍機", "ab日本", "Störung überall"])
@pytest.mark.parametrize("charsets", [(), ("windows-1251",), ("iso-8859-1",)])
def test_utf_8_that_is_cut_in_a_character_loses_only_that(
    text: str, charsets: tuple[str, ...]
) -> None:
    content = (text + "я警").encode()
    for end in range(len(content) - 4, len(content)):
        read = decode_header_bytes(content[:end], charsets)
        assert read.rstrip("\ufffdя") == text
        assert read.count("\ufffd") <= 1


SUBJECTS = {
    "cp1252": "Störung Pumpe 3|Température élevée|¡Atención! Cámara desconectada|Não há ligação",
    "cp1251": "Тревога: движение|Авария насоса|Отчёт за сутки|ПОЖАР В СКЛАДЕ|Нет связи с датчиком",
    "koi8-r": "Тревога: движение|Авария насоса|Нет связи с датчиком",
    "cp1253": "Συναγερμός κίνησης|Υψηλή θερμοκρασία",
    "cp949": "보일러 경보|움직임 감지|카메라 3 연결 끊김|정전 알림",
    "gb18030": "移动侦测报警|温度过高|硬盘已满|网络断开",
    "big5": "移動偵測警報|溫度過高|硬碟已滿|網路中斷",
    "cp932": "ボイラー温度異常|動体検知|停電のお知らせ",
    "euc_jp": "ボイラー温度異常|動体検知|停電のお知らせ",
}


@pytest.mark.parametrize("codec", SUBJECTS)
def test_without_any_word_of_it_the_letters_tell_the_charset(codec: str) -> None:
    for subject in SUBJECTS[codec].split("|"):
        assert subject == decode_header_bytes(subject.encode(codec))


@given(st.binary(max_size=60), st.lists(st.sampled_from([*WORDS, "x-unknown"]), max_size=3))
def test_any_bytes_are_text(content: bytes, charsets: list[str]) -> None:
    decode_header_bytes(content, charsets).encode()
    relayed(b"Subject: " + content.translate(None, b"\r\n") + b"\r\n\r\n" + CODE)


def test_raw_bytes_beside_an_encoded_word_are_in_its_charset() -> None:
    # A read receipt of a Chinese mail program: a raw prefix before the encoded subject.
    raw = "回执（已显示） - ".encode("gbk")
    assert "回执（已显示） - =?GBK?Q?x?=" == decode_header_bytes(raw + b"=?GBK?Q?x?=")
    assert "Łódź =?iso-8859-2?Q?x?=" == decode_header_bytes(
        "Łódź ".encode("iso-8859-2") + b"=?iso-8859-2?Q?x?=", ("windows-1252",)
    )
