from __future__ import annotations

from pathlib import Path

import pytest

from operate.stack.outputs import OUTPUTS_VARIABLE, READY_FILE_VARIABLE
from sandbox.emulator.running import Emulator
from tests.adapters.conftest import emulator  # noqa: F401 - one emulator for all who need one
from tests.operate.deployed import Deployed


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is to find the stack of who runs it."""
    monkeypatch.delenv(READY_FILE_VARIABLE, raising=False)
    monkeypatch.delenv(OUTPUTS_VARIABLE, raising=False)


@pytest.fixture
def deployed(emulator: Emulator, tmp_path: Path) -> Deployed:  # noqa: F811 - likewise
    """Buckets and queues as a stack has them, of their own for each test, and no function."""
    return Deployed.make(emulator, tmp_path)
