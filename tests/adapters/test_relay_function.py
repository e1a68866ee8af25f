"""The function over fakes and a real queue, and its handler over the emulator."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import traceback
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import UnexpectedBatchTypeError
from aws_lambda_powertools.utilities.typing import LambdaContext

from adapters import relay_function
from adapters.aws.clients import Clients
from adapters.aws.sqs import ScansDue, SqsReminders
from adapters.last_words import LAST_WORDS
from adapters.relaying.batch import RelayFunction, ScanWatch
from adapters.relaying.invocation import make_worker
from adapters.telemetry.relay import Telemetry
from relay_core.errors import PermanentError, SendingStopped, TransientError
from relay_core.keys import AttachmentKey, MessageId, RawKey, message_id_of
from relay_core.links.download import Scan
from relay_core.settings import LinkMode, Settings
from sandbox.emulator.running import Emulator
from tests.adapters.answering_server import AnsweringServer, answering_server, ses_error, ses_sent
from tests.fakes import MemoryIncomingMessages, MemoryWorld
from tests.receipt import submitted_receipt
from tests.sandbox.waiting import eventually

INCOMING_BUCKET = "incoming-bucket"


class Context(LambdaContext):
    """An invocation that has two minutes, as Lambda tells it."""

    _aws_request_id = "request-1"
    left = 120_000

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # there it is static
        return self.left


CONTEXT = Context()
NO_SUCH_QUEUE = "http://127.0.0.1:1/000000000000/no-such-queue"
SETTINGS = Settings(
    stack="dev",
    sender_address="relay@example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.net",),
    retry_delay=timedelta(seconds=1),
    link_mode=LinkMode.PRESIGNED,
)


def mail(*, recipients: str = "bob@example.net") -> bytes:
    return (
        submitted_receipt("example.org")
        + (
            "From: cam@example.org\r\n"
            "To: secret@in.example.com\r\n"
            "Subject: Alarm\r\n"
            "MIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="b"\r\n'
            "\r\n"
            "--b\r\n"
            "Content-Type: text/plain\r\n"
            "\r\n"
            f"Door open. :Email_Rxers_Code:{recipients}:Email_Rxers_Code:\r\n"
            "--b\r\n"
            "Content-Type: image/png\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            'Content-Disposition: attachment; filename="door.png"\r\n'
            "\r\n"
            "Y29udGVudAo=\r\n"
            "--b--\r\n"
        ).encode()
    )


def body_for(key: str, bucket: str = INCOMING_BUCKET) -> str:
    event = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
    return json.dumps({"Records": [event]})


def sqs_record(body: str, message_id: str = "sqs-1", *, receive_count: int = 1) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:no-such-queue",
    }


def arrival(name: str, time: str = "2026-01-02T03:04:05.000Z") -> dict[str, Any]:
    """The record of a mail that arrived at that time."""
    body = json.loads(body_for(f"incoming/{name}"))
    body["Records"][0]["eventTime"] = time
    return sqs_record(json.dumps(body), name)


def failed_ids(answer: Any) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


@dataclass(frozen=True)
class Log:
    stream: io.StringIO

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def others(self) -> list[dict[str, Any]]:
        """What is told between a mail's beginning and its end."""
        return [
            line
            for line in self.lines()
            if "outcome" not in line and line["message"] != "mail begun"
        ]

    def endings(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if "outcome" in line]


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


@pytest.fixture
def log() -> Log:
    return Log(io.StringIO())


@pytest.fixture
def function(world: MemoryWorld, log: Log, clients: Clients) -> RelayFunction:
    # Powertools keeps one logger a service name, so each test has a name of its own
    environment = {"POWERTOOLS_SERVICE_NAME": f"relay-{uuid.uuid4()}"}
    return RelayFunction(
        settings=SETTINGS,
        incoming_bucket=INCOMING_BUCKET,
        ports=world.ports,
        notices=world.counted_notices(limit=0),
        suppressions=world.suppressions,
        queue=clients.sqs,
        queue_url=NO_SUCH_QUEUE,
        telemetry=Telemetry(environment, stream=log.stream),
    )


def metrics_of(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """The sum of each metric written, `Refusals` under the name of its reason too."""
    sums: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        document = json.loads(line)
        for metrics in document["_aws"]["CloudWatchMetrics"]:
            assert metrics["Namespace"] == "MailRelay"
            for metric in metrics["Metrics"]:
                name = metric["Name"]
                value = document[name]
                total = sum(value) if isinstance(value, list) else value
                sums[f"{name} {document['reason']}" if "reason" in document else name] += total
    return sums


@dataclass(frozen=True, kw_only=True)
class Reminders(SqsReminders):
    """Those that were asked for, and none that comes."""

    due: list[ScansDue]

    def remind_of_scans(self, due: ScansDue, after: timedelta) -> None:  # noqa: ARG002
        self.due.append(due)


class Unscanned:
    """Nobody is to look at them in these tests."""

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        raise NotImplementedError


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
    reminded.clear()  # the worker died before it
    watching({"Records": [sqs_record(body, receive_count=2)]}, CONTEXT)
    assert ["bob@example.net"] == [one.recipient for one in world.submission.outbox]
    assert [ScansDue(message_id=MessageId("m1"), look=1)] == reminded


class Died(BaseException):
    """The worker is gone, and writes nothing any more."""


class TestDeaths:
    def test_what_it_begins_and_a_last_try_are_told_before_the_work(
        self,
        function: RelayFunction,
        world: MemoryWorld,
        log: Log,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        told: list[dict[str, Any]] = []
        counted: Counter[str] = Counter()

        class Deadly(MemoryIncomingMessages):
            def fetch(self, key: RawKey) -> bytes:  # noqa: ARG002 (the port's)
                told.extend(log.lines())
                counted.update(metrics_of(capsys))
                raise Died

        world.incoming = Deadly()
        last = replace(function, ports=world.ports)
        record = sqs_record(
            body_for("incoming/m1"), receive_count=function.settings.max_receive_count
        )
        with pytest.raises(Died):
            last({"Records": [record]}, CONTEXT)
        [line] = told
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
        context.left = LAST_WORDS // timedelta(milliseconds=1)
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

    def test_a_refused_mail_is_done_with_and_counted_by_reason(
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
        told = "recipient-not-allowed: eve@evil.example is not in allowedRecipients"
        assert told == line["left_out_why"]
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
    def test_what_is_no_mail_is_done_with_for_a_logged_reason(
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
        with pytest.raises(UnexpectedBatchTypeError):
            function({"detail": {}}, CONTEXT)


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
        # visible again after the one second of the settings, not after the queue's 600
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
    def test_trouble_is_written_down_for_whoever_looks_for_the_mail(
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
        assert "the manifest does not tell of this trouble" in log.stream.getvalue()

    def test_no_two_invocations_are_the_same_worker(self, world: MemoryWorld) -> None:
        first, second = (make_worker(CONTEXT, world.now) for _ in range(2))
        assert first.name != second.name
        assert "request-1" in first.name
        assert world.now + timedelta(seconds=120) == first.deadline
        assert timedelta(seconds=40) == first.reserve


@pytest.fixture
def fresh_handler() -> Iterator[None]:
    """The handler as in a new container."""
    relay_function._function.cache_clear()
    relay_function._telemetry.cache_clear()
    yield
    relay_function._function.cache_clear()
    relay_function._telemetry.cache_clear()


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
    """What a reminder of the queue makes of the notices that were left out."""

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
        told = [line["notices"] for line in log.endings() if line["outcome"] == "summed-up"]
        assert [3, 0] == told
        assert 3 == metrics_of(capsys)["NoticesSummedUp"]

    def test_one_that_cannot_be_told_stays_on_the_queue(
        self, counting: RelayFunction, world: MemoryWorld, log: Log
    ) -> None:
        self.refuse(counting, world, 2)
        error = TransientError(call="sns:Publish", target="topic", detail="slow down")
        world.notices.faults.order("publish", error)
        assert ["sqs-1"] == failed_ids(counting(self.summary_due(world), CONTEXT))
        assert "retried" == log.endings()[-1]["outcome"]
        assert [] == failed_ids(counting(self.summary_due(world), CONTEXT))
        assert 2 == len(world.notices.published)


@pytest.mark.usefixtures("fresh_handler", "aws_environment")
class TestHandler:
    @pytest.fixture
    def ses(self) -> Iterator[AnsweringServer]:
        with answering_server(ses_sent()) as server:
            yield server

    @pytest.fixture
    def buckets(self, emulator: Emulator) -> dict[str, str]:
        names = {kind: f"{kind}-{uuid.uuid4()}" for kind in ("incoming", "attachments")}
        for name in names.values():
            emulator.client("s3").create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": emulator.region}
            )
        return names

    @pytest.fixture(autouse=True)
    def environment(
        self,
        emulator: Emulator,
        ses: AnsweringServer,
        buckets: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        topic = emulator.client("sns").create_topic(Name=f"topic-{uuid.uuid4()}")["TopicArn"]
        for name, value in {
            **SETTINGS.to_environment(),
            "RELAY_INCOMING_BUCKET": buckets["incoming"],
            "RELAY_ATTACHMENTS_BUCKET": buckets["attachments"],
            "RELAY_FALLBACK_TOPIC_ARN": topic,
            "RELAY_DIRECTORY_PARAMETER": "/relay/dev/recipients",
            "RELAY_QUEUE_URL": emulator.client("sqs").create_queue(
                QueueName=f"queue-{uuid.uuid4()}"
            )["QueueUrl"],
            "AWS_ENDPOINT_URL_SESV2": ses.url,
            "POWERTOOLS_SERVICE_NAME": f"relay-{uuid.uuid4()}",
        }.items():
            monkeypatch.setenv(name, value)

    def test_a_mail_goes_all_the_way(
        self, emulator: Emulator, buckets: dict[str, str], ses: AnsweringServer
    ) -> None:
        key = "incoming/m1"
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=mail())
        event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
        assert failed_ids(relay_function.handler(event, CONTEXT)) == []
        (request,) = ses.requests
        assert request["Destination"] == {"ToAddresses": ["bob@example.net"]}
        with urllib.request.urlopen(link_in(request), timeout=10) as answer:  # noqa: S310 - a loopback URL
            assert answer.read() == b"content\n"

    def test_a_recipient_that_was_throttled_is_served_at_the_next_try(
        self, emulator: Emulator, buckets: dict[str, str], ses: AnsweringServer
    ) -> None:
        ses.choose = lambda request: (
            ses_error("SendingPausedException", 400, "paused")
            if len(ses.requests) < 3 and request["Destination"]["ToAddresses"] == ["b@example.net"]
            else ses_sent()
        )
        key = "incoming/m1"
        raw = mail(recipients="a@example.net,b@example.net")
        emulator.client("s3").put_object(Bucket=buckets["incoming"], Key=key, Body=raw)
        event = {"Records": [sqs_record(body_for(key, buckets["incoming"]))]}
        for _ in range(2):
            assert failed_ids(relay_function.handler(event, CONTEXT)) == []
        recipients = [request["Destination"]["ToAddresses"][0] for request in ses.requests]
        assert Counter(recipients) == Counter({"a@example.net": 1, "b@example.net": 2})
        assert recipients[2] == "b@example.net"

    @pytest.mark.parametrize(
        ("variable", "value", "named"),
        [
            ("RELAY_SENDER_ADDRESS", None, "RELAY_SENDER_ADDRESS"),
            ("RELAY_INCOMING_BUCKET", None, "RELAY_INCOMING_BUCKET"),
            ("RELAY_MAX_RECIPIENTS", "many", "RELAY_MAX_RECIPIENTS"),
            ("RELAY_MAX_RECIPIENTS", "0", "max_recipients"),
        ],
    )
    def test_a_wrong_variable_is_an_error_of_the_function_that_names_it_for_every_record(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        variable: str,
        value: str | None,
        named: str,
    ) -> None:
        if value is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, value)
        event = {"Records": [sqs_record("x", "a"), sqs_record("y", "b")]}
        # Lambda keeps the whole batch on the queue, and counts an error, which an alarm watches.
        with pytest.raises(relay_function.UnusableEnvironment, match=named) as raised:
            relay_function.handler(event, CONTEXT)
        told = "".join(traceback.format_exception(raised.value))
        assert "secret@in.example.com" not in told
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        endings = [line for line in lines if "outcome" in line]
        assert [(line["sqs_message_id"], line["outcome"]) for line in endings] == [
            ("a", "failed"),
            ("b", "failed"),
        ]
        assert all(named in line["reason"] for line in endings)
        assert "secret@in.example.com" not in json.dumps(lines)

    def test_an_unknown_log_level_is_named_and_stops_no_mail(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        buckets: dict[str, str],
    ) -> None:
        monkeypatch.setenv("LOG_LEVEL", "LOUD")
        body = body_for("incoming/AMAZON_SES_SETUP_NOTIFICATION", buckets["incoming"])
        assert failed_ids(relay_function.handler({"Records": [sqs_record(body)]}, CONTEXT)) == []
        assert '"message":"LOG_LEVEL is unknown, INFO is used"' in capsys.readouterr().out

    def test_a_container_that_was_unusable_works_once_it_is_mended(
        self, monkeypatch: pytest.MonkeyPatch, buckets: dict[str, str]
    ) -> None:
        event = {
            "Records": [
                sqs_record(body_for("incoming/AMAZON_SES_SETUP_NOTIFICATION", buckets["incoming"]))
            ]
        }
        with monkeypatch.context() as broken:
            broken.delenv("RELAY_STACK")
            with pytest.raises(relay_function.UnusableEnvironment):
                relay_function.handler(event, CONTEXT)
        assert failed_ids(relay_function.handler(event, CONTEXT)) == []


def link_in(request: dict[str, Any]) -> str:
    """The first URL in the plain text of a submitted mail."""
    message = message_from_bytes(
        base64.b64decode(request["Content"]["Raw"]["Data"]), policy=policy.default
    )
    body = message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return next(str(word) for word in body.get_content().split() if word.startswith("http"))


def test_importing_the_function_needs_no_environment() -> None:
    subprocess.run(
        [sys.executable, "-W", "error", "-c", "import adapters.relay_function"],
        env={"PATH": os.environ["PATH"]},
        check=True,
        timeout=60,
    )
