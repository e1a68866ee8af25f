"""No recipient is taken from bytes that may be halves of characters."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.recipient_code import Address, find_in_html, find_in_text
from relay_core.recipient_code.grammar import parse_list
from relay_core.text.charsets import UNREAD, decode_bytes
from tests.core.recipient_code_strategies import MARKER

TWO_BYTES = ("cp932", "gb18030", "cp949", "cp950", "big5hkscs", "euc_jp", "johab")
LEADS = range(0x80, 0x100)
TRAILS = [ord(one) for one in string.printable if one > " " and not one.isalnum()]
# Texts around one character, which is `%b`.
LISTS = (
    b"%bann@x.example",
    b"ann@x.example%b",
    b"ann@x.example%bben@x.example",
    b"ann@x.example, %bben@x.example",
    b"ann@x.example %b ben@x.example",
    b"%b<ann@x.example>",
    b"%b[ann@x.example]",
    b'"%b" <ann@x.example>',
    b"<ann@x.example>%b<ben@x.example>",
    b"[ann@x.example]%b[ben@x.example]",
    b"Ann %b|ann@x.example",
    b"[%bann@x.example](mailto:ann@x.example)",
    b"%bmailto:ann@x.example",
    b"(%b) ann@x.example",
)


def listed(content: bytes, charset: str) -> set[str]:
    """The recipients of a list."""
    text = decode_bytes(content, charset)
    items = parse_list(text, 0, len(text))
    return {item.entry.addr_spec for item in items if isinstance(item.entry, Address)}


def reached(content: bytes, charset: str, *, is_html: bool = False) -> set[str]:
    find = find_in_html if is_html else find_in_text
    found = find(decode_bytes(content, charset), (MARKER,))
    return {
        entry.addr_spec
        for code in found.codes
        for entry in code.entries
        if isinstance(entry, Address)
    }


def unseen(content: bytes, found: set[str]) -> list[tuple[str, str]]:
    """Found addresses with a charset in which the bytes are text that does not have the address.

    With another first character, it is another address.
    """
    return [
        (one, charset)
        for charset in TWO_BYTES
        if "\ufffd" not in (text := decode_bytes(content, charset))
        for one in found
        if not re.search(rf"(?<![\w.+\-]){re.escape(one)}(?![\w-]|\.\w)", text, re.IGNORECASE)
    ]


def coded(words: bytes) -> bytes:
    marker = MARKER.encode()
    return b":%b:%b:%b:" % (marker, words, marker)


@pytest.mark.parametrize("form", LISTS)
def test_half_a_character_reaches_no_recipient(form: bytes) -> None:
    for lead in LEADS:
        for trail in TRAILS:
            content = form % bytes([lead, trail])
            if found := listed(content, UNREAD):
                assert not unseen(content, found), content


pieces = st.one_of(
    st.builds(
        lambda lead, trail: bytes([lead, trail]), st.sampled_from(LEADS), st.integers(48, 126)
    ),
    st.sampled_from([b"ann@x.example", b"ben@x.example", b"<ben@x.example>", b"Ann", b'"', b"\\"]),
    st.sampled_from(
        [b",", b";", b"|", b" ", b"\r\n", b"/", b"[", b"]", b"(", b")", b"<b>", b"&amp;"]
    ),
)


@given(st.lists(pieces, min_size=1, max_size=8).map(b"".join), st.booleans())
@example(b"\x83|ben@x.example", False)
@example(b"ann@x.exampleAnn", False)  # domains are compared without regard to case
def test_a_recipient_that_is_reached_is_seen_in_every_charset(words: bytes, is_html: bool) -> None:  # noqa: FBT001
    content = coded(words)
    if found := reached(content, UNREAD, is_html=is_html):
        assert not unseen(content, found)


@pytest.mark.parametrize(
    "words",
    [b"Ren\xe9 <ann@x.example>", b"Ren\xe9, ann@x.example", b"ann@x.example (Ren\xe9)"],
)
def test_a_name_in_an_unknown_charset_has_no_effect(words: bytes) -> None:
    assert {"ann@x.example"} == reached(coded(words), UNREAD)
