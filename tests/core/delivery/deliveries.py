"""Mails, manifests and answers of the submission, for the tests of the delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage

from relay_core.errors import AdapterError, TransientError
from relay_core.keys import MessageId, RawKey
from relay_core.ports import OutgoingMail, SubmissionId
from relay_core.record.manifest import Manifest
from relay_core.record.report import RelayReport
from relay_core.relay import relay_message
from relay_core.settings import Settings
from tests.fakes import MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com", "example.net"),
    max_recipients=1000,
    submission_concurrency=3,
)
KEY = RawKey("incoming/0abc")
ID = MessageId("0abc")
ANNA, BEN = "anna@example.com", "ben@example.net"


def mail(code: str = f"{ANNA},{BEN}", *files: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"] = "Boiler 3 <boiler@plant.example>"
    message["Subject"] = "Pressure"
    message.set_content(f"Too high.\n:Email_Rxers_Code:{code}:Email_Rxers_Code:\n", cte="8bit")
    for name, content in files:
        message.add_attachment(content, "application", "octet-stream", filename=name)
    return message.as_bytes().replace(b"\n", b"\r\n")


def many(count: int) -> list[str]:
    return [f"r{number}@example.com" for number in range(count)]


def recipients(world: MemoryWorld) -> list[str]:
    return [sent.recipient for sent in world.submission.outbox]


def manifest_of(world: MemoryWorld) -> Manifest:
    stored = world.manifests.load(ID)
    assert stored is not None
    return stored.manifest


def change(world: MemoryWorld, manifest: Manifest) -> None:
    """Replace the stored manifest, as an operator does."""
    stored = world.manifests.load(ID)
    assert stored is not None
    world.manifests.replace(manifest, stored.version)


def throttled() -> TransientError:
    return TransientError(call="submit", target="x", detail="Maximum sending rate exceeded")


@dataclass
class Slow:
    """A mail service that takes `seconds` for each group, and records its members."""

    world: MemoryWorld
    seconds: float = 0
    groups: list[list[str]] = field(default_factory=list)

    def submit_each(self, mails: Sequence[OutgoingMail]) -> list[SubmissionId | AdapterError]:
        self.groups.append([one.recipient for one in mails])
        self.world.now += timedelta(seconds=self.seconds)
        return self.world.submission.submit_each(mails)


def relay_slowly(world: MemoryWorld, service: Slow, raw: bytes) -> RelayReport:
    world.incoming.messages[KEY] = received(raw)
    ports = replace(world.ports, submission=service)
    return relay_message(KEY, SETTINGS, ports, world.worker())
