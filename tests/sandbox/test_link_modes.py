"""Both kinds of links, and the two gates before a file that was not found clean."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.sandbox.running import (
    LINK,
    TO_PAGE,
    RunningSandbox,
    files_behind,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.sandbox.waiting import eventually

CONTENT = b"12.7;10.0\r\n"
TAG = "GuardDutyMalwareScanStatus"


@pytest.fixture(scope="module")
def presigning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    config = ("linkMode=presigned",)
    with running_sandbox(tmp_path_factory.mktemp("presigning"), config) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def scanning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    config = ("linkMode=page", "malwareProtection=true")
    with running_sandbox(tmp_path_factory.mktemp("scanning"), config) as sandbox:
        yield sandbox


def delivered(relay: RunningSandbox) -> str:
    """A mail with one file, as its recipient gets it."""
    recipient = unique_address()
    relay.send(
        b"\r\n".join(
            [
                f"From: {relay.device}".encode(),
                b'Content-Type: multipart/mixed; boundary="b"',
                b"",
                b"--b",
                b"Content-Type: text/plain",
                b"",
                recipient_code(recipient).encode(),
                b"--b",
                b'Content-Disposition: attachment; filename="values.csv"',
                b"",
                CONTENT,
                b"--b--",
                b"",
            ]
        )
    )
    return relay.await_mail(recipient).decode()


def asked(url: str, form: bytes | None = None) -> tuple[int, str]:
    """Status and Location of one request, not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request("POST" if form else "GET", path, form, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("Location", "")
    finally:
        connection.close()


def test_presigned_links_lead_to_the_files(presigning: RunningSandbox) -> None:
    text = delivered(presigning)
    assert not [link for link in LINK.findall(text) if TO_PAGE.match(link)]
    assert files_behind(text) == [CONTENT]


def test_a_stack_with_presigned_links_has_no_page(presigning: RunningSandbox) -> None:
    assert presigning.ready["stack"]["downloadUrl"] == ""
    functions = presigning.client("lambda").list_functions()["Functions"]
    assert [one["Handler"] for one in functions] == ["adapters.relay_function.handler"]
    keys = presigning.client("ssm").describe_parameters()["Parameters"]
    assert not [one for one in keys if "link-keys" in one["Name"]]


def test_a_file_is_handed_out_only_while_it_is_known_to_be_clean(
    scanning: RunningSandbox,
) -> None:
    text = delivered(scanning)
    (page,) = (link for link in LINK.findall(text) if TO_PAGE.match(link))
    # The page's own gate: it waits for the scan.
    eventually(lambda: asked(page, b"file=1")[0] == 303)
    assert files_behind(text) == [CONTENT]
    _, signed = asked(page, b"file=1")
    assert asked(signed)[0] == 200

    bucket = scanning.ready["stack"]["attachmentsBucket"]
    (key,) = (key for key in scanning.stored_attachments() if key.endswith("values.csv"))
    scanning.client("s3").put_object_tagging(
        Bucket=bucket,
        Key=key,
        Tagging={"TagSet": [{"Key": TAG, "Value": "THREATS_FOUND"}]},
    )
    # S3's gate: what was signed before is good for nothing any more.
    assert asked(signed)[0] == 403
    assert asked(page, b"file=1")[0] == 403
