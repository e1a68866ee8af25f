"""Programs deployed on an emulator by both deployers, and where there is no engine, by one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.deploy.mocked import deploy
from sandbox.deployers import DEPLOYERS, Deployer
from sandbox.emulator.running import Emulator
from sandbox.engine.cli import NoEngine, find_pulumi
from sandbox.engine.stack import running

try:
    find_pulumi()
    _WITHOUT = ""
except NoEngine as error:
    _WITHOUT = str(error)

needs_engine = pytest.mark.skipif(bool(_WITHOUT), reason=_WITHOUT or "there is an engine")

both_deployers = pytest.mark.parametrize(
    "deployer",
    [pytest.param(name, marks=needs_engine if name == "engine" else ()) for name in DEPLOYERS],
    scope="module",
)

_numbers = itertools.count()


def deploy_by(
    deployer: Deployer,
    account: Emulator,
    config: Mapping[str, object],
    *,
    program: Path,
    folder: Path,
    project: str = "mail-relay",
    warn: Callable[[str], None] = lambda _text: None,
) -> dict[str, Any]:
    """A new stack's exports, by either deployer; the engine's files are below `folder`."""
    if deployer == "mocks":
        return deploy(account, config, program=program, project=project, warn=warn)
    with running(account, folder / f"engine-{next(_numbers)}", program=program) as engine:
        stack = engine.stack("sandbox", config, program=program, project=project)
        for text in stack.up().warnings:
            warn(text)
        return stack.exports()
