"""The function over a world in memory, and its log."""

from __future__ import annotations

import io
import uuid

import pytest

from adapters.aws.clients import Clients
from adapters.relaying.batch import RelayFunction
from adapters.telemetry.relay import Telemetry
from relay_core.throttling.address_watching import AddressWatch
from tests.adapters.relay_function.batches import INCOMING_BUCKET, NO_SUCH_QUEUE, SETTINGS, Log
from tests.fakes import MemoryWorld
from tests.memory_windows import memory_address_records


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def log() -> Log:
    return Log(io.StringIO())


@pytest.fixture
def function(world: MemoryWorld, log: Log, clients: Clients) -> RelayFunction:
    # Powertools keeps one logger for each service name, so each test has a unique name
    environment = {"POWERTOOLS_SERVICE_NAME": f"relay-{uuid.uuid4()}"}
    telemetry = Telemetry(environment, stream=log.stream)
    return RelayFunction(
        settings=SETTINGS,
        incoming_bucket=INCOMING_BUCKET,
        ports=world.ports,
        notices=world.counted_notices(limit=0),
        suppressions=world.suppressions,
        queue=clients.sqs,
        queue_url=NO_SUCH_QUEUE,
        read_suppressions=lambda: None,
        telemetry=telemetry,
        addresses=AddressWatch(
            windows=memory_address_records(),
            notices=world.notices,
            stack=SETTINGS.stack,
            place=SETTINGS.place_of_notices,
            clock=world.clock,
            on_error=telemetry.address_not_noted,
        ),
    )
