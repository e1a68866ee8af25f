from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.running import RunningSandbox, running_sandbox


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One sandbox for all tests that do not change its configuration."""
    # Each test waits for its own notice, so none may be suppressed.
    config = ("noticeLimit=0",)
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), config) as sandbox:
        yield sandbox
