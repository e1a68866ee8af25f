"""`make preview`: Pulumi's engine uses an emulator here, and leaves no files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

from sandbox import preview
from sandbox.create import CREATORS, LOOKUPS
from sandbox.engine import cli
from sandbox.engine.folder import LANGUAGE_HOST, PROJECT, SERVICES
from tests.sandbox.deploying import needs_engine

# A stand-in for pulumi, which records its arguments and its environment.
_FAKE = """#!{python}
import json, os, sys
with open({record!r}, "a") as record:
    json.dump({{
        "arguments": sys.argv[1:],
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "files": sorted(os.listdir()),
        "stack": open("Pulumi.preview.yaml").read(),
        "program": open("__main__.py").read(),
    }}, record)
    record.write("\\n")
sys.exit({status} if sys.argv[1] == "preview" else 0)
"""


def run_preview(path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox.preview"],
        cwd=PROJECT,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_without_pulumi_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "BUILT", tmp_path / "pulumi")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert preview.main() == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert "no fitting Pulumi CLI" in line
    assert "make engine" in line


@needs_engine
def test_without_a_language_host_the_plan_is_printed_and_nothing_is_left(tmp_path: Path) -> None:
    path = os.pathsep.join(
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not Path(folder, LANGUAGE_HOST).exists()
    )
    finished = run_preview(path, TMPDIR=str(tmp_path))
    assert (finished.returncode, finished.stderr) == (0, "")
    *plan, counts = finished.stdout.splitlines()
    assert counts.startswith(f"{len(plan)} to create; ")
    assert any("aws:ses/receiptRule:ReceiptRule" in line for line in plan)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module", params=[0, 3])
def status(request: pytest.FixtureRequest) -> int:
    chosen: int = request.param
    return chosen


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory, status: int) -> list[dict[str, Any]]:
    """The calls of pulumi, in order; its preview ends with `status`."""
    folder = tmp_path_factory.mktemp("fake")
    record, fake = folder / "record", folder / "pulumi"
    fake.write_text(_FAKE.format(python=sys.executable, record=str(record), status=status))
    fake.chmod(0o755)
    # A part of Pulumi's installation; only its existence is checked.
    host = folder / LANGUAGE_HOST
    host.touch()
    host.chmod(0o755)
    temporary = folder / "tmp"
    temporary.mkdir()
    finished = run_preview(
        f"{folder}:{os.environ['PATH']}",
        TMPDIR=str(temporary),
        AWS_PROFILE="production",
        AWS_ACCESS_KEY_ID="a-real-one",
        PULUMI_ACCESS_TOKEN="a-real-one",
    )
    assert finished.returncode == status, finished.stderr
    assert list(temporary.iterdir()) == []
    return [json.loads(line) for line in record.read_text().splitlines()]


def test_a_stack_is_made_and_previewed_without_a_question(
    calls: list[dict[str, Any]],
) -> None:
    assert [call["arguments"][:2] for call in calls] == [["stack", "init"], ["preview", "--stack"]]
    assert all("--non-interactive" in call["arguments"] for call in calls)


def test_state_and_secrets_stay_in_a_folder_of_the_moment(calls: list[dict[str, Any]]) -> None:
    for call in calls:
        environment = call["environment"]
        backend = urlsplit(environment["PULUMI_BACKEND_URL"])
        assert backend.scheme == "file"
        assert Path(backend.path).parent == Path(call["folder"]).parent
        assert environment["PULUMI_CONFIG_PASSPHRASE"]
    assert len({call["environment"]["PULUMI_CONFIG_PASSPHRASE"] for call in calls}) == 1


def test_nothing_leads_to_an_account_of_the_callers(calls: list[dict[str, Any]]) -> None:
    for call in calls:
        assert "a-real-one" not in call["environment"].values()
        assert [name for name in call["environment"] if name.startswith("AWS_")] == [
            "AWS_EC2_METADATA_DISABLED"
        ]
        config = yaml.safe_load(call["stack"])["config"]
        (endpoints,) = config["aws:endpoints"]
        assert set(endpoints) == set(SERVICES)
        assert {urlsplit(url).hostname for url in endpoints.values()} == {"127.0.0.1"}
        assert config["aws:accessKey"] == "0" * 12


def test_the_project_is_this_one_and_is_not_written_to(calls: list[dict[str, Any]]) -> None:
    for call in calls:
        assert Path(call["folder"]) != PROJECT
        assert call["program"] == (PROJECT / "__main__.py").read_text()
        assert {".venv", "infra", "relay_core", "adapters", "Pulumi.yaml"} <= set(call["files"])
        assert [name for name in call["files"] if name.startswith("Pulumi.")] == [
            "Pulumi.preview.yaml",
            "Pulumi.yaml",
        ]
        config = yaml.safe_load(call["stack"])["config"]
        assert config["mail-relay:senderEmail"] == "relay@mail.example.com"
    assert not (PROJECT / "Pulumi.preview.yaml").exists()


def test_every_service_that_the_sandbox_can_be_asked_for_has_an_endpoint() -> None:
    tokens = (*CREATORS, *LOOKUPS)
    asked = {token.split(":")[1].partition("/")[0] for token in tokens if token[:4] == "aws:"}
    # Log groups belong to Pulumi's module of CloudWatch; types without a module call STS.
    assert asked - {"index"} <= set(SERVICES)
    assert {"logs", "sts"} <= set(SERVICES)
