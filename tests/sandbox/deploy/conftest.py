from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.deployers import Deployer
from sandbox.emulator.running import Emulator
from tests.sandbox.deploy.programs import REGION, Deploy
from tests.sandbox.deploying import deploy_by


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, deployer: Deployer) -> Iterator[Emulator]:
    """An account for the resources of one deployer."""
    data = tmp_path_factory.mktemp(f"emulator-{deployer}")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


@pytest.fixture
def deployed(
    emulator: Emulator,
    deployer: Deployer,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Deploy:
    """Deploys the text of a program, which finds pulumi, aws and json imported."""

    def run(text: str) -> dict[str, Any]:
        program = tmp_path / "__main__.py"
        program.write_text(
            "import json\nimport pulumi\nimport pulumi_aws as aws\n" + textwrap.dedent(text)
        )
        folder = tmp_path_factory.mktemp("engine")
        return deploy_by(
            deployer, emulator, {"mail-relay:key": "value"}, program=program, folder=folder
        )

    return run
