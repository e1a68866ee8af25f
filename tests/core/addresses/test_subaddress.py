"""Subaddresses: whose they are, and with which label."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.addresses.subaddress import split_label

OWN = ("devices@in.example.com", "Old+x@in.example.com", "old@in.example.com")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("devices@in.example.com", ("devices@in.example.com", "")),
        ("DEVICES@IN.EXAMPLE.COM", ("devices@in.example.com", "")),
        ("Devices+Boiler7@in.example.com", ("devices@in.example.com", "boiler7")),
        ("devices+a+b@in.example.com", ("devices@in.example.com", "a+b")),
        ("devices+@in.example.com", ("devices@in.example.com", "")),
        ("old+x@in.example.com", ("old+x@in.example.com", "")),
        ("old+x+y@in.example.com", ("old@in.example.com", "x+y")),
        ("devices@example.com", None),
        ("other+devices@in.example.com", None),
        ("devices-2@in.example.com", None),
        (f"devices+{'a' * 56}@in.example.com", ("devices@in.example.com", "a" * 56)),
        (f"devices+{'a' * 57}@in.example.com", None),  # 65 octets before the @
        ("devices", None),
        ("", None),
    ],
)
def test_an_address_is_one_of_our_own_with_a_label_or_without(
    address: str, expected: tuple[str, str] | None
) -> None:
    assert expected == split_label(address, OWN)


@given(st.text(alphabet="abz09.!#$&'*/=?^_`{|}~-+", max_size=20))
def test_whatever_is_between_plus_and_at_is_the_label(label: str) -> None:
    found = split_label(f"devices+{label}@in.example.com", ["devices@in.example.com"])
    assert ("devices@in.example.com", label) == found
