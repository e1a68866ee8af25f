"""`pulumi up` on a running stack: mails that arrive meanwhile are delivered, each once.

The tests are the life of one stack. First the address that devices send to is changed while they
send, by the steps of docs/operating.md: the new address is added beside the previous one, the
devices are changed one by one, then the previous one is removed.
"""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operate.cli import app
from sandbox.app import running
from sandbox.interface import Options, Sandbox
from tests.sandbox.deploying import needs_engine
from tests.sandbox.running import RunningSandbox, recipient_code, unique_address
from tests.sandbox.steady_device import SteadyDevice, make_mail
from tests.waiting import eventually

pytestmark = needs_engine

OLD, NEW = "devices-7f3k9@in.example.com", "devices-2b8wq@in.example.com"

CHANGES: tuple[dict[str, object], ...] = (
    {"linkExpiryHours": 24},
    {"functionMemory": 768, "maxConcurrency": 5},
    {"smtpCredentialsVersion": 2},
    {"dlqMaxReceiveCount": 7, "logRetentionDays": 60},
    {"spamAction": "mark", "attachmentRetentionDays": 30},
)


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
    with SteadyDevice(relay, OLD) as old:
        old.await_more()
        stack.configure(both)
        assert stack.up().changes
        with SteadyDevice(relay, NEW) as new:
            new.await_more()
            old.await_more()
    with SteadyDevice(relay, f"{NEW.replace('@', '+Boiler7@')}") as moved:
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
    mail = make_mail(relay, f"{OLD}, {NEW}", "two", recipient_code(recipient)).as_bytes()
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
        relay.send(make_mail(relay, to, f"by {label}", "Too hot.").as_bytes(), to=to)

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


def test_mails_that_come_in_while_a_stack_changes_arrive_each_once(
    sandbox: Sandbox, relay: RunningSandbox
) -> None:
    stack = sandbox.deployed
    assert stack is not None
    (address,) = {one for one in (OLD, NEW) if rcpt(relay, one) == 250}
    config = {**sandbox.config, "mail-relay:recipientEmail": address}
    with SteadyDevice(relay, address) as device:
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
