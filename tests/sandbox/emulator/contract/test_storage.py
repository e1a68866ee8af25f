from __future__ import annotations

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from sandbox.emulator.running import Emulator
from tests.sandbox.emulator.contract.resources import (
    allow,
    as_role,
    error_code,
    make_bucket,
    make_queue,
    make_role,
    messages,
    policy,
)
from tests.waiting import eventually


class TestStorage:
    def test_if_none_match_has_exactly_one_winner(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)

        def create(number: int) -> str:
            try:
                s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % number, IfNoneMatch="*")
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "won"

        with ThreadPoolExecutor(8) as pool:
            outcomes = sorted(pool.map(create, range(8)))
        assert outcomes.count("won") == 1
        assert set(outcomes) <= {"won", "PreconditionFailed", "ConditionalRequestConflict"}

    def test_if_match_is_compare_and_swap(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)
        first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
        second = s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=first)["ETag"]
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=first)
        assert error_code(caught) == "PreconditionFailed"
        found = s3.get_object(Bucket=bucket, Key="k")
        assert (found["Body"].read(), found["ETag"]) == (b"2", second)

    def test_a_multipart_upload_can_be_conditional(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)

        def upload(body: bytes) -> None:
            upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
            where = {"Bucket": bucket, "Key": "k", "UploadId": upload_id}
            tag = s3.upload_part(**where, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
            s3.complete_multipart_upload(**where, MultipartUpload=parts, IfNoneMatch="*")

        upload(b"first")
        with pytest.raises(ClientError) as caught:
            upload(b"second")
        assert error_code(caught) == "PreconditionFailed"
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"

    def test_an_absent_key_is_reported_to_who_may_list(self, emulator: Emulator) -> None:
        # Without s3:ListBucket, S3 answers AccessDenied; ministack says NoSuchKey there too.
        bucket = make_bucket(emulator)
        arn = f"arn:aws:s3:::{bucket}"
        role = make_role(emulator, allow("s3:GetObject", f"{arn}/*"), allow("s3:ListBucket", arn))
        with pytest.raises(ClientError) as caught:
            as_role(emulator, role, "s3").get_object(Bucket=bucket, Key="absent")
        assert error_code(caught) == "NoSuchKey"

    def test_a_role_may_do_only_what_its_policy_says(self, emulator: Emulator) -> None:
        bucket = make_bucket(emulator)
        role = make_role(emulator, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/mine/*"))
        s3 = as_role(emulator, role, "s3")
        s3.put_object(Bucket=bucket, Key="mine/1", Body=b"")
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Key="other/1", Body=b"")
        assert error_code(caught) == "AccessDenied"
        with pytest.raises(ClientError) as caught:
            s3.get_object(Bucket=bucket, Key="mine/1")
        assert error_code(caught) == "AccessDenied"

    def test_a_bucket_policy_denies_plain_http(self, emulator: Emulator) -> None:
        # So `sandbox.create.policies` leaves such statements out.
        bucket = make_bucket(emulator)
        arn = f"arn:aws:s3:::{bucket}"
        role = make_role(emulator, allow("s3:PutObject", f"{arn}/*"))
        tls_only = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        emulator.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy(tls_only))
        with pytest.raises(ClientError) as caught:
            as_role(emulator, role, "s3").put_object(Bucket=bucket, Key="k", Body=b"")
        assert error_code(caught) == "AccessDenied"


def presign(emulator: Emulator, *, lifetime: int) -> str:
    """A link to two bytes, good for `lifetime` seconds, signed with a role's credentials."""
    bucket, key = make_bucket(emulator), "attachments/1/rapport d'état.bin"
    emulator.client("s3").put_object(
        Bucket=bucket, Key=key, Body=b"\0\xff", ContentType="application/x-stored"
    )
    role = make_role(emulator, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    url: str = as_role(emulator, role, "s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket,
            "Key": key,
            "ResponseContentDisposition": "attachment; filename*=UTF-8''%C3%A9tat.bin",
            "ResponseContentType": "image/png",
        },
        ExpiresIn=lifetime,
    )
    return url


class TestPresignedLinks:
    def test_download_under_the_name_and_type_that_were_signed(self, emulator: Emulator) -> None:
        with open_url(presign(emulator, lifetime=60)) as response:
            assert response.read() == b"\0\xff"
            assert response.headers["Content-Type"] == "image/png"
            assert response.headers["Content-Disposition"] == (
                "attachment; filename*=UTF-8''%C3%A9tat.bin"
            )

    @pytest.mark.parametrize(
        "change",
        [("image%2Fpng", "text%2Fhtml"), ("Expires=60", "Expires=61"), ("/1/", "/2/")],
        ids=["type", "expiry", "key"],
    )
    def test_nothing_that_was_signed_can_be_changed(
        self, emulator: Emulator, change: tuple[str, str]
    ) -> None:
        link = presign(emulator, lifetime=60)
        changed = link.replace(*change)
        assert changed != link
        assert status_of(changed) == 403

    def test_end_when_they_expire(self, emulator: Emulator) -> None:
        link = presign(emulator, lifetime=1)
        eventually(lambda: status_of(link) == 403)


def open_url(url: str) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url)


def status_of(url: str) -> int:
    try:
        with open_url(url) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


class TestNotifications:
    def test_are_refused_until_the_queue_lets_the_bucket_send(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)
        queue_url, queue_arn = make_queue(emulator)
        configuration = {
            "QueueConfigurations": [
                {
                    "QueueArn": queue_arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}},
                }
            ]
        }

        def notify() -> None:
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=configuration
            )

        with pytest.raises(ClientError) as caught:
            notify()
        assert error_code(caught) == "InvalidArgument"

        from_bucket = allow(
            "sqs:SendMessage",
            queue_arn,
            Principal={"Service": "s3.amazonaws.com"},
            Condition={
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                "StringEquals": {"aws:SourceAccount": emulator.account_id},
            },
        )
        emulator.client("sqs").set_queue_attributes(
            QueueUrl=queue_url, Attributes={"Policy": policy(from_bucket)}
        )
        notify()
        key = "incoming/a b+é&=.eml"
        s3.put_object(Bucket=bucket, Key="other/1", Body=b"x")
        s3.put_object(Bucket=bucket, Key=key, Body=b"12345")

        bodies: list[Any] = []

        def records() -> list[Any]:
            bodies.extend(json.loads(m["Body"]) for m in messages(emulator, queue_url))
            return [record for body in bodies for record in body.get("Records", [])]

        (record,) = eventually(records)
        assert record["eventSource"] == "aws:s3"
        assert record["eventName"].startswith("ObjectCreated:")
        assert record["s3"]["bucket"]["name"] == bucket
        assert record["s3"]["object"]["size"] == 5
        assert record["s3"]["object"]["key"] != key
        assert unquote_plus(record["s3"]["object"]["key"]) == key
        # S3 sends a test event when a notification is configured.
        assert [body.get("Event") for body in bodies if "Records" not in body] in (
            ["s3:TestEvent"],
            [],
        )
