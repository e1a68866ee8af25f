"""Fixtures: the program as deployed, with the dev stack's configuration or a changed one."""

from __future__ import annotations

from typing import Protocol

import pytest

from tests.infra.program import Deployment, changed_config, run_program


class Deploy(Protocol):
    """`deploy(stack=…, key=value…)`: the program on `changed_config`."""

    def __call__(self, *, stack: str = "dev", **changes: object) -> Deployment: ...


@pytest.fixture(scope="session")
def deploy() -> Deploy:
    def run(*, stack: str = "dev", **changes: object) -> Deployment:
        return run_program(changed_config(changes), stack=stack)

    return run


@pytest.fixture(scope="session")
def dev(deploy: Deploy) -> Deployment:
    """The dev stack as it stands."""
    return deploy()
