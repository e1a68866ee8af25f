"""Records as text to paste: a resolver reads the original values from them."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from infra.mail import dns


def read_text(entry: str) -> bytes:
    """The value of a TXT record in a zone file (RFC 1035 section 5.1)."""
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', entry)
    assert " ".join(f'"{one}"' for one in strings) == entry
    values = [
        re.sub(
            rb"\\([0-9]{3}|.)",
            lambda match: bytes([int(match[1])]) if len(match[1]) == 3 else match[1],
            one.encode("ascii"),
        )
        for one in strings
    ]
    assert all(len(value) <= 255 for value in values)
    return b"".join(values)


def lines(*records: dict[str, str]) -> list[str]:
    return dns.zone_file(records).splitlines()


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=700))
@example('v=DMARC1; rua="mailto:a@b.example"')
@example("\\")
@example("k" * 256)
def test_text_is_read_back_whatever_is_in_it(value: str) -> None:
    (line,) = lines({"name": "a.example", "type": "TXT", "value": value})
    prefix, _, entry = line.partition(" IN TXT ")
    assert prefix == f"a.example. {dns.TTL_SECONDS}"
    assert read_text(entry) == value.encode()


def test_names_are_absolute() -> None:
    assert lines(
        {"name": "in.example", "type": "MX", "value": "10 host.example"},
        {"name": "k._domainkey.in.example", "type": "CNAME", "value": "k.dkim.example"},
    ) == [
        f"in.example. {dns.TTL_SECONDS} IN MX 10 host.example.",
        f"k._domainkey.in.example. {dns.TTL_SECONDS} IN CNAME k.dkim.example.",
    ]


NAMES = st.sampled_from(["a.example", "b.example"])
VALUES = st.sampled_from(["1", "2", "3"])
RECORDS = st.lists(
    st.builds(dns.known, name=NAMES, type_=st.sampled_from(["MX", "TXT"]), value=VALUES)
)


@given(RECORDS)
def test_joining_makes_one_set_of_each_name_and_type_and_loses_no_value(
    records: list[dns.RecordSet],
) -> None:
    sets = dns.joined(records)
    assert len({(one.name, one.type) for one in sets}) == len(sets)
    before = {(one.name, one.type, value) for one in records for value in one.values}
    after = [(one.name, one.type, value) for one in sets for value in one.values]
    assert set(after) == before
    assert len(after) == len(before)


def test_a_name_is_in_its_own_zone_and_below_it_only() -> None:
    assert dns.is_in_zone("example.com", "example.com")
    assert dns.is_in_zone("a.b.Example.com", "example.COM")
    assert not dns.is_in_zone("badexample.com", "example.com")
    assert not dns.is_in_zone("com", "example.com")
