"""Limits of notices, the protection of the account's reputation, and links of delayed mails.

One sandbox, with small limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.aws.s3 import S3Manifests
from operate.cli import app
from relay_core.errors import Conflict
from relay_core.keys import MessageId
from relay_core.ports import StoredManifest
from relay_core.record.manifest import DeliveryState, Manifest
from tests.sandbox.running import (
    RunningSandbox,
    files_behind,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.sandbox.test_ends import body_of, mail_from
from tests.waiting import eventually

BUDGET = 50
MANY = 20


class Relay:
    """The sandbox with an operator's commands."""

    def __init__(self, sandbox: RunningSandbox, ready_file: Path) -> None:
        self.sandbox = sandbox
        self.ready_file = ready_file
        self.manifests = S3Manifests(
            client=sandbox.client("s3"), bucket=sandbox.ready["stack"]["attachmentsBucket"]
        )

    def relayctl(self, *arguments: str) -> str:
        command = [*arguments, "--ready-file", str(self.ready_file)]
        result = CliRunner().invoke(app, command)
        assert 0 == result.exit_code, result.output
        return result.stdout

    def send(self, subject: str, *recipients: str, file: bytes | None = None) -> None:
        mail = mail_from(self.sandbox, subject)
        mail.set_content(f"Too high.\n{recipient_code(*recipients)}\n")
        if file is not None:
            mail.add_attachment(file, maintype="text", subtype="csv", filename="a.csv")
        self.sandbox.send(mail.as_bytes())

    def listed(self, *options: str) -> list[dict[str, Any]]:
        answer = self.relayctl("list", "--json", "--limit", "0", *options)
        return [json.loads(line) for line in answer.splitlines()]

    def find(self, subject: str, state: str) -> dict[str, Any]:
        """Wait until the message of that subject is in that state; return it."""

        def found() -> dict[str, Any] | None:
            listed = self.listed("--state", state)
            return next((one for one in listed if one["subject"] == subject), None)

        message = eventually(found, within=60)
        assert message is not None
        return message

    def stored(self, message_id: str) -> StoredManifest:
        found = self.manifests.load(MessageId(message_id))
        assert found is not None
        return found


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    folder = tmp_path_factory.mktemp("account")
    config = [
        f"recipientBudgetPerHour={BUDGET}",
        "noticeLimit=2",
        "noticeWindowSeconds=10",
        "directoryRefreshSeconds=0",
        "allowedRecipients=example.com,simulator.amazonses.com",
    ]
    with running_sandbox(folder, config) as sandbox:
        yield Relay(sandbox, folder / "ready.json")


def test_an_address_that_bounced_is_not_sent_to_again_until_it_is_cleared(relay: Relay) -> None:
    address = "bounce+pump@simulator.amazonses.com"
    relay.send("first", address)
    relay.find("first", "done")
    entry = eventually(lambda: relay.relayctl("bounces", "list", "--json"), within=60)
    assert (address, "bounce") == (json.loads(entry)["address"], json.loads(entry)["cause"])
    relay.send("second", address)
    message = relay.find("second", "failed")
    notice = relay.sandbox.await_notice(f"relayctl bounces clear {address}")
    assert "submission-failed" == notice["attributes"]["reason"]
    assert 1 == len(relay.sandbox.mails(address))
    relay.relayctl("bounces", "clear", address, "--yes")
    relay.relayctl("redeliver", message["message_id"], "--yes")
    relay.find("second", "done")
    assert 2 == len(relay.sandbox.mails(address))
    # The mail bounces again, and the address is recorded again.
    assert eventually(lambda: relay.relayctl("bounces", "list", "--json"), within=60)


def test_an_address_whose_owner_complains_is_not_sent_to_again(relay: Relay) -> None:
    address = unique_address()
    relay.sandbox.set_faults({"event": "Complaint", "times": 1, "recipient": address})
    relay.send("complained", address)
    eventually(lambda: address in relay.relayctl("bounces", "list", "--json"), within=60)
    relay.send("after the complaint", address)
    relay.find("after the complaint", "failed")
    assert 1 == len(relay.sandbox.mails(address))


def test_a_devices_mail_that_does_not_arrive_is_reported_to_the_operator(relay: Relay) -> None:
    """SES accepts the mail but cannot deliver it to the relay: the device gets no error."""
    inbound = relay.sandbox.smtp["rcpt_to"]
    relay.sandbox.set_faults({"event": "Bounce", "times": 1, "recipient": inbound})
    lost, next_one = unique_address(), unique_address()
    relay.send("lost on its way", lost)
    notices = eventually(
        lambda: [
            notice["message"]
            for notice in relay.sandbox.notices()
            if notice["topic"] == "alarms" and inbound in notice["message"]
        ],
        within=60,
    )
    assert notices is not None
    event = json.loads(notices[0])
    assert event["eventType"] == "Bounce"
    assert event["bounce"]["bouncedRecipients"][0]["emailAddress"] == inbound
    assert event["mail"]["tags"]["ses:configuration-set"] == ["mail-relay-sandbox-devices"]
    alarm = relay.sandbox.await_notice("mail-relay-sandbox-device-bounces")
    assert alarm["topic"] == "alarms"
    # The bounce is of the relay's own address: none is suppressed, and the next mail arrives.
    relay.send("arrives", next_one)
    relay.find("arrives", "done")
    assert not relay.sandbox.mails(lost)
    assert inbound not in relay.relayctl("bounces", "list", "--json")


def test_a_mail_that_waited_forty_hours_has_a_link_of_full_length(relay: Relay) -> None:
    """The clock cannot be set here: instead the manifest's times are set forty hours back."""
    address = unique_address()
    relay.sandbox.set_faults(
        {"error": "SendingPausedException", "times": 10_000, "recipient": address}
    )
    relay.send("late", address, file=b"12.7;10.0")
    message_id = relay.find("late", "relaying")["message_id"]
    waited = timedelta(hours=40)

    def is_older() -> bool:
        stored = relay.stored(message_id)
        if stored.manifest.lease is not None:
            return False  # a worker that has read the times holds the mail
        try:
            relay.manifests.replace(_older(stored.manifest, waited), stored.version)
        except Conflict:
            return False
        return True

    eventually(is_older, within=60)
    relay.sandbox.set_faults()
    relay.find("late", "done")
    manifest = relay.stored(message_id).manifest
    assert DeliveryState.SUBMITTED is manifest.deliveries[0].state
    submitted_at = manifest.deliveries[0].at
    assert submitted_at is not None
    assert submitted_at - waited > manifest.created_at - timedelta(minutes=10)
    assert manifest.expires_at >= submitted_at + timedelta(hours=36)
    body = body_of(relay.sandbox.await_mail(address))
    ends = f"{manifest.expires_at.day} {manifest.expires_at:%B, %H:%M} UTC"
    assert f"until {ends} (36 hours)" in body
    assert [b"12.7;10.0"] == files_behind(body)


def _older(manifest: Manifest, waited: timedelta) -> Manifest:
    return replace(
        manifest,
        created_at=manifest.created_at - waited,
        expires_at=manifest.expires_at - waited,
    )


def test_a_flood_of_refused_mail_is_a_few_notices_and_a_summary_that_comes_by_itself(
    relay: Relay,
) -> None:
    since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for number in range(MANY):
        relay.send(f"nobody {number}", "who@elsewhere.example")
    reason = ("--reason", "recipient-not-allowed", "--since", since)
    eventually(lambda: len(relay.listed(*reason)) == MANY, within=60)

    def notices() -> list[dict[str, Any]]:
        return [
            one
            for one in relay.sandbox.notices()
            if one["attributes"].get("reason") == "recipient-not-allowed"
        ]

    def is_all_told() -> bool:
        subjects = [one["subject"] for one in notices()]
        summed_up = [
            int(subject.partition("(")[2].split()[0])
            for subject in subjects
            if "more notice" in subject
        ]
        return sum(summed_up) + len(subjects) - len(summed_up) == MANY

    eventually(is_all_told, within=60)
    assert len(notices()) <= MANY // 2


def test_what_is_over_the_budget_is_held_and_reported_once_and_released_by_the_operator(
    relay: Relay,
) -> None:
    made_up = {f"crowd {n}": [unique_address() for _ in range(20)] for n in range(5)}
    for subject, recipients in made_up.items():
        relay.send(subject, *recipients)

    def ended() -> list[dict[str, Any]]:
        listed = relay.listed("--state", "done", "--state", "held")
        return [one for one in listed if one["subject"] in made_up]

    eventually(lambda: len(ended()) == len(made_up), within=60)
    held = [one for one in ended() if one["state"] == "held"]
    served = sum(one["recipients"]["submitted"] for one in ended())
    hours = {one["created_at"][:13] for one in ended()}  # two, if a new hour has just begun
    assert served <= BUDGET * len(hours)
    assert held
    notices = [
        one
        for one in relay.sandbox.notices()
        if one["topic"] == "fallback" and "recipientBudgetPerHour" in one["message"]
    ]
    assert 1 <= len(notices) <= len(hours)
    relay.relayctl("redeliver", held[0]["message_id"], "--yes")
    for recipient in made_up[held[0]["subject"]]:
        relay.sandbox.await_mail(recipient)
