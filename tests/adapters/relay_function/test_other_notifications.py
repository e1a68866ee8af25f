"""Notifications that are no mail: bounces, and summaries that are due."""

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
    SETTINGS,
    Log,
    body_for,
    failed_ids,
    metrics_of,
    sqs_record,
)
from tests.fakes import MemoryWorld


class TestBounces:
    @pytest.mark.parametrize(
        ("name", "outcome"), [("relay-dev", "suppressed"), ("relay-dev-devices", "ignored")]
    )
    def test_only_mail_of_the_relays_own_set_says_whom_not_to_send_to(
        self, function: RelayFunction, world: MemoryWorld, log: Log, name: str, outcome: str
    ) -> None:
        bounce = {
            "bounceType": "Permanent",
            "bouncedRecipients": [{"emailAddress": "a@example.com"}],
            "timestamp": "2026-01-02T03:04:05.000Z",
        }
        event = {
            "eventType": "Bounce",
            "bounce": bounce,
            "mail": {"tags": {"ses:configuration-set": [name]}},
        }
        ours = replace(SETTINGS, configuration_set_name="relay-dev")
        record = sqs_record(json.dumps(event))
        answer = replace(function, settings=ours)({"Records": [record]}, CONTEXT)
        assert [] == failed_ids(answer)
        assert [outcome] == [line["outcome"] for line in log.endings()]
        assert bool(world.suppressions.documents) == (outcome == "suppressed")


class TestSummaries:
    """The summary that a reminder on the queue causes for suppressed notices."""

    @pytest.fixture
    def counting(self, function: RelayFunction, world: MemoryWorld) -> RelayFunction:
        notices = world.counted_notices(limit=1)
        return replace(function, notices=notices, ports=replace(function.ports, notices=notices))

    def summary_due(self, world: MemoryWorld) -> dict[str, Any]:
        ((key, _),) = world.reminders.asked_for
        return {"Records": [sqs_record(json.dumps({"summaryOfNotices": key}))]}

    def refuse(self, function: RelayFunction, world: MemoryWorld, count: int) -> None:
        for number in range(count):
            world.incoming.messages[RawKey(f"incoming/m{number}")] = b"From: a@x.example\r\n\r\nx"
            body = body_for(f"incoming/m{number}")
            assert [] == failed_ids(function({"Records": [sqs_record(body)]}, CONTEXT))

    def test_they_are_summed_up_once(
        self,
        counting: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.refuse(counting, world, 4)
        for _ in range(2):
            assert [] == failed_ids(counting(self.summary_due(world), CONTEXT))
        assert 2 == len(world.notices.published)
        assert "3 more notices" in world.notices.published[1].text
        counts = [line["notices"] for line in log.endings() if line["outcome"] == "summed-up"]
        assert [3, 0] == counts
        assert 3 == metrics_of(capsys)["NoticesSummedUp"]

    def test_one_that_cannot_be_reported_stays_on_the_queue(
        self, counting: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        self.refuse(counting, world, 2)
        error = TransientError(call="sns:Publish", target="topic", detail="slow down")
        world.notices.faults.order("publish", error)
        assert ["sqs-1"] == failed_ids(counting(self.summary_due(world), CONTEXT))
        assert "retried" == log.endings()[-1]["outcome"]
        assert [] == failed_ids(counting(self.summary_due(world), CONTEXT))
        assert 2 == len(world.notices.published)
