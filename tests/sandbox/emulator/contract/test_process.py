from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.emulator import running
from sandbox.emulator.running import Emulator, EmulatorError
from tests.sandbox.emulator.contract.resources import (
    REGION,
    archive,
    invoke,
    make_bucket,
    make_function,
    make_role,
)
from tests.waiting import eventually


class TestProcess:
    def test_listens_on_loopback_as_the_accounts_root(self, emulator: Emulator) -> None:
        assert urlsplit(emulator.endpoint).hostname == "127.0.0.1"
        identity = emulator.client("sts").get_caller_identity()
        assert identity["Account"] == emulator.account_id
        assert identity["Arn"] == f"arn:aws:iam::{emulator.account_id}:root"

    def test_the_callers_environment_does_not_matter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nowhere = "http://127.0.0.1:9"
        for name, value in {
            "AWS_PROFILE": "absent",
            "AWS_ACCESS_KEY_ID": "AKIANOBODY",
            "AWS_SESSION_TOKEN": "stale",
            "AWS_REGION": "us-west-2",
            "AWS_ENDPOINT_URL": nowhere,
            "AWS_USE_FIPS_ENDPOINT": "true",
            "HTTP_PROXY": nowhere,
            "http_proxy": nowhere,
            "GATEWAY_PORT": "9",
            "PYTHONPATH": "/nowhere",
        }.items():
            monkeypatch.setenv(name, value)
        with Emulator.start(tmp_path, worker_environment={}, region=REGION) as own:
            bucket = make_bucket(own)
            assert own.client("s3").get_bucket_location(Bucket=bucket)["LocationConstraint"] == (
                REGION
            )
            code = archive(app="import os\ndef handler(e, c): return dict(os.environ)")
            seen = invoke(own, make_function(own, make_role(own), code))
            assert seen["AWS_REGION"] == REGION
            assert seen["AWS_ENDPOINT_URL"] == own.endpoint
            assert {"AWS_PROFILE", "HTTP_PROXY", "PYTHONPATH"}.isdisjoint(seen)

    def test_stopping_ends_the_workers_and_leaves_only_the_log(self, tmp_path: Path) -> None:
        with Emulator.start(tmp_path, worker_environment={}, region=REGION) as own:
            code = archive(app="import os\ndef handler(e, c): return os.getpid()")
            worker = invoke(own, make_function(own, make_role(own), code))
            os.kill(worker, 0)  # the process exists
        assert refuses(int(own.endpoint.rpartition(":")[2]))
        eventually(lambda: not is_running(worker))
        assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]
        own.stop()  # a second time, without effect

    def test_it_ends_when_the_sandbox_is_killed(self, tmp_path: Path) -> None:
        program = f"""
import pathlib, sys
from sandbox.emulator.running import Emulator
own = Emulator.start(pathlib.Path(sys.argv[1]), worker_environment={{}}, region="{REGION}")
print(own.endpoint, flush=True)
sys.stdin.read()
"""
        sandbox = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with sandbox:
            assert sandbox.stdout is not None
            port = int(sandbox.stdout.readline().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)):
                sandbox.kill()
        eventually(lambda: refuses(port))

    def test_a_port_that_is_lost_to_another_process_is_no_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        choose, taken = running._free_port, socket.create_server(("127.0.0.1", 0))
        ports = [taken.getsockname()[1], choose()]
        monkeypatch.setattr(running, "_free_port", lambda: ports.pop(0))
        with taken, Emulator.start(tmp_path, worker_environment={}, region=REGION) as own:
            assert own.client("sts").get_caller_identity()["Account"] == own.account_id
        assert ports == []

    def test_a_failed_start_says_why_in_one_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        python = tmp_path / "python"
        python.write_text("#!/bin/sh\necho 'no such module'\nexit 3\n")
        python.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(python))
        with pytest.raises(EmulatorError) as caught:
            Emulator.start(tmp_path / "data", worker_environment={}, region=REGION)
        assert str(caught.value) == (
            "the emulator ended with status 3 as it started: no such module"
        )


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def is_running(pid: int) -> bool:
    """False for a process that is gone or only waits to be reaped."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
