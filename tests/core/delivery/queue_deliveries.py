"""The deliveries of a message of the queue, during which its worker may die."""

from __future__ import annotations

from datetime import timedelta

import pytest

from relay_core.delivery.deaths import Attempt
from relay_core.delivery.ending import record_error
from relay_core.errors import TransientError
from relay_core.keys import RawKey, message_id_of
from relay_core.record.manifest import Manifest
from relay_core.record.report import RelayReport
from relay_core.relay import relay_message
from relay_core.settings import Settings
from tests.fakes import MemoryWorld

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
    submission_concurrency=1,
)
KEY = RawKey("incoming/0abc")
PEOPLE = tuple(f"r{number}@example.com" for number in range(4))
RAW = (
    "From: pump@plant.example\r\nSubject: Alarm\r\n\r\n"
    f":Email_Rxers_Code:{','.join(PEOPLE)}:Email_Rxers_Code:\r\n"
).encode()
HIDDEN = timedelta(minutes=12)


class Died(BaseException):
    """The worker was killed, and writes nothing any more."""


class Deliveries:
    """The deliveries of one message of the queue, each a visibility timeout after the last."""

    def __init__(self, world: MemoryWorld, queue_message: str = "sqs-1") -> None:
        self.world = world
        self.queue_message = queue_message
        self.number = 0

    def next(self) -> RelayReport:
        self.number += 1
        self.world.now += HIDDEN
        attempt = Attempt(queue_message=self.queue_message, number=self.number)
        return self.world.relay(RAW, SETTINGS, attempt=attempt)

    def dies(self) -> None:
        with pytest.raises(Died):
            self.next()

    def fails(self) -> None:
        """A try that ends with an error, which the function handles."""
        self.number += 1
        self.world.now += HIDDEN
        worker = self.world.worker()
        attempt = Attempt(queue_message=self.queue_message, number=self.number)
        with pytest.raises(TransientError) as caught:
            relay_message(KEY, SETTINGS, self.world.ports, worker, attempt=attempt)
        worker = attempt.given_to(worker, SETTINGS)
        record_error(KEY, str(caught.value), worker, SETTINGS, self.world.ports)


def manifest_of(world: MemoryWorld) -> Manifest:
    stored = world.manifests.load(message_id_of(KEY))
    assert stored is not None
    return stored.manifest


def kill_at_reading(world: MemoryWorld, times: int) -> None:
    world.incoming.faults.order("fetch", Died(), times=times)


def out_of_reach() -> TransientError:
    return TransientError(call="fetch", target=KEY, detail="out of reach")
