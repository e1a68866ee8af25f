from __future__ import annotations

from pathlib import Path

import pytest

from operate.stack.outputs import OUTPUTS_VARIABLE, READY_FILE_VARIABLE
from sandbox.emulator.running import Emulator
from tests.adapters.conftest import emulator  # noqa: F401 - a fixture, one emulator for all tests
from tests.operate.deployed import Deployed


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the variables that name a stack, as the tester's environment may have them."""
    monkeypatch.delenv(READY_FILE_VARIABLE, raising=False)
    monkeypatch.delenv(OUTPUTS_VARIABLE, raising=False)


@pytest.fixture
def deployed(emulator: Emulator, tmp_path: Path) -> Deployed:  # noqa: F811 - likewise
    """The buckets and queues of a stack without functions, new for each test."""
    return Deployed.make(emulator, tmp_path)
