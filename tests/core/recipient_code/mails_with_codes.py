"""Mails with recipient codes, relayed."""

from __future__ import annotations

from relay_core.record.report import RelayReport
from relay_core.settings import Settings
from tests.core import oracle
from tests.core.recipient_code_strategies import MARKER
from tests.fakes import MemoryWorld

SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.invalid",
    inbound_address="secret@relay.invalid",
    allowed_recipients=("*",),
)


def code(*recipients: str) -> str:
    return f":{MARKER}:{','.join(recipients)}:{MARKER}:"


def relay(raw: bytes) -> tuple[MemoryWorld, RelayReport]:
    world = MemoryWorld()
    report = world.relay(raw, SETTINGS)
    return world, report


def recipients(world: MemoryWorld) -> list[str]:
    return [one.recipient for one in world.submission.outbox]


def check_that_no_code_is_left(world: MemoryWorld, *addresses: str) -> None:
    """No part and no field shows the marker, or another recipient of the mail."""
    for one in world.submission.outbox:
        message = oracle.parse(one.raw)
        shown = [str(value) for name, value in message.items() if name.lower() != "to"]
        leaves = (part for part in message.walk() if not part.is_multipart())
        shown.extend(map(oracle.text_of, leaves))
        assert MARKER.lower() not in "\n".join(shown).lower()
        assert not [address for address in addresses if address in "\n".join(shown)]
