"""The first lines of a file: read in its charset, with bounded work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.keys import AttachmentKey
from relay_core.links.excerpt import (
    EXCERPT_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_LINE,
    MAX_LINES,
    Excerpt,
    excerpt_of,
)
from relay_core.record.manifest import StoredAttachment


def file(name: str, size: int) -> StoredAttachment:
    return StoredAttachment(
        key=AttachmentKey("k"),
        filename=name,
        content_type="application/octet-stream",
        size=size,
        sha256="",
    )


def shown(content: bytes, name: str = "a.txt") -> Excerpt | None:
    return excerpt_of(content[:EXCERPT_BYTES], file(name, len(content)))


@pytest.mark.parametrize(
    "charset", ["ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]
)
def test_a_text_is_read_in_its_charset(charset: str) -> None:
    words = "door open" if charset == "ascii" else "Tür geöffnet"
    excerpt = shown(f"{words}\n7.4 bar\n".encode(charset))
    assert Excerpt(lines=(words, "7.4 bar"), is_whole=True) == excerpt


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
@pytest.mark.parametrize("line", ["ü" * 99, "日本語のログ" * 11, "🚪" * 7, "a" * 99 + "é"])
def test_a_long_text_is_cut_between_lines_and_characters(charset: str, line: str) -> None:
    for sep in ("\n", "\r\n", "\r"):
        excerpt = shown(sep.join([line] * 4000).encode(charset))
        assert excerpt is not None
        assert {line} == set(excerpt.lines)
        assert not excerpt.is_whole


def test_one_endless_line_is_cut_too() -> None:
    for character in "aü日🚪":
        excerpt = shown((character * 70_000).encode())
        assert Excerpt(lines=(character * MAX_LINE + "…",), is_whole=False) == excerpt


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_has_rows_and_cells(delimiter: str) -> None:
    content = delimiter.join(["time", '"a ""b"""', "é"]) + "\r\n" + delimiter.join("123")
    excerpt = shown(content.encode(), "a.csv")
    assert Excerpt(rows=(("time", 'a "b"', "é"), ("1", "2", "3")), is_whole=True) == excerpt


def test_a_table_of_one_column_is_its_lines() -> None:
    assert Excerpt(lines=("1", "2"), is_whole=True) == shown(b"1\n2\n", "a.csv")


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"a\0b\0\0c", bytes(range(256))]
)
def test_what_is_no_text_is_not_shown(content: bytes) -> None:
    assert shown(content) is None


@given(st.binary(max_size=3000) | st.text(',;\t"\n\r a1', max_size=3000).map(str.encode))
def test_whatever_a_file_holds_little_of_it_is_shown(content: bytes) -> None:
    for name in ("a.txt", "a.csv"):
        for size in (len(content), 10**9):
            excerpt = excerpt_of(content * 10, file(name, size))
            if excerpt is None:
                continue
            assert len(excerpt.lines) <= MAX_LINES
            assert len(excerpt.rows) <= MAX_LINES
            assert all(len(line) <= MAX_LINE + 1 for line in excerpt.lines)
            for row in excerpt.rows:
                assert len(row) <= MAX_COLUMNS
                assert all(len(cell) <= MAX_CELL + 1 for cell in row)
            assert not (excerpt.is_whole and size > len(content) * 10)


WORDS = st.sampled_from(["7.4 bar", "é", "a" * MAX_CELL, "a" * (MAX_CELL + 1), "a" * MAX_LINE * 2])


ROWS = st.lists(WORDS, min_size=1, max_size=3) | st.just(["1"] * (MAX_COLUMNS + 1))


@given(st.lists(ROWS, min_size=1, max_size=3))
def test_only_what_is_shown_to_its_last_character_is_whole(rows: list[list[str]]) -> None:
    content = "".join(f"{';'.join(row)}\n" for row in rows)
    for name in ("a.txt", "a.csv"):
        excerpt = shown(content.encode(), name)
        assert excerpt is not None
        lines = [";".join(row) for row in excerpt.rows] or list(excerpt.lines)
        assert (content == "".join(f"{line}\n" for line in lines)) is excerpt.is_whole


@pytest.mark.parametrize("more", [0, 1])
def test_a_text_of_more_lines_than_are_shown_is_cut(more: int) -> None:
    for name, line in (("a.txt", b"1\n"), ("a.csv", b"1;2\n")):
        excerpt = shown(line * (MAX_LINES + more), name)
        assert excerpt is not None
        assert excerpt.is_whole is not bool(more)
