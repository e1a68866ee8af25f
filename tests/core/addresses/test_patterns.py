"""The addresses that a pattern matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.addresses.patterns import canonical_pattern, matches, most_specific
from tests.core.recipient_code_strategies import ADDR_SPECS, DOMAINS

PATTERNS = ADDR_SPECS | DOMAINS | DOMAINS.map("*.{}".format) | st.just("*")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", "*"),
        (" Example.ORG ", "example.org"),
        ("Ops@Example.ORG", "ops@example.org"),
        ("*.Example.org", "*.example.org"),
        ("example.org.", "example.org"),
        ("anna@example.org.", "anna@example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("*@example.org", None),
        ("*example.org", None),
        ("**.example.org", None),
        ("example", None),
        ("*.", None),
        ("", None),
        ("@example.org", None),
    ],
)
def test_patterns_have_one_form(pattern: str, expected: str | None) -> None:
    assert expected == canonical_pattern(pattern)


@given(ADDR_SPECS, st.lists(PATTERNS | st.text(max_size=8), max_size=5))
def test_of_several_patterns_any_will_do(address: str, patterns: list[str]) -> None:
    assert matches(address, patterns) is any(matches(address, [one]) for one in patterns)


@given(ADDR_SPECS, st.text(max_size=12).filter(lambda text: canonical_pattern(text) is None))
def test_what_is_no_pattern_matches_no_address(address: str, text: str) -> None:
    assert not matches(address, [text])


@given(ADDR_SPECS)
def test_letter_case_does_not_matter(address: str) -> None:
    assert matches(address.swapcase(), [address])
    assert matches(address, [address.swapcase()])


def test_internationalised_domains_mean_their_ascii_form() -> None:
    assert matches("anna@xn--bcher-kva.example", ["bücher.example"])
    assert matches("anna@a.xn--bcher-kva.example", ["*.BÜCHER.example"])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("cam@gate.plant.example", "Cam@Gate.plant.example"),
        ("pump@gate.plant.example", "gate.plant.example"),
        ("pump@x.gate.plant.example", "*.gate.plant.example"),
        ("pump@yard.plant.example", "*.plant.example"),
        ("pump@a.b", "*"),
    ],
)
def test_the_closest_pattern_counts(address: str, expected: str) -> None:
    patterns = [
        "*",
        "*.example",
        "*.plant.example",
        "*.gate.plant.example",
        "gate.plant.example",
        "Cam@Gate.plant.example",
    ]
    assert expected == most_specific(address, patterns)
    assert expected == most_specific(address, reversed(patterns))


@given(ADDR_SPECS, st.lists(PATTERNS, max_size=5))
def test_the_closest_pattern_is_one_that_matches(address: str, patterns: list[str]) -> None:
    closest = most_specific(address, patterns)
    assert (closest is None) is not matches(address, patterns)
    assert closest is None or matches(address, [closest])
