"""A visitor of the download page: requests, answers, and what was recorded."""

from __future__ import annotations

import base64
import io
import json
import re
import urllib.request
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import Message
from typing import Any
from urllib.parse import urlencode

import boto3

from adapters.aws.downloads import Download, parse_download
from adapters.download.answering import DownloadFunction
from adapters.download_function import compose
from adapters.telemetry.download import PageTelemetry
from relay_core.resources import PageResources
from tests.adapters.stored_message import NOW, Calls, File, StoredMessage, png

FORM = "application/x-www-form-urlencoded"
FILES = (
    File(name="pressure.csv", content=b"7.4;bar\n" * 1000, type="text/csv"),
    File(name="Tür 3.png", content=png(), type="image/png"),
    File(name="dump.bin", content=bytes(range(256)) * 20),
)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answered:
    """An answer of the function as an HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def nameless(self) -> Answered:
        """The answer without the reference number, which the request's path determines."""
        return replace(self, body=without_reference(self.text).encode())

    @property
    def title(self) -> str:
        found = re.search("<h1>(.*?)</h1>", self.text)
        return found.group(1) if found else ""


def without_reference(page: str) -> str:
    """A page without its footer, which has the reference number."""
    return re.sub(r"<footer>.*?</footer>\n", "", page, flags=re.DOTALL)


def event(
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    host: str | None = None,
) -> dict[str, Any]:
    """A request in the form of a function URL."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {
            "http": {"method": method, "path": path},
            **({"domainName": host} if host else {}),
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def answered(answer: dict[str, Any]) -> Answered:
    json.dumps(answer)
    body = answer["body"].encode()
    return Answered(
        status=answer["statusCode"],
        headers=answer["headers"],
        body=base64.b64decode(body) if answer["isBase64Encoded"] else body,
    )


@dataclass
class Visitor:
    """Sends requests to the function, at a time that the test chooses."""

    session: boto3.Session
    resources: PageResources
    now: datetime = NOW
    host: str | None = None
    calls: Calls = field(default_factory=Calls)
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.calls.watch(self.session)
        self.function = self.compose(self.resources)

    def compose(self, resources: PageResources) -> DownloadFunction:
        return compose(
            resources=resources,
            session=self.session,
            clock=lambda: self.now,
            telemetry=PageTelemetry(
                {"POWERTOOLS_SERVICE_NAME": f"page-{id(self)}", "LOG_LEVEL": "DEBUG"},
                stream=self.log,
            ),
        )

    def ask(self, method: str, path: str, **request: Any) -> Answered:
        return answered(self.function(event(method, path, host=self.host, **request)))

    def get(self, path: str, query: str = "") -> Answered:
        return self.ask("GET", path, query=query)

    def post(self, path: str, file: object = None, **fields: str) -> Answered:
        form = fields if file is None else {"file": str(file), **fields}
        return self.ask(
            "POST",
            path,
            body=urlencode(form).encode(),
            headers={"content-type": FORM, "user-agent": "Mozilla/5.0 (test)"},
        )

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def follow(answer: Answered) -> tuple[bytes, Message]:
    """The target of the redirect, and the header of the answer."""
    assert 303 == answer.status
    assert b"" == answer.body
    with urllib.request.urlopen(answer.headers["Location"], timeout=10) as reply:  # noqa: S310 - a loopback URL
        return reply.read(), reply.headers


def records(message: StoredMessage) -> list[Download]:
    prefix = f"downloads/{message.manifest.message_id}/"
    listed = message.s3.list_objects_v2(Bucket=message.bucket, Prefix=prefix)
    return [
        parse_download(message.s3.get_object(Bucket=message.bucket, Key=one["Key"])["Body"].read())
        for one in listed.get("Contents", ())
    ]
