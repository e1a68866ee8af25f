"""A mail that kills its workers, through the sandbox: told by its name, and nobody else's harm.

What kills is a mail too large for a function that was given too little memory. Times are cut short
as in `scenario`: what a dead worker held comes back after 18 seconds, not minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.receipt import received
from tests.sandbox.running import RunningSandbox, recipient_code, running_sandbox, unique_address
from tests.sandbox.waiting import eventually

_MEMORY = 128  # MB: enough for the function and a small mail
_TOO_LARGE = 38_000_000  # bytes
_TIMEOUT = 12  # seconds
_HIDDEN = _TIMEOUT + 6  # a little more than the lease of a dead worker lasts


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    config = (f"functionMemory={_MEMORY}", "functionTimeoutSeconds=30", "maxConcurrency=3")
    with running_sandbox(tmp_path_factory.mktemp("deaths"), config) as it:
        it.client("lambda").update_function_configuration(
            FunctionName=it.ready["stack"]["functionName"], Timeout=_TIMEOUT
        )
        it.client("sqs").set_queue_attributes(
            QueueUrl=it.ready["stack"]["queueUrl"],
            Attributes={"VisibilityTimeout": str(_HIDDEN)},
        )
        yield it


def alarm(relay: RunningSandbox, recipient: str, *, filler: int = 0) -> bytes:
    return (
        f"From: {relay.device}\r\nTo: {relay.smtp['rcpt_to']}\r\nSubject: Alarm\r\n\r\n"
        f"Too hot. {recipient_code(recipient)}\r\n"
        + "All is well, says the log.\r\n"
        * (filler // 28)
    ).encode()


def log(relay: RunningSandbox) -> list[dict[str, Any]]:
    """The lines of the function's log that are JSON objects."""
    pages = (
        relay.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=relay.ready["stack"]["logGroup"])
    )
    messages = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(message) for message in messages if message.startswith("{")]


def depth(relay: RunningSandbox, queue: str) -> int:
    attributes = relay.client("sqs").get_queue_attributes(
        QueueUrl=relay.ready["stack"][queue], AttributeNames=["All"]
    )["Attributes"]
    kinds = ("", "NotVisible", "Delayed")
    return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)


@pytest.mark.timeout(400)
def test_a_mail_that_kills_its_workers_is_refused_by_name_and_harms_no_other(
    relay: RunningSandbox,
) -> None:
    deadly, key = unique_address(), "incoming/deadly"
    innocent = [unique_address() for _ in range(20)]
    for number, recipient in enumerate(innocent):
        if number == len(innocent) // 2:
            relay.client("s3").put_object(
                Bucket=relay.ready["stack"]["incomingBucket"],
                Key=key,
                Body=received(alarm(relay, deadly, filler=_TOO_LARGE)),
            )
        relay.send(alarm(relay, recipient))
    for recipient in innocent:
        relay.await_mail(recipient)
    notice = eventually(
        lambda: [one for one in relay.notices() if key in one["message"]], within=200
    )[0]
    assert notice["attributes"]["reason"] == "limit-exceeded"
    assert "2 workers died while they had this mail" in notice["message"]
    eventually(lambda: [one for one in log(relay) if one.get("outcome") == "refused"])
    assert depth(relay, "deadLetterQueueUrl") == 0
    assert relay.mails(deadly) == []
    lines = log(relay)
    begun = [
        one["receive_count"]
        for one in lines
        if one.get("message") == "mail begun" and one["raw_key"] == key
    ]
    assert sorted(begun)[:2] == [1, 2]
    # No other lost a try, and so none waited for a worker that died.
    others = [one for one in lines if "outcome" in one and one["raw_key"] != key]
    assert {(one["outcome"], one["receive_count"]) for one in others} == {("relayed", 1)}
