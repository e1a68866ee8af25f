"""`pulumi up` on a running stack: mails that arrive meanwhile are delivered, each once."""

from __future__ import annotations

import json
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Self

import pytest

from sandbox.app import running
from sandbox.interface import Options, Sandbox
from tests.sandbox.deploying import needs_engine
from tests.sandbox.running import RunningSandbox, recipient_code, unique_address
from tests.waiting import eventually

pytestmark = needs_engine

CHANGES: tuple[dict[str, object], ...] = (
    {"linkExpiryHours": 24},
    {"functionMemory": 768, "maxConcurrency": 5},
    {"smtpCredentialsVersion": 2},
    {"dlqMaxReceiveCount": 7, "logRetentionDays": 60},
    {"spamAction": "mark", "attachmentRetentionDays": 30},
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    data = tmp_path_factory.mktemp("data")
    with running(Options(data=data, deployer="engine"), listener=lambda _event: None) as it:
        yield it


@pytest.fixture(scope="module")
def relay(sandbox: Sandbox) -> RunningSandbox:
    return RunningSandbox(sandbox.describe())


def make_mail(relay: RunningSandbox, recipient: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = relay.device, relay.smtp["rcpt_to"]
    mail["Subject"] = f"for {recipient}"
    mail.set_content(f"Too high.\n{recipient_code(recipient)}\n")
    mail.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="a.bin")
    return mail.as_bytes()


@dataclass
class Device:
    """Sends a mail every second, each to another address, until it is stopped."""

    relay: RunningSandbox
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="device")
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            recipient = unique_address()
            try:
                self.relay.send(make_mail(self.relay, recipient))
            except smtplib.SMTPException as error:
                self.refused.append(f"{recipient}: {error}")
            else:
                self.accepted.append(recipient)
            self._stop.wait(1.0)


def test_mails_that_come_in_while_a_stack_changes_arrive_each_once(
    sandbox: Sandbox, relay: RunningSandbox
) -> None:
    stack, config = sandbox.deployed, dict(sandbox.config)
    assert stack is not None
    with Device(relay) as device:
        for change in CHANGES:
            config |= {f"mail-relay:{key}": value for key, value in change.items()}
            stack.configure(config)
            sent, outcome = len(device.accepted), stack.up()
            assert outcome.changes
            eventually(lambda: len(device.accepted) > sent, within=60)  # noqa: B023 (used at once)
    assert device.refused == []
    for recipient in device.accepted:
        eventually(lambda: relay.mails(recipient), within=180)  # noqa: B023 (used at once)
    queue = relay.client("sqs").get_queue_attributes(
        QueueUrl=relay.ready["stack"]["queueUrl"], AttributeNames=["All"]
    )["Attributes"]
    assert queue["ApproximateNumberOfMessages"] == "0"
    assert dict.fromkeys(device.accepted, 1) == {
        recipient: len(relay.mails(recipient)) for recipient in device.accepted
    }


def log_in(relay: RunningSandbox, username: str, password: str) -> bool:
    with smtplib.SMTP(relay.smtp["host"], relay.smtp["port"], timeout=60) as client:
        client.starttls(context=relay.tls_context())
        try:
            client.login(username, password)
        except smtplib.SMTPAuthenticationError:
            return False
        return True


def credentials(relay: RunningSandbox, user: str | None = None) -> tuple[str, str]:
    """The credentials for devices: the content of the parameter."""
    shared = relay.ready["stack"]["smtpCredentialsParameter"]
    name = f"{shared}/{user}" if user else shared
    found = relay.client("ssm").get_parameter(Name=name, WithDecryption=True)
    document = json.loads(found["Parameter"]["Value"])
    return document["username"], document["password"]


def test_credentials_rotate_and_a_user_that_is_removed_can_log_in_no_more_and_all_others_can(
    sandbox: Sandbox, relay: RunningSandbox
) -> None:
    stack = sandbox.deployed
    assert stack is not None
    of_all_devices: dict[int, tuple[str, str]] = {}

    def deploy(version: int, *users: str) -> None:
        stack.configure(
            {
                **sandbox.config,
                "mail-relay:smtpCredentialsVersion": version,
                "mail-relay:smtpUsers": list(users),
            }
        )
        stack.up()
        of_all_devices[version] = credentials(relay)
        good = {number for number, login in of_all_devices.items() if log_in(relay, *login)}
        assert good == {version, version - 1} - {0}

    deploy(1, "hall", "gate")
    hall, gate = (credentials(relay, user) for user in ("hall", "gate"))
    assert all(log_in(relay, *login) for login in (hall, gate))
    deploy(2, "hall:2", "gate")
    assert log_in(relay, *hall)
    assert log_in(relay, *credentials(relay, "hall"))
    deploy(3, "hall:2")
    assert not log_in(relay, *gate)
    assert all(log_in(relay, *login) for login in (hall, credentials(relay, "hall")))
