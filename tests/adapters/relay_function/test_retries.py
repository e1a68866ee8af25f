"""Records that are delivered again: after a worker died, and until the last try."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.before_timeout import LEAD
from adapters.relaying.batch import RelayFunction
from adapters.relaying.invocation import make_worker
from relay_core.errors import SendingStopped, TransientError
from relay_core.keys import MessageId, RawKey, message_id_of
from sandbox.emulator.running import Emulator
from tests.adapters.relay_function.batches import (
    CONTEXT,
    SETTINGS,
    Context,
    Log,
    body_for,
    failed_ids,
    mail,
    metrics_of,
    sqs_record,
)
from tests.fakes import MemoryIncomingMessages, MemoryWorld
from tests.waiting import eventually


class Died(BaseException):
    """The worker was killed, and writes nothing any more."""


class TestDeaths:
    def test_what_it_begins_and_a_last_try_are_reported_before_the_work(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        logged: list[dict[str, Any]] = []
        counted: Counter[str] = Counter()

        class Fatal(MemoryIncomingMessages):
            def fetch(self, key: RawKey) -> bytes:  # noqa: ARG002 (the port's)
                logged.extend(log.lines())
                counted.update(metrics_of(capsys))
                raise Died

        world.incoming = Fatal()
        last = replace(function, ports=world.ports)
        record = sqs_record(
            body_for("incoming/m1"), receive_count=function.settings.max_receive_count
        )
        with pytest.raises(Died):
            last({"Records": [record]}, CONTEXT)
        [line] = logged
        assert ("incoming/m1", "m1") == (line["raw_key"], line["correlation_id"])
        assert function.settings.max_receive_count == line["receive_count"]
        assert {"MessagesAtLastTry": 1} == dict(counted)

    @pytest.mark.parametrize("call", ["fetch", "submit"])
    def test_a_mail_whose_last_try_fails_is_dead(
        self, function: RelayFunction, world: MemoryWorld, call: str
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        trouble = TransientError(call=call, target="x", detail="SlowDown")
        faults = world.incoming.faults if call == "fetch" else world.submission.faults
        faults.order(call, trouble)
        record = sqs_record(
            body_for("incoming/m1"), receive_count=function.settings.max_receive_count
        )
        assert failed_ids(function({"Records": [record]}, CONTEXT)) == ["sqs-1"]
        stored = world.manifests.load(MessageId("m1"))
        assert stored is not None
        assert stored.manifest.is_given_up(world.now)
        assert "SlowDown" in stored.manifest.detail

    def test_a_mail_that_kills_its_workers_is_refused_at_the_third_delivery(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        world.incoming.faults.order("fetch", Died(), times=3)
        for count in (1, 2):
            with pytest.raises(Died):
                function(
                    {"Records": [sqs_record(body_for("incoming/m1"), receive_count=count)]},
                    CONTEXT,
                )
            world.now += timedelta(minutes=12)
        record = sqs_record(body_for("incoming/m1"), receive_count=3)
        assert failed_ids(function({"Records": [record]}, CONTEXT)) == []
        [line] = log.endings()
        assert ("refused", "limit-exceeded") == (line["outcome"], line["reason"])
        assert "incoming/m1" in world.notices.published[0].text
        assert 1 == metrics_of(capsys)["Refusals limit-exceeded"]

    def test_a_worker_at_work_when_its_time_ends_says_so(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        class Slow(MemoryIncomingMessages):
            def fetch(self, key: RawKey) -> bytes:  # noqa: ARG002 (the port's)
                eventually(lambda: world.manifests.load(MessageId("m1")))
                raise Died

        world.incoming = Slow()
        context = Context()
        context.left = LEAD // timedelta(milliseconds=1)
        slow = replace(function, ports=world.ports)
        with pytest.raises(Died):
            slow({"Records": [sqs_record(body_for("incoming/m1"))]}, context)
        stored = world.manifests.load(MessageId("m1"))
        assert stored is not None
        assert stored.manifest.lease is not None
        assert stored.manifest.lease.out_of_time
        [line] = [line for line in log.lines() if line["level"] == "ERROR"]
        assert ("incoming/m1", "m1") == (line["raw_key"], line["correlation_id"])

    def test_an_error_gives_the_lease_back(
        self, function: RelayFunction, world: MemoryWorld
    ) -> None:
        world.incoming.faults.order("fetch", RuntimeError("a fault of the relay"))
        record = sqs_record(body_for("incoming/m1"), receive_count=2)
        assert failed_ids(function({"Records": [record]}, CONTEXT)) == ["sqs-1"]
        stored = world.manifests.load(MessageId("m1"))
        assert stored is not None
        assert stored.manifest.lease is None


@dataclass(frozen=True)
class Queue:
    """A queue, read as an event source mapping reads it."""

    sqs: Any
    url: str
    arn: str

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    def delete(self, record: dict[str, Any]) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=record["receiptHandle"])

    def receive(self) -> dict[str, Any]:
        (message,) = self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=10, AttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
        }


class TestAgain:
    THROTTLED = TransientError(call="ses:SendEmail", target="bob@example.net", detail="throttled")

    @pytest.fixture
    def queue(self, emulator: Emulator) -> Queue:
        sqs = emulator.client("sqs")
        url = sqs.create_queue(
            QueueName=f"queue-{uuid.uuid4()}", Attributes={"VisibilityTimeout": "600"}
        )["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Queue(sqs, url, answer["Attributes"]["QueueArn"])

    def test_a_throttled_mail_comes_back_soon_and_is_then_relayed(
        self, function: RelayFunction, world: MemoryWorld, log: Log, queue: Queue
    ) -> None:
        function = replace(function, queue_url=queue.url)
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        world.submission.faults.order("submit", self.THROTTLED)
        queue.send(body_for("incoming/m1"))
        first = queue.receive()
        assert failed_ids(function({"Records": [first]}, CONTEXT)) == [first["messageId"]]
        # visible after `retry_delay`, one second, not after the queue's visibility timeout of 600
        assert failed_ids(function({"Records": [queue.receive()]}, CONTEXT)) == []
        assert len(world.submission.outbox) == 1
        endings = [(line["outcome"], line["receive_count"]) for line in log.endings()]
        assert endings == [("unfinished", 1), ("relayed", 2)]

    def test_a_retry_that_cannot_be_moved_is_logged_and_the_record_fails_all_the_same(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        world.submission.faults.order("submit", self.THROTTLED)
        answer = function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-1"]
        (ending,) = log.endings()
        assert (ending["outcome"], ending["detail"]) == ("unfinished", "throttled")
        (warning,) = log.others()
        assert "sqs:ChangeMessageVisibility on SQS message sqs-1" in warning["cause"]

    def test_a_mail_of_an_account_that_may_not_send_keeps_its_tries(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        queue: Queue,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        settings = replace(SETTINGS, parking_delay=timedelta(seconds=1))
        function = replace(function, settings=settings, queue_url=queue.url)
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        paused = SendingStopped(call="ses:SendEmail", target="bob@example.net", detail="paused")
        world.submission.faults.order("submit", paused, times=3)
        queue.send(body_for("incoming/m1"))
        for _ in range(4):
            record = queue.receive()
            assert failed_ids(function({"Records": [record]}, CONTEXT)) == []
            queue.delete(record)
        endings = [(line["outcome"], line["receive_count"]) for line in log.endings()]
        assert endings == [("parked", 1)] * 3 + [("relayed", 1)]
        assert metrics_of(capsys)["MessagesParked"] == 3

    def test_a_mail_that_cannot_be_sent_anew_counts_as_tried(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        paused = SendingStopped(call="ses:SendEmail", target="bob@example.net", detail="paused")
        world.submission.faults.order("submit", paused)
        answer = function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-1"]
        (warning,) = log.others()
        assert "sqs:SendMessage on SQS message sqs-1" in warning["cause"]

    def test_a_mail_that_cannot_be_sent_anew_at_its_last_try_is_dead(
        self, function: RelayFunction, world: MemoryWorld
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        paused = SendingStopped(call="ses:SendEmail", target="bob@example.net", detail="paused")
        world.submission.faults.order("submit", paused, times=2)
        record = sqs_record(
            body_for("incoming/m1"), receive_count=function.settings.max_receive_count
        )
        assert failed_ids(function({"Records": [record]}, CONTEXT)) == ["sqs-1"]
        stored = world.ports.manifests.load(message_id_of(RawKey("incoming/m1")))
        assert stored is not None
        assert stored.manifest.is_dead
        assert "sqs:SendMessage on SQS message sqs-1" in stored.manifest.detail

    def test_a_mail_that_its_batch_left_no_time_for_is_not_begun(
        self, function: RelayFunction, world: MemoryWorld, log: Log, queue: Queue
    ) -> None:
        function = replace(function, queue_url=queue.url)
        for name in ("m1", "m2"):
            world.incoming.messages[RawKey(f"incoming/{name}")] = mail()
        records = [sqs_record(body_for(f"incoming/{name}"), name) for name in ("m1", "m2")]

        def clock() -> datetime:
            return world.now + timedelta(seconds=81 * len(world.submission.outbox))

        late = replace(function, ports=replace(world.ports, clock=clock))
        assert failed_ids(late({"Records": records}, CONTEXT)) == []
        assert [line["outcome"] for line in log.endings()] == ["relayed", "unfinished"]
        assert records[1]["body"] == queue.receive()["body"]

    def test_a_message_at_its_last_try_is_counted(
        self, function: RelayFunction, world: MemoryWorld, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.incoming.messages[RawKey("incoming/m1")] = mail()
        for count in (4, 5):
            record = sqs_record(body_for("incoming/m1"), receive_count=count)
            function({"Records": [record]}, CONTEXT)
        assert metrics_of(capsys)["MessagesAtLastTry"] == 1

    @pytest.mark.parametrize("error", [THROTTLED, ZeroDivisionError("surprise")])
    def test_an_error_is_recorded_with_its_mail(
        self, function: RelayFunction, world: MemoryWorld, error: Exception
    ) -> None:
        world.incoming.faults.order("fetch", error)
        function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        stored = world.manifests.load(MessageId("m1"))
        assert stored is not None
        assert str(error) in stored.manifest.detail

    def test_trouble_that_cannot_be_written_down_is_in_the_log(
        self, function: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        world.manifests.faults.order("load", self.THROTTLED, times=2)
        answer = function({"Records": [sqs_record(body_for("incoming/m1"))]}, CONTEXT)
        assert failed_ids(answer) == ["sqs-1"]
        assert "this trouble is not recorded in the manifest" in log.stream.getvalue()

    def test_no_two_invocations_are_the_same_worker(self, world: MemoryWorld) -> None:
        first, second = (make_worker(CONTEXT, world.now) for _ in range(2))
        assert first.name != second.name
        assert "request-1" in first.name
        assert world.now + timedelta(seconds=120) == first.deadline
        assert timedelta(seconds=40) == first.reserve
