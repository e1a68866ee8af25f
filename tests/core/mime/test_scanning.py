"""The fast search gives the same results as a simple one."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.delivery.measured import Measured
from relay_core.errors import MalformedMessage, Span
from relay_core.mime import delimiters, encoding, header_scanning
from relay_core.mime.base64_content import has_irregular_base64
from relay_core.mime.decoding import decode_content
from relay_core.mime.encoding import is_seven_bit_clean
from relay_core.mime.parsing import parse_message
from relay_core.mime.transfer_encoding import TransferEncoding
from tests.core.small_chunks import chunks_of
from tests.garbage import GARBAGE, mutated_mails
from tests.rich_mails import rich_mails

BASE64_LIKE = st.lists(
    st.sampled_from([b"AAAA", b"B", b"==", b"=", b"\r\n", b"\n", b" ", b"!", b"\x80", b"QUJD"])
).map(b"".join)


def without_footer(content: bytes) -> bytes:
    """The content without what follows the padding, from the first line that is not base64.

    The last line is none either if it is the checksum of an armor, `=` and four letters.
    """
    if checksum := re.search(rb"[\r\n]=[A-Za-z0-9+/]{4}[ \t\r\n]*\Z", content):
        content = content[: checksum.start()]
    padding = content.find(b"=")
    for line in re.finditer(rb"[\r\n]([^\r\n]*)", content):
        pure = re.fullmatch(rb"[ \t]*[A-Za-z0-9+/=]*[ \t]*", line[1])
        if 0 <= padding < line.start() and not pure:
            return content[: line.start()]
    return content


def plainly_decoded(content: bytes) -> bytes:
    content = without_footer(content)
    letters = bytes(byte for byte in content if byte == ord("=") or chr(byte) in LETTERS)
    segments = [one[: -1 if len(one) % 4 == 1 else None] for one in letters.split(b"=")]
    return b"".join(base64.b64decode(one + b"=" * (-len(one) % 4)) for one in segments)


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
FIELD_PIECES = [
    *(b"Content-Type: image/png;", b"Content-Transfer-Encoding: base64", b"X-a:b", b"Subject :"),
    *(b"name=x", b"AAAA", b"--b", b"--b--", b"--c", b"\xc0", b" ", b"\t", b":", b"junk"),
    *(b"\r\n", b"\r\n", b"\r\n", b"\r\n ", b"\n", b"\r"),
]


@given(BASE64_LIKE, st.binary(max_size=4), st.integers(1, 40))
@example(b"QUJD\n=QUJD", b"", 5)
@example(b"QUJD\n=QUJDQUJD", b"", 5)
@example(b"QUJD\n=QUJD", b"QUJD", 5)
@example(b"QUJD\n=QUJD\nQUJD", b"", 5)
@example(b"QUJD\n=", b"=\n", 5)
@example(b"QQ\r\n==", b"QQ==", 4)
@example(b"==\r\nAAAA!", b"", 5)
def test_base64_is_decoded_in_chunks_of_any_size(
    content: bytes, behind: bytes, chunk: int
) -> None:
    with chunks_of(chunk):
        span = Span(0, len(content))
        chunks = list(decode_content(content + behind, span, TransferEncoding.BASE64))
    assert plainly_decoded(content) == b"".join(chunks)


@given(BASE64_LIKE, st.integers(1, 40))
def test_regular_base64_is_whole_quanta_with_final_padding(content: bytes, chunk: int) -> None:
    quanta = rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
    regular = re.fullmatch(quanta, b"".join(content.split())) is not None
    with chunks_of(chunk):
        assert regular != has_irregular_base64(b"!" + content + b"!", Span(1, 1 + len(content)))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.sampled_from([b"", b"\r\n", b"\n", b"\r", b"\0", b"\x80", b"\n\r"]),
        )
    ),
    st.integers(1, 20),
)
def test_content_that_travels(pieces: list[tuple[int, bytes]], longest: int) -> None:
    content = b"".join(b"x" * width + line_break for width, line_break in pieces)
    plain = (
        content.isascii()
        and b"\0" not in content
        and all(len(line) <= longest for line in content.splitlines())
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoding, "MAX_LINE", longest)
        assert plain == is_seven_bit_clean(content)


@given(
    st.lists(st.sampled_from([b"-", b"--", b"\n-", b"\r\n--", b"--\n", b"x" * 11, b"\n"])),
    st.integers(3, 20),
)
def test_delimiter_lines_are_found_among_any_hyphens(noise: list[bytes], stride: int) -> None:
    inner = b"\n" + b"".join(noise) + b"\n"
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n%b\n--b\n%b\n--b--" % (inner, inner)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimiters, "_STRIDE", stride)
        parts = parse_message(raw).root.parts
    assert [inner[1:]] * 2 == [raw[part.body.start : part.body.end] for part in parts]


@given(
    mutated_mails(rich_mails())
    | GARBAGE
    | st.lists(st.sampled_from(FIELD_PIECES)).map(b"".join).map(MIXED.__add__)
)
@example(MIXED + b"A: b\r\n c\r\r\n\r\nx")
@example(MIXED + b"A: \xc0B\r\nC:d\r\n\r\nx")
def test_a_header_is_read_at_once_as_line_by_line(raw: bytes) -> None:
    try:
        at_once = parse_message(raw)
    except MalformedMessage:
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(header_scanning, "_scan_regular", lambda _raw, _start: None)
        line_by_line = parse_message(raw)
    assert [one.header.fields for one in line_by_line.entities] == [
        one.header.fields for one in at_once.entities
    ]
    assert [one.span for one in line_by_line.entities] == [one.span for one in at_once.entities]
    assert line_by_line.defects == at_once.defects


@given(st.lists(st.binary(max_size=20)))
def test_content_is_measured_as_it_passes(chunks: list[bytes]) -> None:
    measured = Measured(chunks)
    assert chunks == list(measured)
    whole = Measured([b"".join(chunks)])
    list(whole)
    assert (sum(map(len, chunks)), whole.sha256) == (measured.size, measured.sha256)
