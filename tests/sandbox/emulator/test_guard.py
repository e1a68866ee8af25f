"""Web pages open on this machine cannot call the emulator; the sandbox can."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import pytest

from sandbox.emulator.guard import KEY_HEADER, may_pass
from sandbox.emulator.running import Emulator

SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=x"}
OURS = {"host": "127.0.0.1:4566"}


@pytest.mark.parametrize(
    ("method", "path", "query", "headers"),
    [
        ("POST", "/_ministack/reset", "", OURS),
        ("POST", "/_ministack/reset", "", {**OURS, **SIGNED}),
        ("GET", "/_ministack/sqs/messages", "X-Amz-Signature=x", OURS),
        ("POST", "/_ministack/config", "", {**OURS, KEY_HEADER.lower(): "guess"}),
        ("GET", "/", "", OURS),
        ("POST", "/", "", {**OURS, "origin": "https://evil.example"}),
        ("OPTIONS", "/bucket/key", "", {**OURS, **SIGNED}),
        ("GET", "/bucket/key", "X-Amz-Signature=x", {"host": "evil.example:4566"}),
        ("GET", "/", "", {"host": "x.lambda-url.eu-central-1.on.aws.evil.example"}),
        ("POST", "/_ministack/reset", "", {"host": "abc.lambda-url.eu-central-1.on.aws"}),
        ("GET", "/", "", {**SIGNED, "host": "["}),
        ("GET", "/", "", SIGNED),
    ],
)
def test_who_is_kept_out(method: str, path: str, query: str, headers: Mapping[str, str]) -> None:
    assert not may_pass(method, path, query, headers, key="key")


@pytest.mark.parametrize(
    ("method", "path", "query", "headers"),
    [
        ("POST", "/", "", {**OURS, **SIGNED}),
        ("GET", "/bucket/key", "X-Amz-Signature=x", {"host": "localhost:4566"}),
        ("POST", "/_aws/lambda-url/abc/x", "", OURS),
        ("GET", "/x", "", {"host": "abc.lambda-url.eu-central-1.on.aws"}),
        ("GET", "/_ministack/health", "", {**OURS, KEY_HEADER.lower(): "key"}),
    ],
)
def test_who_gets_in(method: str, path: str, query: str, headers: Mapping[str, str]) -> None:
    assert may_pass(method, path, query, headers, key="key")


@pytest.mark.parametrize(
    ("path", "host", "passes"),
    [
        ("/token", "files.example.com", True),
        ("/token", "files.example.com:4566", True),
        ("/_oken", "files.example.com", True),
        ("/_ministack/reset", "files.example.com", False),
        ("/_aws/lambda-url/abc/x", "files.example.com", False),
        ("/token", "evil.example", False),
        ("/_ministack/reset", "127.0.0.1", False),
    ],
)
def test_a_domain_is_open_to_all_and_nothing_else_is(
    path: str, host: str, *, passes: bool
) -> None:
    domains = {"files.example.com", "127.0.0.1"}
    found = may_pass("POST", path, "", {"host": host}, key="key", is_domain=domains.__contains__)
    assert found is passes


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("guarded")
    with Emulator.start(data, worker_environment={}, region="eu-central-1") as started:
        yield started


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/_ministack/reset", {"Origin": "https://evil.example"}),
        ("POST", "/_ministack/reset", {"Host": "evil.example"}),
        ("POST", "//_ministack/reset", {}),
        ("POST", "/%5Fministack/reset", {}),
        ("POST", "/x/../_ministack/reset", {}),
        ("GET", "/_localstack/health", {}),
        ("GET", "/bucket", {"Host": "evil.example"}),
    ],
)
def test_a_page_can_neither_empty_the_account_nor_read_it(
    emulator: Emulator, method: str, path: str, headers: dict[str, str]
) -> None:
    s3, sqs = emulator.client("s3"), emulator.client("sqs")
    s3.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    queue = sqs.create_queue(QueueName="queue")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    address = urlsplit(emulator.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request(method, path, headers=headers)
    assert 403 == connection.getresponse().status
    connection.close()
    assert ["bucket"] == [one["Name"] for one in s3.list_buckets()["Buckets"]]
    assert ["x"] == [one["Body"] for one in emulator.messages(queue)]
    s3.delete_bucket(Bucket="bucket")
    sqs.delete_queue(QueueUrl=queue)
