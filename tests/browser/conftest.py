"""Debian's Chromium, an emulator, and the download page with its own URL.

Playwright uses the installed browser. Its loop stays in the thread while it runs, so it runs for
one module at a time.
"""

from __future__ import annotations

import io
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from adapters.download.answering import DownloadFunction
from adapters.download_function import compose
from adapters.telemetry.download import PageTelemetry
from relay_core.resources import PageResources
from sandbox.emulator.running import Emulator
from tests.adapters.stored_message import NOW, File, StoredMessage, store_keys, store_message
from tests.browser.function_url import Function, function_url
from tests.browser.visits import DESKTOP, Open, Scheme, Visit

REGION = "eu-central-1"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Root cannot use Chromium's sandbox; the other flags stop its own requests to the network.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as started:
        yield started


@dataclass
class Site:
    """A stack's download page and its store. `serve` gives any function a URL until the end."""

    emulator: Emulator
    bucket: str
    function: DownloadFunction
    scanning: DownloadFunction
    serve: Callable[[Function], str]

    def store(self, *files: File, **message: Any) -> StoredMessage:
        return store_message(self.emulator, self.bucket, files, **message)


@pytest.fixture(scope="module")
def site(emulator: Emulator) -> Iterator[Site]:
    bucket = f"bucket-{uuid.uuid4()}"
    emulator.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    parameter = store_keys(emulator)
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
        session = boto3.Session(
            aws_access_key_id=emulator.access_key_id,
            aws_secret_access_key=emulator.secret_access_key,
            region_name=REGION,
        )
        functions = [
            compose(
                resources=PageResources(
                    attachments_bucket=bucket,
                    link_keys_parameter=parameter,
                    malware_protection=is_scanned,
                ),
                session=session,
                clock=lambda: NOW + timedelta(hours=1),
                telemetry=PageTelemetry({"POWERTOOLS_SERVICE_NAME": bucket}, stream=io.StringIO()),
            )
            for is_scanned in (False, True)
        ]
        yield Site(
            emulator=emulator,
            bucket=bucket,
            function=functions[0],
            scanning=functions[1],
            serve=lambda function: stack.enter_context(function_url(function)),
        )


Window = Callable[..., Page]


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Window]:
    """A page by its width, its height and whether scripts run.

    A new one costs as much processor time as loading it four times, so tests share it.
    """

    @cache
    def opened(*, width: int, height: int, script: bool) -> Page:
        is_mobile = width < 500
        context = browser.new_context(
            viewport=ViewportSize(width=width, height=height),
            java_script_enabled=script,
            is_mobile=is_mobile,
            has_touch=is_mobile,
        )
        return context.new_page()

    yield opened
    for context in browser.contexts:
        context.close()


@pytest.fixture
def visit(window: Window) -> Iterator[Open]:
    """Opens a URL, without scripts by default; in place of the last one on the same screen."""
    visits = []

    def opened(
        url: str,
        *,
        screen: ViewportSize = DESKTOP,
        scheme: Scheme = "light",
        script: bool = False,
    ) -> Visit:
        page = window(**screen, script=script)
        page.emulate_media(color_scheme=scheme)
        visits.append(Visit(page))
        page.goto(url)
        return visits[-1]

    yield opened
    for one in visits:
        one.close()
