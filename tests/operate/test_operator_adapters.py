"""What an operator needs of S3 and SQS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws_errors import Fault, adapter_error
from adapters.operator import (
    S3Objects,
    explain,
    format_notification,
    manifest_prefix,
    message_id_in,
)
from adapters.s3 import manifest_key
from adapters.sqs import Received, parse_record
from relay_core.errors import AdapterError, Conflict, PermanentError
from relay_core.manifest import MessageId
from relay_core.plan import message_id_of
from relay_core.ports import RawKey
from tests.operate.deployed import Deployed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    TEXT.filter(lambda key: key[-1] != "/" and not key.endswith("AMAZON_SES_SETUP_NOTIFICATION")),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_a_notification_is_read_as_what_it_announces(
    key: str, arrived_at: datetime | None
) -> None:
    received = Received(raw_key=RawKey(key), arrived_at=arrived_at)
    body = format_notification(received, "incoming", region="eu-central-1")
    record = SQSRecord({"messageId": "x", "body": body})
    assert (received,) == parse_record(record, incoming_bucket="incoming")


def test_a_notification_has_what_s3_would_tell() -> None:
    received = Received(raw_key=RawKey("a/b c"), arrived_at=datetime(2026, 1, 2, tzinfo=UTC))
    (entry,) = json.loads(format_notification(received, "in", region="eu-west-1"))["Records"]
    assert ("aws:s3", "eu-west-1", "ObjectCreated:Put", "2026-01-02T00:00:00Z") == tuple(
        entry[name] for name in ("eventSource", "awsRegion", "eventName", "eventTime")
    )
    assert ("in", "a/b+c") == (entry["s3"]["bucket"]["name"], entry["s3"]["object"]["key"])


@given(TEXT.map(RawKey).map(message_id_of))
def test_a_manifests_key_tells_its_message(message_id: MessageId) -> None:
    assert message_id == message_id_in(manifest_key(message_id))
    assert manifest_key(message_id).startswith(manifest_prefix(message_id[:3]))


@pytest.mark.parametrize("key", ["manifests/a.txt", "windows/a.json", "a.json", ""])
def test_another_key_tells_of_no_message(key: str) -> None:
    assert message_id_in(key) is None


class TestObjects:
    def test_one_is_found_by_its_whole_key_alone(self, deployed: Deployed) -> None:
        objects = S3Objects(client=deployed.emulator.client("s3"), bucket=deployed.incoming)
        for key in ("incoming/ab", "incoming/a+b ü/%41"):
            deployed.store_raw(key)
            found = objects.find(key)
            assert found is not None
            assert (key, 14, deployed.stored_at(key)) == (found.key, found.size, found.stored_at)
        for key in ("incoming/a", "incoming/abc", "incoming/", "z"):
            assert objects.find(key) is None

    def test_what_is_there_is_read(self, deployed: Deployed) -> None:
        objects = S3Objects(client=deployed.emulator.client("s3"), bucket=deployed.incoming)
        deployed.store_raw("incoming/a")
        assert b"Subject: x\r\n\r\n" == objects.read("incoming/a")
        assert objects.read("incoming/b") is None


def client_error(code: str, status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "no\nway"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "PutObject")


def raised(error: AdapterError, cause: Exception | None) -> AdapterError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (client_error("AccessDenied", 403), "the rights that README.md lists"),
        (client_error("NoSuchBucket", 404), "outputs of the right stack"),
        (client_error("ExpiredToken", 403), "--profile"),
        (client_error("SlowDown", 503), "in a minute"),
        (client_error("InternalError", 500), "run it again"),
        (EndpointConnectionError(endpoint_url="http://x"), "run it again"),
        (client_error("InvalidArgument", 400), "outputs of the right stack"),
    ],
)
def test_an_operator_gets_an_operators_advice(
    cause: ClientError | EndpointConnectionError, words: str
) -> None:
    error = raised(adapter_error(cause, call="s3:PutObject", target="k"), cause)
    told = explain(error)
    assert told.startswith("s3:PutObject on k: ")
    assert words in told
    assert not any(fault.advice in told for fault in Fault)
    assert "\n" not in told


def test_other_errors_are_told_as_they_are() -> None:
    conflict = Conflict(call="s3:PutObject", target="k", detail="412; the queue tries again")
    assert "s3:PutObject on k: somebody else writes it as well; run it again" == explain(
        raised(conflict, client_error("PreconditionFailed", 412))
    )
    error = PermanentError(call="s3:GetObject", target="k", detail="no manifest")
    error.add_note("look at it")
    assert "s3:GetObject on k: no manifest; look at it" == explain(error)
