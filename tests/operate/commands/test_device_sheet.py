"""The addresses that `relayctl device-sheet` writes for a stack."""

from __future__ import annotations

import pytest

from operate.commands.device_sheet import example_recipient, sender_for
from relay_core.addresses.mailbox import parse_addr_spec
from relay_core.addresses.patterns import matches
from relay_core.settings import Settings


@pytest.mark.parametrize(
    "pattern",
    ["*", "ops@plant.example", "ops@plant.example.", "plant.example.", "*.plant.example."],
)
def test_the_sheet_has_addresses_that_are_allowed_as_mail_writes_them(pattern: str) -> None:
    settings = Settings(
        stack="prod",
        sender_address="relay@example.com",
        inbound_address="devices@in.example.com",
        allowed_recipients=(pattern,),
        allowed_senders=(pattern,),
    )
    for address in (example_recipient(settings), sender_for(settings)):
        assert matches(address, [pattern])
        assert address == parse_addr_spec(address)
