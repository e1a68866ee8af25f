"""Lambda's entry point, in a new container."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters import download_function, init_phase
from adapters.download.status_pages import StatusPage, status_page
from sandbox.emulator.running import Emulator
from tests.adapters.download_function.page_visitor import (
    FILES,
    FORM,
    Answered,
    answered,
    event,
    follow,
)
from tests.adapters.held_back import held_back
from tests.adapters.stored_message import NOW, store_message


@pytest.fixture
def fresh_handler() -> Iterator[None]:
    """The handler as in a new container."""
    download_function._function.cache_clear()
    download_function._telemetry.cache_clear()
    yield
    download_function._function.cache_clear()
    download_function._telemetry.cache_clear()


@pytest.mark.usefixtures("fresh_handler", "aws_environment")
class TestHandler:
    @pytest.fixture(autouse=True)
    def environment(
        self, bucket: str, keys_parameter: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RELAY_ATTACHMENTS_BUCKET", bucket)
        monkeypatch.setenv("RELAY_LINK_KEYS_PARAMETER", keys_parameter)

    def handle(self, request: dict[str, Any]) -> Answered:
        return answered(download_function.handler(request, None))  # type: ignore[arg-type] # not read

    def test_a_file_goes_all_the_way(self, emulator: Emulator, bucket: str) -> None:
        now = datetime.now(NOW.tzinfo)
        message = store_message(emulator, bucket, FILES, at=now)
        assert 200 == self.handle(event("GET", message.path())).status
        form = event("POST", message.path(), body=b"file=3", headers={"content-type": FORM})
        content, _ = follow(self.handle(form))
        assert FILES[2].content == content

    def test_the_gate_is_closed_where_the_environment_says_so(
        self, emulator: Emulator, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RELAY_MALWARE_PROTECTION", "true")
        now = datetime.now(NOW.tzinfo)
        message = store_message(emulator, bucket, FILES, at=now)
        form = event("POST", message.path(), body=b"file=3", headers={"content-type": FORM})
        assert 409 == self.handle(form).status

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("RELAY_ATTACHMENTS_BUCKET", None),
            ("RELAY_LINK_KEYS_PARAMETER", None),
            ("RELAY_MALWARE_PROTECTION", "perhaps"),
        ],
    )
    def test_a_wrong_variable_is_named_in_the_log_and_corrected_without_a_new_container(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        variable: str,
        value: str | None,
    ) -> None:
        # A unique name: Powertools keeps one logger, with its stream, for each service name.
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"page-{variable}")
        with monkeypatch.context() as broken:
            if value is None:
                broken.delenv(variable)
            else:
                broken.setenv(variable, value)
            assert self.handle(event("GET", "/")).body == status_page(StatusPage.UNAVAILABLE).body
        (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
        assert variable in line["reason"]
        assert 404 == self.handle(event("GET", "/")).status

    def test_keys_that_hang_at_init_delay_no_start_and_the_page_opens_once_they_come(
        self, emulator: Emulator, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message = store_message(emulator, bucket, FILES, at=datetime.now(NOW.tzinfo))
        monkeypatch.setattr(init_phase, "LIMIT", timedelta(milliseconds=50))
        with held_back(emulator.endpoint) as ssm:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", ssm.url)
            download_function.prepare()
            assert ssm.waits()
            ssm.release()
            assert 200 == self.handle(event("GET", message.path())).status


def test_importing_the_function_needs_no_environment() -> None:
    subprocess.run(
        [sys.executable, "-W", "error", "-c", "import adapters.download_function"],
        env={"PATH": os.environ["PATH"]},
        check=True,
        timeout=60,
    )
