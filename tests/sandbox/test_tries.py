"""Failed mails are tried again, and the operator is notified of those that never succeed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operate.cli import app
from relay_core.settings import Settings
from tests.sandbox.running import (
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.waiting import eventually


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox with three tries at short intervals."""
    config = ["retryDelaySeconds=1", "parkingDelaySeconds=1", "dlqMaxReceiveCount=3"]
    with running_sandbox(tmp_path_factory.mktemp("impatient"), config) as sandbox:
        yield sandbox


def dead_letters(relay: RunningSandbox) -> list[Any]:
    answer = relay.client("sqs").receive_message(
        QueueUrl=relay.ready["stack"]["deadLetterQueueUrl"], VisibilityTimeout=0, WaitTimeSeconds=1
    )
    return list(answer.get("Messages", []))


def test_an_account_that_may_not_send_for_now_costs_a_mail_no_try_and_the_operator_is_notified(
    impatient: RunningSandbox,
) -> None:
    relay, recipient = impatient, unique_address()
    relay.set_faults({"error": "SendingPausedException", "times": 5, "recipient": recipient})
    relay.send(f"From: {relay.device}\r\n\r\n{recipient_code(recipient)}\r\n".encode())
    relay.await_mail(recipient)
    alarm = relay.await_notice("mail-relay-sandbox-parked")
    assert "alarms" == alarm["topic"]
    assert "The account may not send" in alarm["message"]
    assert [] == dead_letters(relay)
    assert [1] == [len(relay.mails(recipient))]


def test_what_never_succeeds_is_reported_at_its_last_try_and_ends_in_the_dead_letter_queue(
    impatient: RunningSandbox, tmp_path: Path
) -> None:
    relay, recipient = impatient, unique_address()
    fault = {"error": "InternalServiceErrorException", "times": 1000, "recipient": recipient}
    relay.set_faults(fault)
    relay.send(f"From: {relay.device}\r\n\r\n{recipient_code(recipient)}\r\n".encode())
    alarm = relay.await_notice("mail-relay-sandbox-last-try")
    assert "alarms" == alarm["topic"]
    assert "on its last try" in alarm["message"]
    [message] = eventually(lambda: dead_letters(relay), within=90)
    [record] = json.loads(message["Body"])["Records"]
    assert record["s3"]["object"]["key"] in relay.raw_keys()
    assert relay.mails(recipient) == []
    message_id = record["s3"]["object"]["key"].rpartition("/")[2]
    dead = relayctl(relay, tmp_path, "list", "--state", "dead", "--json")
    assert [message_id] == [json.loads(line)["message_id"] for line in dead.splitlines()]


def relayctl(relay: RunningSandbox, folder: Path, *arguments: str) -> str:
    """Run an operator's command; return its output."""
    ready_file = folder / "ready.json"
    ready_file.write_text(json.dumps(relay.ready))
    result = CliRunner().invoke(app, [*arguments, "--ready-file", str(ready_file)])
    assert 0 == result.exit_code, result.output
    return result.stdout


def is_logged(relay: RunningSandbox, words: str) -> bool:
    """Whether the function's log has a line with these words."""
    lines = relay.client("logs").get_paginator("filter_log_events")
    pages = lines.paginate(logGroupName=relay.ready["stack"]["logGroup"])
    return any(words in event["message"] for page in pages for event in page["events"])


def allow(relay: RunningSandbox, *recipients: str) -> None:
    """Change the function's environment, as a deployment with another policy does."""
    name, client = relay.ready["stack"]["functionName"], relay.client("lambda")
    found = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    settings = replace(Settings.from_environment(found), allowed_recipients=recipients)
    changed = {**found, **settings.to_environment()}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": changed})


def test_who_was_left_out_is_named_everywhere_and_served_once_the_policy_allows_it(
    impatient: RunningSandbox, tmp_path: Path
) -> None:
    relay, served, missed = impatient, unique_address(), unique_address("missed.example")
    code = recipient_code(served, missed)
    relay.send(f"From: {relay.device}\r\nSubject: partly\r\n\r\n{code}\r\n".encode())
    detail = f"{missed} is not in allowedRecipients"

    def listed(state: str) -> list[dict[str, Any]]:
        lines = relayctl(relay, tmp_path, "list", "--json", "--state", state).splitlines()
        return [one for one in map(json.loads, lines) if one["subject"] == "partly"]

    [message] = eventually(lambda: listed("partial"), within=60)
    assert [(missed, detail)] == [(one["address"], one["detail"]) for one in message["left_out"]]
    message_id = message["message_id"]
    assert missed in relayctl(relay, tmp_path, "show", message_id)
    assert "\t1/2\t" in relayctl(relay, tmp_path, "list", "--state", "partial")
    assert detail in relay.await_notice(missed)["message"]
    eventually(lambda: is_logged(relay, detail), within=60)
    eventually(lambda: is_logged(relay, '"RecipientsLeftOut":[1.0]'), within=60)

    redeliver = ("redeliver", message_id, "--recipient", missed, "--yes")
    notices = len(relay.notices())
    relayctl(relay, tmp_path, *redeliver)
    eventually(lambda: len(relay.notices()) > notices and listed("partial"), within=60)
    assert not relay.mails(missed)
    allow(relay, "example.com", "missed.example")
    relayctl(relay, tmp_path, *redeliver)
    eventually(lambda: listed("done"), within=60)
    assert [1, 1] == [len(relay.mails(one)) for one in (served, missed)]
