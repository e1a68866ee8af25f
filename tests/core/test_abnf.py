"""Each character class is exactly its production."""

from __future__ import annotations

import re
import string

import pytest

from relay_core import abnf

VISIBLE = {chr(code) for code in range(33, 127)}
ALPHANUMERIC = {*string.ascii_letters, *string.digits}
TSPECIALS = {*'()<>@,;:\\"/[]?='}


@pytest.mark.parametrize(
    ("name", "characters"),
    [
        ("FTEXT", VISIBLE - {":"}),
        # The visible characters without the specials (RFC 5322 section 3.2.3).
        ("ATEXT", VISIBLE - {*'()<>[]:;@\\,."'}),
        ("QTEXT", VISIBLE - {'"', "\\"}),
        ("TOKEN", VISIBLE - TSPECIALS),
        ("ATTRIBUTE_CHAR", VISIBLE - TSPECIALS - {*"*'%"}),
        ("BASE64", ALPHANUMERIC | {*"+/"}),
    ],
)
def test_a_class_is_its_production(name: str, characters: set[str]) -> None:
    one = re.compile(f"[{getattr(abnf, name)}]")
    assert characters == {chr(code) for code in range(0x110000) if one.fullmatch(chr(code))}


@pytest.mark.parametrize("text", ['"a"', '""', r'"a\"b"', '"a\nb"'])
def test_a_quoted_string_ends_at_the_first_quote_that_is_not_escaped(text: str) -> None:
    found = re.compile(abnf.QUOTED_STRING, re.DOTALL).match(text + ' "more"')
    assert found is not None
    assert found[0] == text


@pytest.mark.parametrize("text", ["(a)", "()", r"(a\)b)", "(a (b (c)) d)"])
def test_a_comment_ends_where_its_parentheses_are_even(text: str) -> None:
    found = re.compile(abnf.COMMENT).match(text + " (more)")
    assert found is not None
    assert found[0] == text
