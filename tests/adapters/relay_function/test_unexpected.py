"""An unexpected error keeps its record on the queue, is logged, and fails no other record."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.relaying.batch import RelayFunction
from relay_core.errors import TransientError
from relay_core.keys import RawKey
from tests.adapters.relay_function.batches import (
    CONTEXT,
    Log,
    body_for,
    failed_ids,
    mail,
    sqs_record,
)
from tests.fakes import MemoryWorld


class Broken:
    """A port that raises a programming error at every use."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


BROKEN: Any = Broken()
BODIES = {
    # the broken port → a message that needs it
    "addresses": body_for("incoming/a"),
    "queue": body_for("incoming/a"),
    "notices": json.dumps({"summaryOfNotices": "windows/notices/x"}),
    "suppressions": json.dumps(
        {
            "eventType": "Bounce",
            "bounce": {
                "bounceType": "Permanent",
                "bouncedRecipients": [{"emailAddress": "a@example.com"}],
                "timestamp": "2026-01-02T03:04:05.000Z",
            },
        }
    ),
}


def test_a_record_that_nests_too_deep_to_be_parsed_stays_on_the_queue_and_is_named(
    function: RelayFunction, world: MemoryWorld, log: Log
) -> None:
    world.incoming.messages[RawKey("incoming/b")] = mail()
    records = [sqs_record("[" * 100_000, "a"), sqs_record(body_for("incoming/b"), "b")]
    assert failed_ids(function({"Records": records}, CONTEXT)) == ["a"]
    endings = [(line["sqs_message_id"], line["outcome"]) for line in log.endings()]
    assert endings == [("a", "failed"), ("b", "relayed")]
    assert "SQS message a" in log.endings()[0]["reason"]


@pytest.mark.parametrize("part", BODIES)
def test_whatever_breaks_is_logged_with_the_message_and_the_next_record_gets_its_turn(
    function: RelayFunction, world: MemoryWorld, log: Log, part: str
) -> None:
    world.incoming.messages[RawKey("incoming/a")] = mail()
    down = TransientError(call="submit", target="x", detail="SlowDown")
    world.submission.faults.order("submit", down)
    parts: dict[str, Any] = {part: BROKEN}
    broken = replace(function, **parts)
    records = [sqs_record(BODIES[part], "a"), sqs_record("no JSON", "b")]
    assert failed_ids(broken({"Records": records}, CONTEXT)) == ["a", "b"]
    failures = [line for line in log.endings() if line["outcome"] == "failed"]
    assert [line["sqs_message_id"] for line in failures] == ["a", "b"]
    assert "Traceback" in failures[0]["exception"]
    assert "ZeroDivisionError" == failures[0]["error"]


def test_a_mail_whose_end_is_not_noted_takes_no_turn_from_the_others_of_its_record(
    function: RelayFunction, world: MemoryWorld, log: Log
) -> None:
    for name in ("a", "b"):
        world.incoming.messages[RawKey(f"incoming/{name}")] = mail()
    both = [json.loads(body_for(f"incoming/{name}"))["Records"][0] for name in ("a", "b")]
    broken = replace(function, addresses=BROKEN)
    record = sqs_record(json.dumps({"Records": both}), "sqs-1")
    assert failed_ids(broken({"Records": [record]}, CONTEXT)) == ["sqs-1"]
    outcomes = [line["outcome"] for line in log.endings()]
    assert outcomes == ["relayed", "failed", "relayed", "failed"]
    # The relayed mail is recorded: the next try sends nothing.
    assert failed_ids(function({"Records": [record]}, CONTEXT)) == []
    assert len(world.submission.outbox) == 2
