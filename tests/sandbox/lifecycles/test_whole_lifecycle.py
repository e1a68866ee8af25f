"""A stack by Pulumi's own engine, from preview to destroy; `make lifecycle` does all of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.emulator.running import Emulator
from tests.sandbox.deploying import needs_engine
from tests.sandbox.inventory import active_rule_set
from tests.sandbox.stack_lifecycle import (
    CHANGES,
    FOREIGN_RULE_SET,
    Lifecycle,
    beginning,
    prepare,
    run_kills,
    run_lifecycle,
)

pytestmark = needs_engine

SHORT = tuple(
    (change, expected)
    for change, expected in CHANGES
    if change.keys() & {"recipientEmail", "customerManagedKey", "linkMode"}
    or change == {"smtpCredentialsVersion": 2}
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder = tmp_path_factory.mktemp("account")
    with Emulator.start(folder, worker_environment={}, region="eu-central-1") as emulator:
        prepare(emulator)
        yield emulator


@pytest.fixture
def lifecycle(account: Emulator, tmp_path: Path) -> Iterator[Lifecycle]:
    with beginning(account, tmp_path / "pulumi", print) as begun:
        yield begun


def test_a_stack_lives_and_leaves_the_account_as_it_was(
    account: Emulator, lifecycle: Lifecycle
) -> None:
    run_lifecycle(lifecycle, changes=SHORT, others=False)
    assert lifecycle.problems == []
    assert active_rule_set(account.client("ses")) == FOREIGN_RULE_SET


def test_an_up_that_was_killed_is_finished_by_the_next(lifecycle: Lifecycle) -> None:
    run_kills(lifecycle, kills=2, seed=2)
    assert lifecycle.problems == []
