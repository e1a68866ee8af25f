"""Both kinds of links, and the two checks that keep back a file that is not scanned as clean."""

from __future__ import annotations

import binascii
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from operate.cli import app
from sandbox.ses_verdicts import EICAR
from tests.sandbox.one_file import CONTENT, deliver_one_file
from tests.sandbox.running import (
    LINK,
    TO_PAGE,
    RunningSandbox,
    files_behind,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.waiting import eventually

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


def test_malware_that_the_scan_finds_after_delivery_is_reported_to_the_operator(
    scanning: RunningSandbox, tmp_path: Path
) -> None:
    recipient = unique_address()
    # A file inside a text, which SES's scan does not detect in the sandbox.
    [line] = [binascii.b2a_uu(chunk).decode() for chunk in (EICAR[:45],)]
    rest = binascii.b2a_uu(EICAR[45:]).decode()
    text = f"begin 644 bad.bin\n{line}{rest}`\nend\n".replace("\n", "\r\n")
    scanning.send(
        f"From: {scanning.device}\r\nSubject: Bad\r\n\r\n"
        f"{recipient_code(recipient)}\r\n{text}".encode()
    )
    scanning.await_mail(recipient)
    notice = scanning.await_notice("the scan found malware in it")
    assert ("fallback", "virus") == (notice["topic"], notice["attributes"]["reason"])
    message_id = notice["document"]["message_id"]
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps(scanning.ready))

    def shown() -> bool:
        result = CliRunner().invoke(app, ["show", message_id, "--ready-file", str(ready)])
        return "malware found" in " ".join(result.stdout.split())

    assert eventually(shown, within=60)
    assert eventually(
        lambda: any(
            one["topic"] == "alarms" and "malware scan found" in one["message"]
            for one in scanning.notices()
        ),
        within=90,
    )


def test_presigned_links_lead_to_the_files(presigning: RunningSandbox) -> None:
    text = deliver_one_file(presigning)
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
    text = deliver_one_file(scanning)
    (page,) = (link for link in LINK.findall(text) if TO_PAGE.match(link))
    # The page's check: it waits for the scan.
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
    # S3's check by the bucket policy: a URL that was signed before is refused too.
    assert asked(signed)[0] == 403
    assert asked(page, b"file=1")[0] == 403
