"""The outcomes of a record: done, failed, or ignored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.aws.sqs import ScansDue, SqsReminders
from adapters.relaying.batch import NoBatch, RelayFunction, ScanWatch
from relay_core.errors import PermanentError, TransientError
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import Scan
from tests.adapters.relay_function.batches import (
    CONTEXT,
    INCOMING_BUCKET,
    NO_SUCH_QUEUE,
    SETTINGS,
    Log,
    body_for,
    failed_ids,
    mail,
    metrics_of,
    sqs_record,
)
from tests.fakes import MemoryWorld


def arrival(name: str, time: str = "2026-01-02T03:04:05.000Z") -> dict[str, Any]:
    """The record of a mail that arrived at that time."""
    body = json.loads(body_for(f"incoming/{name}"))
    body["Records"][0]["eventTime"] = time
    return sqs_record(json.dumps(body), name)


@dataclass(frozen=True, kw_only=True)
class Reminders(SqsReminders):
    """Records the requested reminders, and delivers none."""

    due: list[ScansDue]

    def remind_of_scans(self, due: ScansDue, after: timedelta) -> None:  # noqa: ARG002
        self.due.append(due)


class Unscanned:
    """Fails the test if the result of a scan is requested."""

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        raise AssertionError(f"the scans of {keys} were asked for")


def test_a_further_try_reminds_of_scans_of_files_that_an_earlier_one_stored(
    function: RelayFunction, world: MemoryWorld
) -> None:
    world.incoming.messages[RawKey("incoming/m1")] = mail()
    world.submission.faults.order(
        "submit", TransientError(call="submit", target="x", detail="SlowDown")
    )
    reminded: list[ScansDue] = []
    reminders = Reminders(client=function.queue, queue_url=NO_SUCH_QUEUE, due=reminded)
    watching = replace(function, scans=ScanWatch(results=Unscanned(), reminders=reminders))
    body = body_for("incoming/m1")
    assert ["sqs-1"] == failed_ids(watching({"Records": [sqs_record(body)]}, CONTEXT))
    reminded.clear()  # as if the worker had died before this call
    watching({"Records": [sqs_record(body, receive_count=2)]}, CONTEXT)
    assert ["bob@example.net"] == [one.recipient for one in world.submission.outbox]
    assert [ScansDue(message_id=MessageId("m1"), check_number=1)] == reminded


class TestOutcomes:
    def test_a_mail_is_relayed(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        answer = function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert failed_ids(answer) == []
        assert [sent.recipient for sent in world.submission.outbox] == ["bob@example.net"]
        (line,) = log.endings()
        expected = {
            "level": "INFO",
            "outcome": "relayed",
            "correlation_id": "m1",
            "raw_key": "incoming/m1",
            "sqs_message_id": "sqs-1",
            "receive_count": 1,
            "submitted": 1,
            "already_submitted": 0,
            "failed_recipients": 0,
            "attachments": 1,
            "attachment_bytes": 8,
        }
        assert expected == {name: line[name] for name in expected}
        counted = {
            "MessagesRelayed": 1,
            "RecipientsSubmitted": 1,
            "AttachmentsDetached": 1,
            "AttachmentBytes": 8,
            "MessageBytes": len(mail()),
        }
        assert counted == dict(metrics_of(capsys))

    def test_a_redelivered_mail_is_not_sent_again(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        for _ in range(2):
            function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert len(world.submission.outbox) == 1
        assert [line["outcome"] for line in log.endings()] == ["relayed", "duplicate"]
        assert [line["already_submitted"] for line in log.endings()] == [0, 1]
        assert metrics_of(capsys)["DuplicatesAvoided"] == 1

    def test_a_refused_mail_is_finished_and_counted_by_reason(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail(recipients="eve@evil.example")
        answer = function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert failed_ids(answer) == []
        (line,) = log.endings()
        assert (line["outcome"], line["reason"]) == ("refused", "recipient-not-allowed")
        counted = metrics_of(capsys)
        assert counted["MessagesRefused"] == 1
        assert counted["Refusals recipient-not-allowed"] == 1

    def test_who_was_left_out_of_a_relayed_mail_is_logged_and_counted(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        recipients = "bob@example.net,eve@evil.example"
        world.incoming.messages[RawKey("incoming/m1")] = mail(recipients=recipients)
        function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        (line,) = log.endings()
        assert (line["level"], line["outcome"], line["left_out"]) == ("WARNING", "relayed", 1)
        reason = "recipient-not-allowed: eve@evil.example is not in allowedRecipients"
        assert reason == line["left_out_why"]
        counted = metrics_of(capsys)
        assert counted["RecipientsLeftOut recipient-not-allowed"] == 1
        assert counted["RecipientsLeftOut"] == 1

    def test_no_address_of_a_refused_or_relayed_mail_is_logged(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail(recipients="eve@evil.example")
        world.incoming.messages[RawKey("incoming/m2")] = mail()
        records = [sqs_record(body_for(f"incoming/{name}"), name) for name in ("m1", "m2")]
        function({"Records": records}, CONTEXT)
        assert len(log.endings()) == 2
        assert "@" not in log.stream.getvalue()

    def test_a_recipient_that_can_never_be_served_is_a_warning(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        error = PermanentError(call="ses:SendEmail", target="bob@example.net", detail="no")
        world.submission.faults.order("submit", error)
        function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        (line,) = log.endings()
        assert (line["level"], line["failed_recipients"]) == ("WARNING", 1)
        assert metrics_of(capsys)["RecipientsFailed"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            json.dumps({"Event": "s3:TestEvent", "Bucket": INCOMING_BUCKET}),
            body_for("incoming/AMAZON_SES_SETUP_NOTIFICATION"),
        ],
    )
    def test_what_is_no_mail_is_finished_for_a_logged_reason(
        self,
        function: RelayFunction,
        log: Log,
        capsys: pytest.CaptureFixture[str],
        body: str,
    ) -> None:
        assert failed_ids(function({"Records": [sqs_record(body)]}, CONTEXT)) == []
        (line,) = log.endings()
        assert line["outcome"] == "ignored"
        assert line["reason"]
        assert dict(metrics_of(capsys)) == {"MessagesIgnored": 1}

    def test_a_mail_over_its_senders_limit_is_held_counted_and_done_with(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        limited = replace(function, settings=replace(SETTINGS, sender_message_limit=1))
        for name in ("m1", "m2"):
            world.incoming.messages[RawKey(f"incoming/{name}")] = mail()
            assert failed_ids(limited({"Records": [arrival(name)]}, CONTEXT)) == []
        assert len(world.submission.outbox) == 1
        line = log.endings()[-1]
        assert (line["outcome"], line["reason"]) == ("held", "limit-exceeded")
        assert metrics_of(capsys)["MessagesHeld"] == 1

    def test_a_mail_counts_at_the_time_when_it_arrived(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        limited = replace(function, settings=replace(SETTINGS, sender_message_limit=1))
        for name, time in (("m1", "12:00:00"), ("m2", "12:05:00"), ("m3", "12:04:59")):
            world.incoming.messages[RawKey(f"incoming/{name}")] = mail()
            limited({"Records": [arrival(name, f"2026-01-02T{time}.000Z")]}, CONTEXT)
        assert [line["outcome"] for line in log.endings()] == ["relayed", "relayed", "held"]

    def test_a_directory_that_is_not_to_be_had_keeps_only_the_mail_that_needs_it(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        gone = TransientError(call="ssm:GetParameter", target="/p", detail="ParameterNotFound")
        world.directories.faults.order("current", gone)
        world.incoming.messages[RawKey("incoming/m1")] = mail(recipients="@oncall")
        world.incoming.messages[RawKey("incoming/m2")] = mail()
        records = [sqs_record(body_for(f"incoming/{name}"), name) for name in ("m1", "m2")]
        assert failed_ids(function({"Records": records}, CONTEXT)) == ["m1"]
        assert [line["outcome"] for line in log.endings()] == ["retried", "relayed"]
        assert "/p: ParameterNotFound" in log.endings()[0]["reason"]

    def test_an_unreadable_record_stays_on_the_queue(
        self, function: RelayFunction, log: Log, capsys: pytest.CaptureFixture[str]
    ) -> None:
        answer = function({"Records": [sqs_record("no JSON", "sqs-7")]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-7"]
        (line,) = log.endings()
        assert (line["level"], line["outcome"]) == ("ERROR", "failed")
        assert "SQS message sqs-7" in line["reason"]
        assert dict(metrics_of(capsys)) == {"MessagesFailed": 1}

    def test_a_message_that_is_gone_stays_on_the_queue_and_its_key_is_named(
        self, function: RelayFunction, log: Log
    ) -> None:
        answer = function({"Records": [sqs_record(body_for("incoming/gone"))]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-1"]
        (line,) = log.endings()
        assert line["outcome"] == "failed"
        assert "incoming/gone" in line["reason"]

    def test_an_unexpected_error_is_logged_with_its_traceback(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        world.incoming.faults.order("fetch", ZeroDivisionError("surprise"))
        answer = function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-1"]
        (line,) = log.endings()
        assert (line["outcome"], line["error"]) == ("failed", "ZeroDivisionError")
        assert "Traceback" in line["exception"]
        assert "surprise" in line["exception"]

    def test_only_the_records_that_failed_stay_on_the_queue(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        for name in ("a", "b", "c", "d"):
            world.incoming.messages[RawKey(f"incoming/{name}")] = mail()
        transient = TransientError(call="s3:GetObject", target="incoming/b", detail="slow down")
        world.incoming.faults.order("fetch", transient, target="incoming/b")
        world.incoming.faults.order("fetch", MemoryError(), target="incoming/c")
        records = [sqs_record(body_for(f"incoming/{n}"), n) for n in ("a", "b", "c", "d")]
        assert failed_ids(function({"Records": records}, CONTEXT)) == ["b", "c"]
        outcomes = [(line["sqs_message_id"], line["outcome"]) for line in log.endings()]
        expected = [("a", "relayed"), ("b", "retried"), ("c", "failed"), ("d", "relayed")]
        assert expected == outcomes

    def test_a_batch_that_fails_as_a_whole_is_reported_record_by_record(
        self, function: RelayFunction
    ) -> None:
        records = [sqs_record("no JSON", "a"), sqs_record("no JSON", "b")]
        assert failed_ids(function({"Records": records}, CONTEXT)) == ["a", "b"]

    def test_every_mail_of_a_record_gets_its_turn(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        world.incoming.messages[RawKey("incoming/b")] = mail()
        records = [json.loads(body_for(f"incoming/{n}"))["Records"][0] for n in ("a", "b")]
        answer = function({"Records": [sqs_record(json.dumps({"Records": records}))]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-1"]
        assert [line["outcome"] for line in log.endings()] == ["failed", "relayed"]
        assert len(world.submission.outbox) == 1

    def test_an_event_of_no_queue_is_an_error(self, function: RelayFunction) -> None:
        with pytest.raises(NoBatch, match="Records"):
            function({"detail": {}}, CONTEXT)
