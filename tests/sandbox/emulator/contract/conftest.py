"""The behaviour of AWS that the relay needs of an emulator, tested with boto3 only.

Another emulator that passes these tests could replace ministack.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.emulator.running import Emulator
from tests.sandbox.emulator.contract.resources import REGION


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={"WORKER_SEES": "this"}, region=REGION) as it:
        yield it
