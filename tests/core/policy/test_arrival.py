"""The relay's address by which a mail came."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.mime.parsing import parse_message
from relay_core.policy.arrival import Arrival, find_arrival
from relay_core.settings import Settings

SETTINGS = Settings(
    stack="prod",
    sender_address="relay@example.com",
    inbound_address="devices@in.example.com",
    previous_inbound_addresses=("Old@in.example.com", "older@plant.example"),
    allowed_recipients=("*",),
)


def arrival(
    *, received: str | None = None, to: str = "", cc: str = "", settings: Settings = SETTINGS
) -> Arrival:
    fields = [
        *([f"Received: {received}"] if received else []),
        *([f"To: {to}"] if to else []),
        *([f"Cc: {cc}"] if cc else []),
        "From: device@plant.example",
    ]
    raw = "\r\n".join([*fields, "", "Hello"]).encode()
    return find_arrival(parse_message(raw).header, settings)


def by_ses(recipient: str, greeting: str = "a.example") -> str:
    return (
        f"from {greeting} ({greeting} [192.0.2.7])\r\n by inbound-smtp.eu-west-1.amazonaws.com"
        f" with SMTP id 0abc\r\n for {recipient};\r\n Wed, 27 May 2026 09:48:04 +0000 (UTC)"
    )


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("devices@in.example.com", Arrival(address="devices@in.example.com")),
        ("<DEVICES@in.example.com>", Arrival(address="devices@in.example.com")),
        ("old@in.example.com", Arrival(address="old@in.example.com", is_previous=True)),
        (
            "Older+Boiler7+oncall@plant.example",
            Arrival(
                address="older+boiler7+oncall@plant.example",
                is_previous=True,
                labels=("boiler7", "oncall"),
            ),
        ),
        (
            "devices++a+a+@in.example.com",
            Arrival(address="devices++a+a+@in.example.com", labels=("a",)),
        ),
        ("somebody@else.example", Arrival()),
    ],
)
def test_ses_says_which(recipient: str, expected: Arrival) -> None:
    assert expected == arrival(received=by_ses(recipient))


def test_what_ses_says_counts_before_to_and_cc_whose_labels_count_too() -> None:
    found = arrival(
        received=by_ses("devices+a@in.example.com"),
        to="Plant <old+b@in.example.com>, anna@example.com",
        cc="devices+c@in.example.com",
    )
    assert "devices+a@in.example.com" == found.address
    assert not found.is_previous
    assert ("a", "b", "c") == found.labels


def test_without_ses_it_is_to_or_cc() -> None:
    assert arrival(to="old@in.example.com") == Arrival(
        address="old@in.example.com", is_previous=True
    )
    assert (
        "devices@in.example.com" == arrival(to="x@y.example", cc="devices@in.example.com").address
    )
    assert arrival(to="undisclosed-recipients:;") == Arrival()
    assert arrival() == Arrival()


CLOSED = replace(SETTINGS, closed_labels=("Boiler9",))
SHUT, OPEN = "devices+BOILER9+x@in.example.com", "old+boiler7@in.example.com"


def test_a_closed_label_counts_in_the_address_that_ses_noted_and_in_no_other() -> None:
    for to, cc in ((OPEN, SHUT), (SHUT, OPEN), (SHUT, SHUT), ("x@y.example", "")):
        came_by_open = arrival(received=by_ses(OPEN), to=to, cc=cc, settings=CLOSED)
        assert "" == came_by_open.closed_label
        came_by_shut = arrival(received=by_ses(SHUT), to=to, cc=cc, settings=CLOSED)
        assert "boiler9" == came_by_shut.closed_label


@pytest.mark.parametrize("received", [None, by_ses("somebody@else.example")])
def test_where_ses_noted_none_every_address_has_to_be_closed(received: str | None) -> None:
    def closed(to: str, cc: str = "") -> str:
        return arrival(received=received, to=to, cc=cc, settings=CLOSED).closed_label

    assert "boiler9" == closed(SHUT) == closed("x@y.example", SHUT)
    assert "" == closed(SHUT, OPEN) == closed(OPEN, SHUT) == closed(OPEN) == closed("")


def test_a_greeting_cannot_pass_for_the_clause_of_ses() -> None:
    greeting = "a for devices+forged@in.example.com; x"
    assert () == arrival(received=by_ses("devices@in.example.com", greeting)).labels
    # A Received field of another server.
    assert arrival(received="from a by b.example for old@in.example.com; today") == Arrival()


def test_an_address_that_was_retired_is_not_ours() -> None:
    retired = replace(SETTINGS, previous_inbound_addresses=())
    header = parse_message(b"To: old@in.example.com\r\n\r\n").header
    assert find_arrival(header, retired) == Arrival()


@given(st.text(max_size=60))
def test_it_never_fails(recipient: str) -> None:
    raw = f"Received: {by_ses(recipient)}\r\nTo: {recipient}\r\n\r\n".encode("utf-8", "replace")
    find_arrival(parse_message(raw).header, SETTINGS)
