"""The function of the download page, as `adapters.download_function.compose` makes it.

It uses the same stand-in as the relay's function, and the links of its mails.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3

from adapters.download.answering import DownloadFunction
from adapters.download_function import compose
from adapters.telemetry.download import PageTelemetry
from benchmarks.aws_stub import LINK_KEYS
from benchmarks.devices import Arrived
from benchmarks.function import RESOURCES, BenchmarkError, environment_of_one
from relay_core.keys import message_id_of
from relay_core.links.tokens import issue_token, parse_link_keys
from relay_core.resources import PageResources

PAGE_RESOURCES = PageResources(
    attachments_bucket=RESOURCES.attachments_bucket,
    link_keys_parameter=RESOURCES.link_keys_parameter,
)


class MeasuredPage:
    """One container's page. `session` must come from `loopback_session`."""

    def __init__(self, session: boto3.Session) -> None:
        self._output = io.StringIO()
        self._function: DownloadFunction = compose(
            resources=PAGE_RESOURCES,
            session=session,
            clock=lambda: datetime.now(UTC),
            telemetry=PageTelemetry(environment_of_one(), stream=self._output),
        )

    def look(self, mail: Arrived, recipient: str) -> str:
        """Open the link of a recipient of a relayed mail; return the function's output.

        Raises:
            BenchmarkError: if the files are not shown.
        """
        return self._ask(mail, recipient, "GET", "", expected=200)

    def fetch(self, mail: Arrived, recipient: str) -> str:
        """Press the button of the first file; return the function's output."""
        return self._ask(mail, recipient, "POST", "file=1", expected=303)

    def _ask(self, mail: Arrived, recipient: str, method: str, body: str, *, expected: int) -> str:
        with redirect_stdout(self._output):
            answer = self._function(event_of(path_of(mail, recipient), method, body))
        written = self._output.getvalue()
        self._output.seek(0)
        self._output.truncate()
        if answer["statusCode"] != expected:
            raise BenchmarkError(f"the page answered {answer['statusCode']}: {written}")
        return written


def path_of(mail: Arrived, recipient: str) -> str:
    """The path of the download page of a recipient of a relayed mail."""
    keys = parse_link_keys(LINK_KEYS)
    return f"/{issue_token(message_id_of(mail.raw_key), recipient, keys)}"


def event_of(path: str, method: str, body: str) -> dict[str, Any]:
    """A request of a function URL (AWS Lambda guide, "Request payload format", 2.0)."""
    host = urlsplit(RESOURCES.download_url).netloc
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "host": host,
            "x-forwarded-proto": "https",
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": "Mozilla/5.0",
        },
        "requestContext": {"domainName": host, "http": {"method": method, "path": path}},
        "body": body,
        "isBase64Encoded": False,
    }
