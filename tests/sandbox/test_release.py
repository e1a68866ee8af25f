"""From one release to the next: `pulumi up` of this program over a stack of an earlier one.

The earlier program is laid out from the repository's history. With each version in the CHANGELOG,
`RELEASE` moves to the commit of the version before.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from infra.configuration.stack_config import load_config
from sandbox.app import running
from sandbox.interface import PROJECT_FOLDER, Options, Sandbox
from tests.sandbox.deploying import needs_engine
from tests.sandbox.running import RunningSandbox, files_behind, recipient_code, unique_address
from tests.sandbox.stack_lifecycle import taken_away
from tests.waiting import eventually

RELEASE = "4575e21"
"""The commit of the earlier program."""

CONFIG = {"dlqMaxReceiveCount": "3", "retryDelaySeconds": "1", "parkingDelaySeconds": "3"}
FILE = b"a file of a release before"

pytestmark = needs_engine


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The earlier release, with the wheel for Lambda that this one has fetched."""
    archived = subprocess.run(
        ["git", "archive", "--format=tar", RELEASE],
        cwd=PROJECT_FOLDER,
        capture_output=True,
        check=False,
    )
    if archived.returncode != 0:
        pytest.skip(f"the history has no commit {RELEASE}: {archived.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(archived.stdout)) as files:
        files.extractall(folder, filter="data")
    shutil.copytree(PROJECT_FOLDER / "build" / "wheels", folder / "build" / "wheels")
    return folder


@pytest.fixture(scope="module")
def sandbox(earlier: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    options = Options(
        data=tmp_path_factory.mktemp("data"), deployer="engine", project=earlier, config=CONFIG
    )
    with running(options, listener=lambda _event: None) as it:
        yield it


def send(relay: RunningSandbox, recipient: str) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = relay.device, relay.smtp["rcpt_to"]
    mail.set_content(f"Too high.\n{recipient_code(recipient)}\n")
    mail.add_attachment(FILE, maintype="application", subtype="octet-stream", filename="a.bin")
    relay.send(mail.as_bytes())


def depth(relay: RunningSandbox, queue: str, *kinds: str) -> int:
    found = relay.client("sqs").get_queue_attributes(
        QueueUrl=relay.ready["stack"][queue], AttributeNames=["All"]
    )["Attributes"]
    counted = kinds or ("", "NotVisible", "Delayed")
    return sum(int(found[f"ApproximateNumberOfMessages{kind}"]) for kind in counted)


def set_mapping(relay: RunningSandbox, *, enabled: bool) -> None:
    """Enable or disable the function's event source."""
    client, name = relay.client("lambda"), relay.ready["stack"]["functionName"]
    (mapping,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


def redrive(relay: RunningSandbox) -> None:
    """Return the dead letters to the queue, as `relayctl dlq redrive` does."""
    sqs, stack = relay.client("sqs"), relay.ready["stack"]
    found = sqs.receive_message(QueueUrl=stack["deadLetterQueueUrl"], MaxNumberOfMessages=10)
    for message in found["Messages"]:
        sqs.send_message(QueueUrl=stack["queueUrl"], MessageBody=message["Body"])
        sqs.delete_message(
            QueueUrl=stack["deadLetterQueueUrl"], ReceiptHandle=message["ReceiptHandle"]
        )


def test_mails_and_links_of_the_release_before_live_on(sandbox: Sandbox) -> None:
    relay, stack = RunningSandbox(sandbox.describe()), sandbox.deployed
    assert stack is not None
    linked, dead, parked, queued = (unique_address() for _ in range(4))
    send(relay, linked)
    before = relay.await_mail(linked).decode()
    relay.set_faults({"error": "InternalServiceErrorException", "times": 1000, "recipient": dead})
    send(relay, dead)
    eventually(lambda: depth(relay, "deadLetterQueueUrl") == 1, within=120)
    relay.set_faults({"error": "SendingPausedException", "times": 1000, "recipient": parked})
    send(relay, parked)
    # A parked mail waits as a new message with a delay.
    eventually(lambda: depth(relay, "queueUrl", "Delayed") == 1, within=60)
    set_mapping(relay, enabled=False)
    send(relay, queued)
    eventually(lambda: depth(relay, "queueUrl") == 2, within=60)
    name = relay.ready["stack"]["directoryParameter"]
    edited = json.dumps({"groups": {"ops": [queued]}, "defaults": {}})
    relay.client("ssm").put_parameter(Name=name, Value=edited, Overwrite=True)

    config = load_config(PROJECT_FOLDER, CONFIG)
    stack.become(PROJECT_FOLDER / "__main__.py", config)
    assert taken_away(stack.up()) == ()
    relay.set_faults()
    redrive(relay)
    set_mapping(relay, enabled=True)

    for recipient in (queued, parked, dead):
        eventually(lambda: relay.mails(recipient), within=180)  # noqa: B023 (used at once)
    eventually(lambda: depth(relay, "queueUrl") == 0, within=180)
    for recipient in (linked, queued, parked, dead):
        assert len(relay.mails(recipient)) == 1, recipient
        assert files_behind(relay.mails(recipient)[0].decode()) == [FILE]
    assert relay.mails(linked)[0].decode() == before
    found = relay.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    assert found == edited
    assert stack.up().changes == {}
