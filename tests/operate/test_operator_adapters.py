"""The operator's adapters of S3 and SQS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from adapters.aws.errors import Fault, adapter_error
from adapters.aws.sqs import Received, parse_record
from adapters.aws.sqs_record import SQSRecord
from adapters.operator.account import (
    Retention,
    S3Objects,
    S3Retention,
    caller_arn,
    explain,
    format_notification,
)
from relay_core.errors import AdapterError, Conflict, PermanentError, TransientError
from relay_core.keys import (
    MessageId,
    RawKey,
    attachments_prefix,
    manifest_key,
    manifest_prefix,
    message_id_in,
    message_id_of,
)
from tests.fakes import MemoryWorld
from tests.operate.deployed import Deployed
from tests.operate.messages.test_revocation_meanwhile import SETTINGS, mail

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
def test_the_message_id_follows_from_a_manifests_key(message_id: MessageId) -> None:
    assert message_id == message_id_in(manifest_key(message_id))
    assert manifest_key(message_id).startswith(manifest_prefix(message_id[:3]))


@pytest.mark.parametrize("key", ["manifests/a.txt", "windows/a.json", "a.json", ""])
def test_no_message_id_follows_from_another_key(key: str) -> None:
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


class TestRetention:
    def read(self, deployed: Deployed) -> Retention:
        s3 = deployed.emulator.client("s3")
        return S3Retention(client=s3, bucket=deployed.attachments).read()

    def test_a_bucket_without_a_lifecycle_keeps_all(self, deployed: Deployed) -> None:
        assert self.read(deployed).days("links/a") is None

    def test_it_is_that_of_the_first_rule_that_ends_an_object(self, deployed: Deployed) -> None:
        def rule(name: str, days: int, status: str = "Enabled", **rest: Any) -> dict[str, Any]:
            return {"ID": name, "Status": status, "Expiration": {"Days": days}, **rest}

        uploads = rule("uploads", 0, Filter={"Prefix": ""})
        uploads["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": 1}
        del uploads["Expiration"]
        deployed.emulator.client("s3").put_bucket_lifecycle_configuration(
            Bucket=deployed.attachments,
            LifecycleConfiguration={
                "Rules": [
                    rule("all", 14, Filter={"Prefix": ""}),
                    rule("links", 7, Filter={"Prefix": "links/"}),
                    rule("longer", 30, Filter={"Prefix": "links/"}),
                    rule("off", 1, "Disabled", Filter={"Prefix": ""}),
                    uploads,
                ]
            },
        )
        retention = self.read(deployed)
        assert (7, 14) == (retention.days("links/a"), retention.days("attachments/m1/0/a"))

    @pytest.mark.parametrize(
        ("rule", "key", "days"),
        [
            ({"Filter": {"And": {"Prefix": "a/", "Tags": []}}}, "a/b", 3),
            ({"Filter": {"And": {"Prefix": "a/", "Tags": []}}}, "b", None),
            ({"Filter": {"Tag": {"Key": "k", "Value": "v"}}}, "b", 3),
            ({"Prefix": "a/"}, "a/b", 3),
            ({"Prefix": "a/"}, "b", None),
            ({}, "b", 3),
        ],
    )
    def test_every_way_to_say_what_a_rule_is_about(
        self, rule: dict[str, Any], key: str, days: int | None
    ) -> None:
        whole = {"ID": "x", "Status": "Enabled", "Expiration": {"Days": 3}, **rule}

        class Client:
            def get_bucket_lifecycle_configuration(self, **_: str) -> dict[str, Any]:
                return {"Rules": [whole]}

        client: Any = Client()
        assert days == S3Retention(client=client, bucket="b").read().days(key)


def test_attachments_lie_where_they_are_looked_for() -> None:
    world = MemoryWorld()
    world.relay(mail(), SETTINGS)
    (key,) = world.attachments.attachments
    assert key.startswith(attachments_prefix(MessageId("0abc")))


def test_who_works_is_who_the_credentials_are(deployed: Deployed, tmp_path: Path) -> None:
    # GetCallerIdentity needs no permission; the emulator does not accept an empty policy.
    nothing = [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]
    ready = json.loads(deployed.as_user(nothing, tmp_path).ready_file.read_text())["aws"]
    client = boto3.client(
        "sts",
        endpoint_url=ready["endpoint"],
        region_name=ready["region"],
        aws_access_key_id=ready["access_key_id"],
        aws_secret_access_key=ready["secret_access_key"],
    )
    assert "user/operator-" in caller_arn(client)
    client.close()


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
        (client_error("AccessDenied", 403), "the rights that docs/relayctl.md lists"),
        (client_error("NoSuchBucket", 404), "outputs of the right stack"),
        (client_error("ExpiredToken", 403), "--profile"),
        (client_error("SlowDown", 503), "in a minute"),
        (client_error("InternalError", 500), "run the command again"),
        (EndpointConnectionError(endpoint_url="http://x"), "run the command again"),
        (client_error("InvalidArgument", 400), "outputs of the right stack"),
    ],
)
def test_an_operator_gets_an_operators_advice(
    cause: ClientError | EndpointConnectionError, words: str
) -> None:
    error = raised(adapter_error(cause, call="s3:PutObject", target="k"), cause)
    message = explain(error)
    assert message.startswith("s3:PutObject on k: ")
    assert words in message
    assert not any(fault.advice in message for fault in Fault)
    assert "\n" not in message


def test_the_cause_behind_an_adapters_own_error_counts() -> None:
    cause = client_error("ParameterNotFound", 400)
    first = raised(adapter_error(cause, call="ssm:GetParameter", target="/k"), cause)
    second = TransientError(call=first.call, target=first.target, detail=first.detail)
    message = explain(raised(second, first))
    assert "outputs of the right stack" in message
    assert not any(fault.advice in message for fault in Fault)


def test_other_errors_are_reported_unchanged() -> None:
    conflict = Conflict(call="s3:PutObject", target="k", detail="412; the queue tries again")
    assert (
        "s3:PutObject on k: it was changed by another process at the same time; run the command"
        " again"
    ) == explain(raised(conflict, client_error("PreconditionFailed", 412)))
    error = PermanentError(call="s3:GetObject", target="k", detail="no manifest")
    error.add_note("look at it")
    assert "s3:GetObject on k: no manifest; look at it" == explain(error)
