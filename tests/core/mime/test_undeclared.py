"""Delimiters that no header declares, and the text before the first of them."""

from __future__ import annotations

import pytest

from relay_core.mime.undeclared import is_shown, undeclared_boundary


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        (b"--x\r\nContent-Type: a/b\r\n", b"x"),
        (b"--x\n\nwords", b"x"),
        (b"--x\rX-Odd: y\r", b"x"),
        (b"------=_Part_1 \r\nContent-Disposition: attachment\r\n", b"----=_Part_1"),
        (b"----------\r\ncontent-type: a/b\r\n", b"--------"),
        (b"----------\r\n\r\nwords", None),
        (b"-----Original Message-----\r\nFrom: a@x.org\r\n", None),
        (b"--x\r\nwords\r\n", None),
        (b"-- \r\nAnn\r\n", None),
    ],
)
def test_a_part_begins_with_its_header(text: bytes, boundary: bytes | None) -> None:
    assert boundary == undeclared_boundary(text, 0, len(text), is_sure=False)


def test_without_a_declared_multipart_only_a_type_counts() -> None:
    for text, boundary in ((b"--x\nContent-Type: a/b\n", b"x"), (b"--x\nContent-ID: <a>\n", None)):
        assert boundary == undeclared_boundary(text, 0, len(text), is_sure=True)


@pytest.mark.parametrize(
    ("preamble", "shown"),
    [
        (b"", False),
        (b"\r\n \r\n", False),
        (b"This is a multi-part message in MIME format.\r\n", False),
        (b"This is a multi-part message\r\nin MIME format.\r\n\r\nMotion.\r\n", True),
        (b"Motion.\r\n", True),
    ],
)
def test_what_explains_mime_is_not_shown(preamble: bytes, *, shown: bool) -> None:
    assert shown == is_shown(preamble)


@pytest.mark.parametrize(
    "text", [b"--" + b"x" * 100_000, b"--" + b"x \t" * 50_000, b"\r" * 100_000]
)
def test_hostile_lines_end(text: bytes) -> None:
    undeclared_boundary(text, 0, len(text), is_sure=False)
    is_shown(text)
