"""Laws of the transfer encodings, charsets and encoded-words."""

from __future__ import annotations

import base64
import quopri
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.mime.base64_content import encode_base64, has_irregular_base64
from relay_core.mime.decoding import decode_content
from relay_core.mime.encoded_words import decode_encoded_words, encode_unstructured
from relay_core.mime.encoding import encode_text_content
from relay_core.mime.quoted_printable import encode_quoted_printable
from relay_core.mime.transfer_encoding import TransferEncoding, parse_transfer_encoding
from tests.core.small_chunks import chunks_of


def decoded(content: bytes, name: TransferEncoding) -> bytes:
    return b"".join(decode_content(content, Span(0, len(content)), name))


SMALL_CHUNKS = st.sampled_from([1 << 20, 64, 100, 333])


@given(
    st.binary(max_size=2000), st.integers(1, 100), st.sampled_from([b"\r\n", b"\n"]), SMALL_CHUNKS
)
def test_base64_of_any_width_decodes(
    content: bytes, width: int, line_break: bytes, chunk: int
) -> None:
    whole = base64.b64encode(content)
    lines = line_break.join(whole[i : i + width] for i in range(0, len(whole), width))
    with chunks_of(chunk):
        assert content == decoded(lines, TransferEncoding.BASE64)
    assert not has_irregular_base64(lines, Span(0, len(lines)))


@given(st.binary(min_size=1, max_size=50), st.binary(min_size=1, max_size=50))
@example(b"a", b"b")
def test_base64_goes_on_behind_padding(first: bytes, second: bytes) -> None:
    both = base64.b64encode(first) + b"\r\n" + base64.b64encode(second)
    assert first + second == decoded(both, TransferEncoding.BASE64)


@given(st.binary(max_size=50), SMALL_CHUNKS, st.sampled_from([b"", b"\r\n", b"\n \n"]))
def test_the_checksum_of_an_openpgp_armor_is_no_content(
    content: bytes, chunk: int, end: bytes
) -> None:
    armored = base64.b64encode(content) + b"\r\n=zH6Q" + end
    with chunks_of(chunk):
        assert content == decoded(armored, TransferEncoding.BASE64)


@given(st.binary(max_size=100), st.sampled_from([b"!", b"\x80", b" ", b"\x00", b"*"]))
def test_junk_in_base64_is_skipped(content: bytes, junk: bytes) -> None:
    dirty = junk.join(base64.b64encode(content)[i : i + 5] for i in range(0, 200, 5))
    assert content == decoded(dirty, TransferEncoding.BASE64)


@given(st.binary(min_size=1, max_size=100))
def test_base64_without_padding_or_cut_short_loses_only_what_is_missing(content: bytes) -> None:
    whole = base64.b64encode(content)
    assert content == decoded(whole.rstrip(b"="), TransferEncoding.BASE64)
    for end in range(len(whole)):
        assert content.startswith(decoded(whole[:end], TransferEncoding.BASE64))
        usable = min(len(content), len(whole[:end].rstrip(b"=")) * 6 // 8)
        assert usable == len(decoded(whole[:end], TransferEncoding.BASE64))


@given(st.binary(max_size=500))
def test_our_base64_is_read_by_the_library(content: bytes) -> None:
    encoded = encode_base64([content])
    assert content == base64.b64decode(encoded)
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))


@given(st.lists(st.binary(max_size=120).filter(lambda line: not set(line) & {10, 13})))
def test_our_quoted_printable_is_read_by_the_library_and_by_us(lines: list[bytes]) -> None:
    content = b"\r\n".join(lines)
    encoded = encode_quoted_printable(content)
    assert encoded.isascii()
    assert all(len(line) <= 76 for line in encoded.split(b"\r\n"))
    assert content.replace(b"\r\n", b"\n") == quopri.decodestring(encoded.replace(b"\r\n", b"\n"))
    assert content == decoded(encoded, TransferEncoding.QUOTED_PRINTABLE)


@given(st.binary(max_size=500), SMALL_CHUNKS)
def test_quoted_printable_never_fails_and_chunks_do_not_matter(content: bytes, chunk: int) -> None:
    whole = decoded(content, TransferEncoding.QUOTED_PRINTABLE)
    with chunks_of(chunk):
        assert whole == decoded(content, TransferEncoding.QUOTED_PRINTABLE)


@given(st.text(max_size=300))
def test_text_content_travels(text: str) -> None:
    name, content = encode_text_content(text.encode("utf-8", "replace"))
    assert content.isascii()
    assert b"\0" not in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    lines = text.encode("utf-8", "replace").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert lines == decoded(content, name).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("base64", TransferEncoding.BASE64),
        ("BASE64 (comment)", TransferEncoding.BASE64),
        ('"base64"', TransferEncoding.BASE64),
        ("base64;", TransferEncoding.BASE64),
        ("(x) 8BIT", TransferEncoding.EIGHT_BIT),
        ("8-bit", TransferEncoding.EIGHT_BIT),
        ("Quoted-Printable", TransferEncoding.QUOTED_PRINTABLE),
        ("nonsense", None),
        ("", None),
    ],
)
def test_a_transfer_encoding_is_recognised(value: str, expected: TransferEncoding | None) -> None:
    assert expected == parse_transfer_encoding(value)


WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), max_size=120
)


@given(st.lists(WORDS).map(lambda words: " ".join(word for word in words if word)))
def test_a_subject_survives_its_encoding(subject: str) -> None:
    value = encode_unstructured(subject)
    assert value.isascii()
    assert all(len(line) <= 998 for line in value.split("\r\n"))
    assert all(line.startswith(" ") for line in value.split("\r\n")[1:])
    unfolded = value.replace("\r\n", "")
    assert subject == decode_encoded_words(unfolded)
    assert subject == str(make_header(decode_header(unfolded)))


# No more words than become MAX_WORDS encoded words, which is as many as are decoded.
@given(
    st.lists(st.text("ab", min_size=1, max_size=70), min_size=2, max_size=12),
    st.integers(1, 3000),
)
@example(["a", "b"], 2000)
@example(["a"] * 12, 3000)
def test_a_subject_with_many_blanks_has_no_long_line(words: list[str], blanks: int) -> None:
    subject = (" " * blanks).join(words)
    lines = encode_unstructured(subject).split("\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert all(line.strip(" ") for line in lines)
    assert subject == decode_encoded_words("".join(lines))


@given(st.text(max_size=100), st.integers(1, 20))
def test_characters_cut_between_encoded_words_are_joined(text: str, width: int) -> None:
    content = text.encode("utf-8", "replace")
    words = [
        f"=?utf-8?B?{base64.b64encode(content[i : i + width]).decode()}?="
        for i in range(0, len(content), width)
    ]
    assert content.decode() == decode_encoded_words("\r\n ".join(words))


@given(st.text(alphabet="=?utf-8qbQB_ \t\r\nABC*'", max_size=80))
def test_encoded_words_never_fail(text: str) -> None:
    decode_encoded_words(text)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@given(st.text("ab \t", max_size=20), st.text(" \t", min_size=1, max_size=9))
def test_blanks_at_the_end_of_a_quoted_printable_line_are_no_content(
    end: bytes, line: str, blanks: str
) -> None:
    # Blanks at line ends were added in transport (RFC 2045 section 6.7, rule 3).
    kept = line.rstrip(" \t").encode()
    encoded = kept + blanks.encode() + end + b"next"
    assert kept + end + b"next" == decoded(encoded, TransferEncoding.QUOTED_PRINTABLE)
