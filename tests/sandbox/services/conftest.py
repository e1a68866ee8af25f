from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.emulator.running import Emulator

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it
