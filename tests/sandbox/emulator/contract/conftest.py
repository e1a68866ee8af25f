"""The behaviour of AWS that the relay needs of an emulator, tested with boto3 only.

Another emulator that passes these tests could replace ministack.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.emulator import running
from sandbox.emulator.running import Emulator
from tests.sandbox.emulator.contract.resources import REGION
from tests.sandbox.forking import START_PROCESS


@pytest.fixture(autouse=True)
def _started_by_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the emulators of these tests by their command line."""
    monkeypatch.setattr(running, "start_process", START_PROCESS)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={"WORKER_SEES": "this"}, region=REGION) as it:
        yield it
