"""Labels are read by the WHATWG Encoding Standard, and rewriting keeps every character."""

from __future__ import annotations

import base64
import tracemalloc
from email.header import decode_header
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.text.charset_labels import charsets_of, known_charset
from relay_core.text.charsets import UNREAD, decode_bytes, decoder, encode_unread, extends_ascii
from relay_core.text.chinese import GbkDecoder
from relay_core.text.japanese import EucJpDecoder, Iso2022JpDecoder
from relay_core.text.reading import decode_text
from tests.core import oracle
from tests.core.laws import relayed

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"

# The names of section 4.2 that occur in mail, by Python's codec for them.
STANDARD = {
    "utf-8": "unicode-1-1-utf-8 utf-8 utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987"
    " l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso88593 iso_8859-3:1988 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso88594 iso_8859-4:1988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso88595 iso_8859-5:1988",
    "iso8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6"
    " iso-8859-6-e iso-8859-6-i iso-ir-127 iso88596 iso_8859-6:1987",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso88597"
    " iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e"
    " iso-8859-8-i iso-ir-138 iso88598 iso_8859-8:1988 logical visual",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 latin-9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r koi8r",
    "koi8-u": "koi8-ru koi8-u koi8u",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251 win-1251",
    "cp1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 "
    "iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso88599 iso_8859-9:1989 l5 latin5"
    " windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "gbk": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk cp936",
    "gb18030": "gb18030 gb2312 gbk",
    "cp950": "big5 big5-hkscs cn-big5 csbig5 x-x-big5 windows-950",
    "big5hkscs": "big5 big5-hkscs",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601"
    " ksc_5601 windows-949",
    "utf-16": "utf-16 ucs-2 unicode csunicode",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
}
LABELS = [(label, codec) for codec, labels in STANDARD.items() for label in labels.split()]
LETTERS = {
    "cp949": "뷁똠방각하경보가힣 ",
    "gbk": "报警溫度過高镕囧、。 ",
    "gb18030": "报警𠀀㐀溫度过高 ",
    "cp950": "警報溫度過高碁銹裏恒、。 ",
    "big5hkscs": "㗎啲嘅警報溫度 ",
    "cp932": "警報①㈱髙﨑℡冷凍機ソ表能ボイラーｱﾗｰﾑ ",
    "euc_jp": "警報冷凍機ボイラー温度異常 ",
    "iso2022_jp": "警報冷凍機ボイラー温度異常 ",
    "utf-16": "警報 Kühlraum 😀",
    "utf-16-le": "警報 Kühlraum 😀",
    "utf-16-be": "警報 Kühlraum 😀",
    "utf-8": "警報 Kühlraum 😀",
}


def letters(codec: str) -> str:
    """Some letters that a charset holds."""
    foreign = LETTERS.get(codec) or bytes(range(0xA1, 0x100)).decode(codec, "ignore")
    # Without bytes that have no letter in the standard; with the euro sign of Windows.
    euro = "€" if codec.startswith("cp125") else ""
    return "".join(one for one in foreign if one.isprintable()) + "Kuehlraum 7" + euro


def speaks_for_itself(drawn: tuple[str, str, str]) -> bool:
    """Whether the bytes override the label: by a byte order mark, or as UTF-8 under ASCII."""
    label, codec, words = drawn
    content = words.encode(codec)
    if not codec.startswith("utf") and content.startswith((b"\xfe\xff", b"\xff\xfe")):
        return True
    if known_charset(label) != "ascii" or words.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


labelled_texts = (
    st.sampled_from(LABELS)
    .flatmap(
        lambda one: st.tuples(
            st.just(one[0]), st.just(one[1]), st.text(letters(one[1]), min_size=1, max_size=40)
        )
    )
    .filter(lambda drawn: not speaks_for_itself(drawn))
)


@pytest.mark.parametrize(("label", "codec"), LABELS)
def test_a_label_of_the_standard_is_known(label: str, codec: str) -> None:
    assert known_charset(label.upper()) is not None
    text = letters(codec)
    assert text.encode(codec)


@pytest.mark.parametrize(("label", "codec"), LABELS)
def test_all_letters_of_a_charset_are_read_under_its_labels(label: str, codec: str) -> None:
    text = letters(codec)
    assert text == decode_text(text.encode(codec), label).text


@pytest.mark.parametrize("codec", [*(f"cp125{last}" for last in range(9)), "cp874"])
def test_code_pages_of_windows_have_no_holes_from_80_to_9f(codec: str) -> None:
    for byte in range(0x80, 0xA0):
        assert decode_bytes(bytes([byte]), codec) in {
            chr(byte),
            bytes([byte]).decode(codec, "ignore"),
        }


@given(drawn=labelled_texts, is_html=st.booleans())
def test_rewriting_keeps_the_characters(drawn: tuple[str, str, str], *, is_html: bool) -> None:
    label, codec, words = drawn
    markup = ("<p>", "</p>") if is_html else ("", "")
    text = f"{markup[0]}{words}{markup[1]}\r\n{CODE.decode()}\r\n"
    kind = b"text/html" if is_html else b"text/plain"
    head = b"Content-Type: %b; charset=%b\r\nMIME-Version: 1.0\r\n" % (kind, label.encode())
    raw = (
        head
        + b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(text.encode(codec))
    )
    result = relayed(raw)
    assert result is not None
    assert ("guard@example.org",) == result.recipients
    shown = oracle.text_of(oracle.parse(result.outgoing))
    assert words.split() == shown.removeprefix(markup[0]).strip().removesuffix(markup[1]).split()


@given(labelled_texts.filter(lambda drawn: not drawn[1].startswith(("utf-16", "iso2022"))))
def test_labelled_words_and_names_keep_the_characters(drawn: tuple[str, str, str]) -> None:
    label, codec, words = drawn
    content = words.encode(codec)
    word = b"=?%b?B?%b?=" % (label.encode(), base64.b64encode(content))
    name = b"%b''%b.png" % (label.encode(), quote_from_bytes(content, safe="").encode())
    raw = (
        b"From: %b <c@example.org>\r\nSubject: %b\r\nContent-Type: image/png; name=%b.png\r\n"
        b"Content-Disposition: attachment; filename*=%b\r\n\r\nx" % (word, word, word, name)
    )
    result = relayed(raw)
    assert result is not None
    assert " ".join(words.split()) == result.plan.mail.subject
    assert " ".join(words.split()) == result.plan.sender.display_name
    assert f"{words}.png".strip() == result.attachments[0].filename
    subject = oracle.parse(result.outgoing)["subject"]
    shown = "".join(
        word.decode(charset or "ascii") if isinstance(word, bytes) else word
        for word, charset in decode_header(subject)
    )
    assert words.split() == shown.split()


@pytest.mark.parametrize(
    ("spelling", "same"),
    [
        ("latin-9", "iso-8859-15"),
        ("8859-1", "iso-8859-1"),
        ("cp-1251", "windows-1251"),
        ("win1251", "windows-1251"),
        ("windows_1251", "windows-1251"),
        ("x-euc-kr", "euc-kr"),
        ("x-windows-949", "euc-kr"),
        ("utf8mb4", "utf-8"),
        ("x-utf-8", "utf-8"),
        ("ISO 8859-1", "iso-8859-1"),
        ("eucjp-ms", "euc-jp"),
        ("cp50221", "iso-2022-jp"),
    ],
)
def test_other_spellings_mean_the_same(spelling: str, same: str) -> None:
    assert charsets_of(same) == charsets_of(spelling)


@pytest.mark.parametrize("label", ["x-user-defined", "iso-2022-cn", "x-x-unknown", "", "8859-99"])
def test_an_unknown_charset_decodes_nothing(label: str) -> None:
    assert () == charsets_of(label)


@given(st.binary(max_size=200), st.integers(1, 7))
def test_any_bytes_in_any_chunks_are_read_alike(content: bytes, size: int) -> None:
    for make in (EucJpDecoder, GbkDecoder, Iso2022JpDecoder):
        whole = make("replace").decode(content, final=True)
        reader = make("replace")
        chunks = [content[at : at + size] for at in range(0, len(content), size)]
        assert whole == "".join(map(reader.decode, chunks)) + reader.decode(b"", final=True)


@given(st.text(LETTERS["iso2022_jp"] + "abc~\\\r\n", max_size=60))
def test_japanese_is_read_as_the_library_reads_it(text: str) -> None:
    for codec, ours in (("iso2022_jp", "cp50220"), ("euc_jp", "cp51932")):
        assert text == decode_bytes(text.encode(codec), ours)


def test_rows_of_nec_and_ibm_are_read() -> None:
    assert "①㈱" == decode_bytes(b"\x1b$B-!-j\x1b(B", "cp50220")
    assert "①㈱" == decode_bytes(b"\xad\xa1\xad\xea", "cp51932")
    assert "ｱ警" == decode_bytes(b"\x1b(I1\x1b$B7Y\x1b(B", "cp50220")
    assert "警\rAlarm" == decode_bytes(b"\x1b$B7Y\rAlarm", "cp50220")
    with pytest.raises(UnicodeDecodeError):
        decoder("cp50220", b"", "strict").decode(b"\x1b$B\x7e\x7e\x1b(B", final=True)


@pytest.mark.parametrize("line", [b"\x1b(I1", b"\x1b(I1 ", b"\x1b$(D0!", b"\x1b$B-!0!"])
def test_a_long_line_of_japanese_takes_a_few_times_its_size(line: bytes) -> None:
    escape = line[:4] if line.startswith(b"\x1b$(") else line[:3]
    content = escape + line[len(escape) :] * 200_000
    tracemalloc.start(1)
    try:
        decode_bytes(content, "cp50220")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * len(content) + 4_000_000


@given(content=st.binary(max_size=300), is_html=st.booleans())
def test_a_text_in_an_unknown_charset_keeps_its_bytes(content: bytes, *, is_html: bool) -> None:
    text = decode_bytes(content, UNREAD)
    assert content == encode_unread(text, None, is_html=is_html)
    named = encode_unread(text + "日.txt", "utf-8", is_html=is_html)
    assert content + "日.txt".encode() == named
    assert extends_ascii(UNREAD)


@pytest.mark.parametrize("label", ["gb2312", "gbk", "gb18030", "x-gbk"])
def test_byte_80_is_the_euro_sign_of_windows(label: str) -> None:
    for text in ("€ 100 报警 €€", "亐€"):  # byte 80 is the second byte of a letter, too
        content = text.replace("€", "\x00").encode("gb18030").replace(b"\0", b"\x80")
        assert text == decode_text(content, label).text


def test_byte_80_is_no_euro_sign_where_more_is_wrong() -> None:
    content = b"\x80\xff" * 9
    assert not decode_text(content, "gbk").reading.is_understood
