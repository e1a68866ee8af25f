from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from operate.stack import access
from sandbox.emulator import running
from tests.sandbox.forking import emulator_server, fork_emulators
from tests.sandbox.running import RunningSandbox, running_sandbox


@pytest.fixture(scope="module", autouse=True)
def _one_access_a_stack() -> Iterator[None]:
    """Make the clients of `relayctl` in this process once a stack.

    Tests wait with it for what it shows, and the clients are most of what each call computes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "open_access", cache(access.open_access))
        yield


@pytest.fixture(scope="session", autouse=True)
def _forked_emulators() -> Iterator[None]:
    """Take the emulators of this process, too, from a server that has imported their modules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "start_process", fork_emulators(emulator_server))
        yield


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """One sandbox for all tests that do not change its configuration."""
    # Each test waits for its own notice, so none may be suppressed.
    config = ("noticeLimit=0",)
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), config) as sandbox:
        yield sandbox
