"""Laws of addr-specs and domains."""

from __future__ import annotations

from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.addresses.mailbox import (
    MAX_ADDR_SPEC,
    MAX_LOCAL_PART,
    InvalidAddress,
    domain_of,
    parse_addr_spec,
    parse_domain,
)
from tests.core.recipient_code_strategies import ADDR_SPECS, DOMAINS, LOCAL_PARTS


@given(st.text() | st.text('ab.@<>()"\\, ', max_size=30))
def test_any_text_is_a_mailbox_or_an_invalid_address(text: str) -> None:
    for parse in (parse_addr_spec, parse_domain):
        try:
            parsed = parse(text)
        except InvalidAddress:
            continue
        assert parsed == parse(parsed)
        assert parsed.isascii()


@given(LOCAL_PARTS, DOMAINS)
def test_the_domain_is_in_lower_case_and_the_local_part_as_written(
    local_part: str, domain: str
) -> None:
    addr_spec = parse_addr_spec(f"  {local_part}@{domain.upper()}. ")
    assert f"{local_part}@{domain}" == addr_spec
    assert domain == domain_of(addr_spec)


@given(ADDR_SPECS)
def test_it_is_read_as_the_standard_library_reads_it(addr_spec: str) -> None:
    assert ("", parse_addr_spec(addr_spec)) == parseaddr(addr_spec)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "an address"),
        ("nobody", "an address"),
        ("@example.org", "a local-part before the @"),
        ("a b@example.org", "a local-part"),
        ("a..b@example.org", "a local-part"),
        ("jörg@example.org", "in ASCII"),
        # Some servers deliver these to another address.
        ("eve%evil.example@example.org", "some servers route or decode"),
        ("evil.example!eve@example.org", "some servers route or decode"),
        ("=?utf-8?q?eve=40evil.example?=@example.org", "some servers route or decode"),
        ('"eve@evil.example"@example.org', "without quotes"),
        ('"eve"@example.org', "without quotes"),
        ("<@evil.example:eve@example.org>", "of words"),
        ("eve@evil.example@example.org", "of words"),
        (f"{'a' * (MAX_LOCAL_PART + 1)}@example.org", "at most 64 octets"),
        (f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 20}.org", "at most 254 octets"),
        ("a@localhost", "at least two labels"),
        ("a@DOMAIN_A.org", "letters, digits and inner hyphens"),
        ("a@-x.org", "letters, digits and inner hyphens"),
        ("a@x..org", "letters, digits and inner hyphens"),
        ("a@bücher..example", "a domain name"),
        ("a@[192.0.2.1]", "letters, digits and inner hyphens"),
        ("a@192.0.2.1", "no number"),
        (f"a@{'x.' * 200}org", "at most 255 octets"),
        ("a@straße.example", "ASCII form"),
        ("a@fa\u200dx.example", "ASCII form"),
    ],
)
def test_an_invalid_address_says_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        parse_addr_spec(text)
    assert expected in caught.value.expected
    assert caught.value.found in text or caught.value.found.endswith("…")


def test_the_longest_address_is_one() -> None:
    addr_spec = f"{'a' * 64}@{'b' * 61}.{'c' * 61}.{'d' * 61}.org"
    assert MAX_ADDR_SPEC == len(addr_spec)
    assert addr_spec == parse_addr_spec(addr_spec)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ['"', '"\\', "<", "<a>", "(", "(a)", "a@", "é.", " ", ">"])
def test_large_input_is_read_to_its_end(piece: str) -> None:
    for parse in (parse_addr_spec, parse_domain):
        with pytest.raises(InvalidAddress):
            parse(piece * 200_000)
