"""Uuencoded files in a text."""

from __future__ import annotations

import binascii
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.mime.decoding import decode_content
from relay_core.mime.transfer_encoding import TransferEncoding
from relay_core.mime.uuencode import decode_uuencoded, find_uuencoded


def uuencoded(
    content: bytes, *, name: str = "a.log", backtick: bool = True, line_break: str = "\r\n"
) -> str:
    lines = [
        binascii.b2a_uu(content[i : i + 45], backtick=backtick).decode().rstrip("\n")
        for i in range(0, len(content), 45)
    ]
    return line_break.join([f"begin 644 {name}", *lines, "`", "end", ""])


def found(text: str) -> list[tuple[str | None, bytes]]:
    return [
        (one.filename, b"".join(decode_uuencoded(text, one.data))) for one in find_uuencoded(text)
    ]


CONTENTS = st.binary(min_size=1, max_size=200)
PROSE = st.lists(
    st.sampled_from(["hello", "begin now", "end", "begin 644", "", "BEGIN 644 x"])
).map(lambda lines: "".join(f"{line}\r\n" for line in lines))


FORMS = st.fixed_dictionaries(
    {"backtick": st.booleans(), "line_break": st.sampled_from(["\r\n", "\n"])}
)


@given(CONTENTS, CONTENTS, PROSE, FORMS)
def test_files_are_found_among_prose(
    first: bytes, second: bytes, prose: str, form: dict[str, Any]
) -> None:
    one = uuencoded(first, **form)
    two = uuencoded(second, name="b c.log", **form)
    text = prose + one + prose + two
    assert [("a.log", first), ("b c.log", second)] == found(text)
    spans = [file.span for file in find_uuencoded(text)]
    assert [one, two] == [text[span.start : span.end] for span in spans]


@given(CONTENTS)
def test_lost_trailing_blanks_and_a_lost_end_lose_nothing(content: bytes) -> None:
    lines = uuencoded(content, backtick=False).split("\r\n")[:-3]
    stripped = "\r\n".join([lines[0], *(line.rstrip(" ") or "!" for line in lines[1:])]) + "\r\n"
    if all(len(line) > 1 for line in stripped.split("\r\n")[1:-1]):
        assert [("a.log", content)] == found(stripped)


@given(CONTENTS, st.integers(min_value=0))
def test_a_file_that_is_cut_off_anywhere_is_what_came_and_no_more(
    content: bytes, cut: int
) -> None:
    whole = uuencoded(content)
    first = whole.index("\n") + 6  # the first line, and a byte
    text = whole[: first + cut % (len(whole) - first + 1)]
    (name, got), *others = found(text)
    assert [] == others
    assert "a.log" == name
    assert content.startswith(got)
    raw = text.encode("ascii")
    part = decode_content(raw, Span(0, len(raw)), TransferEncoding.UUENCODE)
    assert got == b"".join(part)
    if len(text) >= len(whole) - len("`\r\nend\r\n"):
        assert content == got


@given(st.binary(min_size=1, max_size=45), st.text(alphabet="!#5A`", min_size=3, max_size=3))
def test_only_the_characters_of_the_data_count(content: bytes, filling: str) -> None:
    line = binascii.b2a_uu(content).decode().rstrip("\n")
    needed = 1 + (4 * len(content) + 2) // 3
    assert [("x", content)] == found(f"begin 644 x\n{line[:needed]}{filling}\n`\nend\n")


def test_a_file_may_lack_its_name() -> None:
    assert [(None, b"Cat")] == found("begin 644 \n#0V%T\n`\nend\n")


@given(st.text(max_size=200))
def test_any_lines_decode(text: str) -> None:
    b"".join(decode_uuencoded(text, Span(0, len(text))))


@given(st.text(alphabet="begin 64`!M#end\r\n", max_size=200))
def test_any_text_is_searched(text: str) -> None:
    found(text)


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 x\n" * 50_000,
        "begin 644 x\n" + "M" * 500_000,
        ("begin 644 x\n" + "#0V%T\n") * 20_000,
    ],
)
def test_hostile_texts_end(text: str) -> None:
    found(text)
