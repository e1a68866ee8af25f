from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.aws.content_disposition import MAX_FILENAME, format_attachment_disposition

HEADER = re.compile(
    r"""attachment;\ filename="(?P<stand_in>[^"\\]*)"
        (?:;\ filename\*=UTF-8''(?P<exact>[A-Za-z0-9!#$&+.^_`|~%-]+))?""",
    re.VERBOSE,
)


def read_filename(disposition: str) -> str:
    """The file name by RFC 6266 section 4.3: `filename*`, if given, takes precedence."""
    match = HEADER.fullmatch(disposition)
    assert match
    exact = match["exact"]
    return match["stand_in"] if exact is None else unquote(exact, errors="strict")


def stand_in(disposition: str) -> str:
    """The `filename` for clients without support of `filename*`."""
    match = HEADER.fullmatch(disposition)
    assert match
    return match["stand_in"]


# Letters and digits of every script, without control characters, blanks and slashes.
plain_names = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1, max_size=60
)
any_names = st.text(st.characters(), max_size=400)


@pytest.mark.parametrize(
    ("filename", "disposition"),
    [
        ("report.pdf", 'attachment; filename="report.pdf"'),
        ("two words.txt", 'attachment; filename="two words.txt"'),
        ("", 'attachment; filename="attachment"'),
        ("Tür.jpg", "attachment; filename=\"T_r.jpg\"; filename*=UTF-8''T%C3%BCr.jpg"),
        (
            'a"; filename="b.exe',
            (
                'attachment; filename="a_; filename=_b.exe"; '
                "filename*=UTF-8''a%22%3B%20filename%3D%22b.exe"
            ),
        ),
        ("a\r\nX-Evil: 1", 'attachment; filename="a__X-Evil: 1"'),
        ("../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'),
        ("100%41.txt", "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ("invoice\u202egpj.exe", 'attachment; filename="invoice_gpj.exe"'),
    ],
)
def test_examples(filename: str, disposition: str) -> None:
    assert disposition == format_attachment_disposition(filename)


@given(plain_names)
@example('"')
@example("%41")
@example("a;b=c, d*=UTF-8''e")
@example("\U0001d4bb.txt")
def test_a_plain_name_comes_back_as_it_was(filename: str) -> None:
    assert filename == read_filename(format_attachment_disposition(filename))


@given(any_names)
@example("\ud800")
@example("\r\nSet-Cookie: x=y")
@example("\u0085\u2028")
def test_nothing_escapes_the_header(filename: str) -> None:
    disposition = format_attachment_disposition(filename)
    assert all(" " <= c <= "~" for c in disposition)
    assert HEADER.fullmatch(disposition)


@given(any_names)
def test_a_name_is_one_that_a_file_system_takes(filename: str) -> None:
    name = read_filename(format_attachment_disposition(filename))
    assert 1 <= len(name.encode()) <= MAX_FILENAME
    assert not set(name) & set("/\\\0\r\n")


@given(st.text("ä€\U0001d4bbx", min_size=200, max_size=300))
def test_a_name_that_is_too_long_keeps_its_beginning_and_extension(stem: str) -> None:
    name = read_filename(format_attachment_disposition(f"{stem}.jpeg"))
    assert name.endswith(".jpeg")
    assert stem.startswith(name.removesuffix(".jpeg")[: len(stem)])
    assert MAX_FILENAME - 4 < len(name.encode()) <= MAX_FILENAME or name == f"{stem}.jpeg"


@given(plain_names)
def test_the_stand_in_is_as_long_as_the_name(filename: str) -> None:
    assert len(filename) == len(stand_in(format_attachment_disposition(filename)))
