from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.aws.clients import Clients
from adapters.aws.sqs import (
    NoMail,
    Notification,
    Received,
    ScansDue,
    SqsReminders,
    SummaryDue,
    UnreadableRecord,
    parse_record,
    postpone,
    requeue,
)
from adapters.aws.sqs_record import SQSRecord
from relay_core.errors import AdapterError
from relay_core.keys import MessageId, RawKey, WindowKey
from sandbox.emulator.running import Emulator

BUCKET = "incoming-bucket"


def record_of(body: str) -> SQSRecord:
    return SQSRecord({"messageId": "sqs-1", "body": body})


def s3_event(key: str, *, bucket: str = BUCKET, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 3}},
    }


def parse(*events: dict[str, Any]) -> tuple[Notification, ...]:
    return parse_record(record_of(json.dumps({"Records": events})), incoming_bucket=BUCKET)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda k: k[-1] != "/")
)
@example("incoming/a b+c%41")
@example("incoming/ü")
def test_a_key_arrives_as_it_was_before_s3_encoded_it(key: str) -> None:
    raw_key = RawKey(f"incoming/{key}")
    assert (Received(raw_key=raw_key),) == parse(s3_event(quote_plus(raw_key, safe="/")))


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)),
        ("2026-01-02T04:04:05+01:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
        (7, None),
    ],
)
def test_a_mail_arrived_when_s3_says_so(time: object, expected: datetime | None) -> None:
    event = {**s3_event("incoming/a"), "eventTime": time}
    assert (Received(raw_key=RawKey("incoming/a"), arrived_at=expected),) == parse(event)


def test_several_entries_keep_their_order() -> None:
    expected = (Received(raw_key=RawKey("incoming/a")), Received(raw_key=RawKey("incoming/b")))
    assert expected == parse(s3_event("incoming/a"), s3_event("incoming/b"))


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (
            s3_event("incoming/AMAZON_SES_SETUP_NOTIFICATION"),
            "incoming/AMAZON_SES_SETUP_NOTIFICATION: SES writes it when the receipt rule is made",
        ),
        (s3_event("incoming/"), "incoming/: a folder marker, not a mail"),
        (
            s3_event("incoming/a", name="ObjectRemoved:Delete"),
            "ObjectRemoved:Delete of incoming/a: no new mail",
        ),
    ],
)
def test_what_is_no_mail_is_ignored_for_a_reason(event: dict[str, Any], reason: str) -> None:
    assert (NoMail(reason=reason),) == parse(event)


def test_the_test_event_of_s3_is_ignored() -> None:
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})
    (notification,) = parse_record(record_of(body), incoming_bucket=BUCKET)
    assert isinstance(notification, NoMail)


@pytest.mark.parametrize("name", ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"])
def test_every_way_of_creating_an_object_is_a_mail(name: str) -> None:
    assert (Received(raw_key=RawKey("incoming/a")),) == parse(s3_event("incoming/a", name=name))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no JSON",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"Records": []}',
        '{"Records": null}',
        '{"Records": [null]}',
        '{"Records": [{"eventName": "ObjectCreated:Put"}]}',
        '{"Records": [{"s3": {"bucket": "x"}}]}',
        json.dumps({"Event": "s3:TestEvent"}),
        json.dumps({"Event": "s3:TestEvent", "Bucket": "another"}),
        json.dumps({"Records": [s3_event("incoming/a", bucket="another")]}),
        json.dumps({"Records": [s3_event("incoming/a"), {}]}),
        json.dumps({"Records": [s3_event("incoming/%FF")]}),
        json.dumps({"Type": "Notification", "Message": "{}"}),
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_message(body: str) -> None:
    with pytest.raises(UnreadableRecord, match="SQS message sqs-1: no S3 notification of bucket"):
        parse_record(record_of(body), incoming_bucket=BUCKET)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Records", "Event", "s3", "bucket", "name", "object", "key"]), inner
        )
    ),
)


@given(json_values)
def test_a_body_of_any_shape_is_read_or_refused(body: object) -> None:
    try:
        parse_record(record_of(json.dumps(body)), incoming_bucket=BUCKET)
    except UnreadableRecord as error:
        assert "sqs-1" in error.target  # noqa: PT017 - no error is right as well


@pytest.mark.parametrize(
    ("record", "count"), [({"attributes": {"ApproximateReceiveCount": "3"}}, 3), ({}, 1)]
)
def test_the_receive_count(record: dict[str, Any], count: int) -> None:
    assert count == SQSRecord(record).receive_count


class TestPostpone:
    @pytest.fixture
    def queue(self, emulator: Emulator) -> str:
        url: str = emulator.client("sqs").create_queue(
            QueueName=f"queue-{uuid.uuid4()}", Attributes={"VisibilityTimeout": "600"}
        )["QueueUrl"]
        return url

    def test_a_postponed_message_comes_back_before_the_queues_own_timeout(
        self, emulator: Emulator, clients: Clients, queue: str
    ) -> None:
        sqs = emulator.client("sqs")
        sqs.send_message(QueueUrl=queue, MessageBody="x")
        record = receive_record(emulator, queue)
        postpone(clients.sqs, queue, record, timedelta(seconds=1))
        again = receive_record(emulator, queue)
        assert record.message_id == again.message_id

    def test_a_message_that_is_gone_is_named(
        self, emulator: Emulator, clients: Clients, queue: str
    ) -> None:
        sqs = emulator.client("sqs")
        sqs.send_message(QueueUrl=queue, MessageBody="x")
        record = receive_record(emulator, queue)
        sqs.delete_queue(QueueUrl=queue)
        with pytest.raises(AdapterError, match=f"SQS message {record.message_id}"):
            postpone(clients.sqs, queue, record, timedelta(seconds=1))


class TestSendAnew:
    @pytest.fixture
    def queue(self, emulator: Emulator) -> str:
        url: str = emulator.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4()}")[
            "QueueUrl"
        ]
        return url

    def test_it_is_another_message_that_says_the_same_and_was_never_tried(
        self, emulator: Emulator, clients: Clients, queue: str
    ) -> None:
        sqs = emulator.client("sqs")
        sqs.send_message(QueueUrl=queue, MessageBody='{"x": "ä"}')
        record = receive_record(emulator, queue)
        requeue(clients.sqs, queue, record, timedelta(seconds=1))
        again = receive_record(emulator, queue)
        assert record.body == again.body
        assert record.message_id != again.message_id
        assert again.receive_count == 1

    def test_no_delay_is_longer_than_sqs_can(
        self, emulator: Emulator, clients: Clients, queue: str
    ) -> None:
        emulator.client("sqs").send_message(QueueUrl=queue, MessageBody="x")
        requeue(clients.sqs, queue, receive_record(emulator, queue), timedelta(days=1))

    def test_a_queue_that_is_gone_is_an_error_that_names_the_message(
        self, emulator: Emulator, clients: Clients, queue: str
    ) -> None:
        sqs = emulator.client("sqs")
        sqs.send_message(QueueUrl=queue, MessageBody="x")
        record = receive_record(emulator, queue)
        sqs.delete_queue(QueueUrl=queue)
        with pytest.raises(
            AdapterError, match=f"sqs:SendMessage on SQS message {record.message_id}"
        ):
            requeue(clients.sqs, queue, record, timedelta(0))


class TestReminders:
    def test_a_reminder_comes_back_and_names_its_window(
        self, emulator: Emulator, clients: Clients
    ) -> None:
        queue = emulator.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4()}")["QueueUrl"]
        key = WindowKey("notices/20260102T030400Z-300s")
        SqsReminders(client=clients.sqs, queue_url=queue).remind(key, timedelta(seconds=-1))
        record = receive_record(emulator, queue)
        assert (SummaryDue(window=key),) == parse_record(record, incoming_bucket=BUCKET)

    def test_a_reminder_of_scans_comes_back_and_names_its_mail(
        self, emulator: Emulator, clients: Clients
    ) -> None:
        queue = emulator.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4()}")["QueueUrl"]
        due = ScansDue(message_id=MessageId("m1"), check_number=3)
        SqsReminders(client=clients.sqs, queue_url=queue).remind_of_scans(due, timedelta(0))
        record = receive_record(emulator, queue)
        assert (due,) == parse_record(record, incoming_bucket=BUCKET)

    def test_no_delay_is_longer_than_sqs_can(self, emulator: Emulator, clients: Clients) -> None:
        queue = emulator.client("sqs").create_queue(QueueName=f"queue-{uuid.uuid4()}")["QueueUrl"]
        reminders = SqsReminders(client=clients.sqs, queue_url=queue)
        reminders.remind(WindowKey("notices/x"), timedelta(days=1))

    def test_a_queue_that_is_gone_is_an_error(self, clients: Clients, emulator: Emulator) -> None:
        sqs = emulator.client("sqs")
        queue = sqs.create_queue(QueueName=f"queue-{uuid.uuid4()}")["QueueUrl"]
        sqs.delete_queue(QueueUrl=queue)
        with pytest.raises(AdapterError, match="sqs:SendMessage"):
            SqsReminders(client=clients.sqs, queue_url=queue).remind(
                WindowKey("notices/x"), timedelta(0)
            )


def receive_record(emulator: Emulator, queue: str) -> SQSRecord:
    """The next message of the queue, in the form of an event source mapping."""
    sqs = emulator.client("sqs")
    (message,) = sqs.receive_message(
        QueueUrl=queue, WaitTimeSeconds=10, AttributeNames=["ApproximateReceiveCount"]
    )["Messages"]
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    return SQSRecord(
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "eventSource": "aws:sqs",
            "eventSourceARN": answer["Attributes"]["QueueArn"],
        }
    )
