"""What only an operator needs of AWS: listing buckets, announcing a mail again, the caller's name.

The function never lists a bucket and never writes to its queue what S3 would write. An operator
does both, with rights of their own. None of this reads a mail: that a raw message is there, how
large it is and when it came, S3 tells in a listing (`s3:ListBucket`), so that nobody who
redelivers mail has to be allowed to read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from adapters.aws.errors import Fault, aws_call, error_code, fault_of
from adapters.aws.sqs import Received
from relay_core.errors import AdapterError, Conflict, PermanentError

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sts import STSClient


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object of a bucket: `size` in bytes; `stored_at` in UTC, cut to a second by S3."""

    key: str
    size: int
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Objects:
    """The objects of a bucket, in the order of the keys' UTF-8 bytes (S3 API, "ListObjectsV2")."""

    client: S3Client
    bucket: str

    def find(self, key: str) -> StoredObject | None:
        """The object under exactly this key, or None. Needs no right to read it."""
        with aws_call(call="s3:ListObjectsV2", target=f"{self.bucket}/{key}"):
            answer = self.client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        # Of all keys that begin with it, it is the first.
        for item in answer.get("Contents", ()):
            if item["Key"] == key:
                return StoredObject(key=key, size=item["Size"], stored_at=item["LastModified"])
        return None

    def beginning_with(self, prefix: str) -> Iterator[StoredObject]:
        """All objects with this key prefix, read lazily, a thousand a request."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix
        )
        with aws_call(call="s3:ListObjectsV2", target=f"{self.bucket}/{prefix}"):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield StoredObject(
                        key=item["Key"], size=item["Size"], stored_at=item["LastModified"]
                    )

    def read(self, key: str) -> bytes | None:
        """The object's content, or None if there is none."""
        with aws_call(call="s3:GetObject", target=f"{self.bucket}/{key}"):
            try:
                return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None

    def delete(self, keys: Sequence[str]) -> None:
        """Delete these objects, at most a thousand; a missing one is no error.

        Raises:
            PermanentError: if S3 refuses to delete one of them, which it names.
        """
        with aws_call(call="s3:DeleteObjects", target=self.bucket):
            answer = self.client.delete_objects(
                Bucket=self.bucket,
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            )
        for error in answer.get("Errors", ()):
            raise PermanentError(
                call="s3:DeleteObjects",
                target=f"{self.bucket}/{error.get('Key')}",
                detail=f"{error.get('Code')}: {error.get('Message')}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """After how many days objects expire, by prefix of their keys."""

    days_of: Mapping[str, int]

    def days(self, key: str) -> int | None:
        """After how many days an object with this key expires; None if it does not."""
        return min(
            (days for prefix, days in self.days_of.items() if key.startswith(prefix)),
            default=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Retention:
    """The lifecycle of a bucket (S3 User Guide, "Lifecycle configuration elements")."""

    client: S3Client
    bucket: str

    def read(self) -> Retention:
        """The retention of the bucket, as its lifecycle in S3 says."""
        with aws_call(call="s3:GetBucketLifecycleConfiguration", target=self.bucket):
            try:
                answer = self.client.get_bucket_lifecycle_configuration(Bucket=self.bucket)
            except ClientError as error:
                if error_code(error) != "NoSuchLifecycleConfiguration":
                    raise
                return Retention(days_of={})
        days_of: dict[str, int] = {}
        for rule in answer["Rules"]:
            days = rule.get("Expiration", {}).get("Days")
            if rule["Status"] == "Enabled" and days:
                prefix = _prefix(rule)
                days_of[prefix] = min(days, days_of.get(prefix, days))
        return Retention(days_of=days_of)


def _prefix(rule: LifecycleRuleOutputTypeDef) -> str:
    """The key prefix of a lifecycle rule, which may also filter by tags or sizes.

    That is left out, because the question is which objects may end, at the soonest.
    """
    found = rule.get("Filter", {})
    return found.get("Prefix") or found.get("And", {}).get("Prefix") or rule.get("Prefix", "")


def caller_arn(client: STSClient) -> str:
    """The ARN of the caller. The call needs no permission (STS API, "GetCallerIdentity")."""
    with aws_call(call="sts:GetCallerIdentity", target="the credentials"):
        return client.get_caller_identity()["Arn"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsNotifications:
    """The queue that S3 writes to when a mail arrives."""

    client: SQSClient
    queue_url: str
    incoming_bucket: str

    def announce(self, received: Received) -> None:
        """Put a raw message on the queue, as S3 did when it arrived.

        Raises:
            TransientError: if SQS does not take it.
            PermanentError: likewise.
        """
        with aws_call(call="sqs:SendMessage", target=f"{self.queue_url} for {received.raw_key}"):
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=format_notification(
                    received, self.incoming_bucket, region=self.client.meta.region_name
                ),
            )


def format_notification(received: Received, incoming_bucket: str, *, region: str) -> str:
    """S3's notification of a raw message (S3 User Guide, "Event message structure").

    The inverse of `sqs.parse_record` for a message that it reads as one mail.
    """
    entry = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": region,
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": {"name": incoming_bucket, "arn": f"arn:aws:s3:::{incoming_bucket}"},
            "object": {"key": quote_plus(received.raw_key, safe="/")},
        },
    }
    if received.arrived_at is not None:
        arrived_at = received.arrived_at.astimezone(UTC)
        entry["eventTime"] = arrived_at.isoformat().replace("+00:00", "Z")
    return json.dumps({"Records": [entry]})


_ADVICE = {
    Fault.THROTTLED: "AWS throttles the calls; run the command again in a minute",
    Fault.UNAVAILABLE: "AWS or the network failed; run the command again",
    Fault.CONTENDED: "another write was under way; run the command again",
    Fault.CREDENTIALS: (
        "'aws sts get-caller-identity' shows whose credentials these are; --profile selects others"
    ),
    Fault.STOPPED: "see the account dashboard of SES in this region",
    Fault.MISCONFIGURED: (
        "check that these are the outputs of the right stack, and that you have the rights that"
        " docs/relayctl.md lists"
    ),
    Fault.REJECTED: "check that these are the outputs of the right stack",
}


def explain(error: AdapterError) -> str:
    """The error with advice for an operator instead of that for the function, in one line."""
    text, cause = str(error), error.__cause__
    while isinstance(cause, AdapterError):  # one that an adapter made of another
        cause = cause.__cause__
    if isinstance(error, Conflict):
        text = (
            f"{error.call} on {error.target}: it was changed by another process at the same"
            " time; run the command again"
        )
    elif isinstance(cause, ClientError | BotoCoreError):
        fault = fault_of(cause)
        text = text.removesuffix(f" [{fault.advice}]") + f" [{_ADVICE[fault]}]"
    notes: list[str] = getattr(error, "__notes__", [])
    return " ".join("; ".join([text, *notes]).split())
