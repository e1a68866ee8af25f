"""The address that devices send to is changed while they send, and no mail is lost.

By the steps of docs/operating.md: the new address is added beside the previous one, the devices
are changed one by one, then the previous one is removed.
"""

from __future__ import annotations

import json
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner

from operate.cli import app
from sandbox.app import running
from sandbox.interface import Options, Sandbox
from tests.sandbox.deploying import needs_engine
from tests.sandbox.running import RunningSandbox, recipient_code, unique_address
from tests.waiting import eventually

pytestmark = needs_engine

OLD, NEW = "devices-7f3k9@in.example.com", "devices-2b8wq@in.example.com"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    options = Options(
        data=tmp_path_factory.mktemp("data"),
        deployer="engine",
        config={
            "recipientGroups": json.dumps({"oncall": ["oncall@example.com"]}),
            "defaultRecipients": json.dumps({"mail.example.com": ["default@example.com"]}),
            "closedLabels": "boiler9",
        },
    )
    with running(options, listener=lambda _event: None) as it:
        yield it


@pytest.fixture(scope="module")
def relay(sandbox: Sandbox) -> RunningSandbox:
    return RunningSandbox(sandbox.describe())


def make_mail(relay: RunningSandbox, to: str, subject: str, body: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = relay.device, to, subject
    mail.set_content(body)
    return mail.as_bytes()


@dataclass
class Device:
    """Sends a mail a second to its address, each for another recipient, until it is stopped."""

    relay: RunningSandbox
    address: str
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name=self.address)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            recipient = unique_address()
            body = f"Too high.\n{recipient_code(recipient)}\n"
            mail = make_mail(self.relay, self.address, f"for {recipient}", body)
            try:
                self.relay.send(mail, to=self.address)
            except smtplib.SMTPException as error:
                self.refused.append(f"{recipient}: {error}")
            else:
                self.accepted.append(recipient)
            self._stop.wait(1.0)

    def await_more(self) -> None:
        """Wait until it has sent another mail."""
        sent = len(self.accepted)
        eventually(lambda: len(self.accepted) > sent, within=60)


def rcpt(relay: RunningSandbox, address: str) -> int:
    """The answer to RCPT for this address."""
    with relay.logged_in() as client:
        client.mail(relay.device)
        return client.rcpt(address)[0]


def listed(relay: RunningSandbox, folder: Path, *options: str) -> list[dict[str, Any]]:
    ready_file = folder / "ready.json"
    ready_file.write_text(json.dumps(relay.ready))
    command = ["list", "--json", "--limit", "0", "--ready-file", str(ready_file), *options]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def by_previous_address(relay: RunningSandbox) -> list[dict[str, Any]]:
    """The log lines of mail to a previous address."""
    events = relay.client("logs").filter_log_events(
        logGroupName=relay.ready["stack"]["logGroup"], filterPattern='"by_previous_address"'
    )["events"]
    return [json.loads(event["message"]) for event in events]


@pytest.mark.timeout(600)
def test_no_mail_is_lost_while_devices_change_and_then_the_old_address_is_refused(
    sandbox: Sandbox, relay: RunningSandbox, tmp_path: Path
) -> None:
    stack, config = sandbox.deployed, dict(sandbox.config)
    assert stack is not None
    assert rcpt(relay, NEW) == 550
    both = {
        **config,
        "mail-relay:recipientEmail": NEW,
        "mail-relay:previousRecipientEmails": [OLD],
    }
    retired = {**both, "mail-relay:previousRecipientEmails": []}
    with Device(relay, OLD) as old:
        old.await_more()
        stack.configure(both)
        assert stack.up().changes
        with Device(relay, NEW) as new:
            new.await_more()
            old.await_more()
    with Device(relay, f"{NEW.replace('@', '+Boiler7@')}") as moved:
        moved.await_more()
        # The senders that still use the old address are listed before it is removed.
        accepted = {f"for {one}" for one in old.accepted}
        eventually(
            lambda: accepted == {one["subject"] for one in listed(relay, tmp_path, "--via", OLD)},
            within=180,
        )
        assert {relay.device} == {one["sender"] for one in listed(relay, tmp_path, "--via", OLD)}
        stack.configure(retired)
        assert stack.up().changes
        moved.await_more()
    assert [] == old.refused + new.refused + moved.refused
    sent = old.accepted + new.accepted + moved.accepted
    for recipient in sent:
        eventually(lambda: relay.mails(recipient), within=180)  # noqa: B023 (used at once)
    assert dict.fromkeys(sent, 1) == {one: len(relay.mails(one)) for one in sent}
    assert [rcpt(relay, OLD), rcpt(relay, OLD.replace("@", "+x@")), rcpt(relay, NEW)] == [
        *(550, 550, 250)
    ]
    via = {one["via"] for one in listed(relay, tmp_path, "--via", "+boiler7")}
    assert {NEW.replace("@", "+boiler7@")} == via
    assert by_previous_address(relay)


def test_a_mail_of_two_recipients_of_which_one_is_retired_goes_to_the_other(
    relay: RunningSandbox,
) -> None:
    recipient = unique_address()
    mail = make_mail(relay, f"{OLD}, {NEW}", "two", recipient_code(recipient))
    with relay.logged_in() as client:
        refused = client.sendmail(relay.device, [OLD, NEW], mail)
    assert [550] == [code for code, _ in refused.values()]
    assert b"Subject: two" in relay.await_mail(recipient)
    assert 1 == len(relay.mails(recipient))


def test_labels_name_a_group_or_a_device_or_are_closed(
    relay: RunningSandbox, tmp_path: Path
) -> None:
    def send(label: str) -> None:
        to = NEW.upper().replace("@", f"+{label}@")
        relay.send(make_mail(relay, to, f"by {label}", "Too hot."), to=to)

    for label in ("boiler9", "OnCall", "boiler7", "o'odd{}|~!#$%&*/=?^_`.x"):
        send(label)
    assert b"Subject: by OnCall" in relay.await_mail("oncall@example.com")
    eventually(lambda: len(relay.mails("default@example.com")) == 2, within=60)
    found = b"".join(relay.mails("default@example.com"))
    assert b"Subject: by boiler7" in found
    assert b"by o'odd" in found
    (closed,) = eventually(lambda: listed(relay, tmp_path, "--state", "ignored"), within=60)
    assert ("closed-label", "by boiler9") == (closed["reason"], closed["subject"])
    assert 1 == len(relay.mails("oncall@example.com"))
