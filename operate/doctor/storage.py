"""The buckets: that SES may write, that the queue is notified, and their encryption.

S3 API, GetBucketPolicy, GetBucketNotificationConfiguration, GetBucketEncryption.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws.errors import aws_call, error_code
from relay_core.keys import INCOMING_PREFIX

from .checks import CheckContext
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning


def allows(policy: Mapping[str, Any], service: str, action: str) -> bool:
    """Whether a statement of a resource's policy lets a service do something."""
    return any(
        statement.get("Effect") == "Allow"
        and service in _values(_principal(statement).get("Service"))
        and action in _values(statement.get("Action"))
        for statement in policy.get("Statement", ())
    )


def _principal(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    principal = statement.get("Principal")
    return principal if isinstance(principal, dict) else {}


def _values(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


# --- Write permission ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePolicy:
    """The policy of the incoming bucket, empty where it has none."""

    bucket: str
    policy: Mapping[str, Any]


def read_policy(context: CheckContext) -> WritePolicy:
    """The incoming bucket's policy."""
    bucket = context.outputs.text("incomingBucket")
    with aws_call(call="s3:GetBucketPolicy", target=bucket):
        try:
            policy = json.loads(context.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
        except ClientError as error:
            if error_code(error) != "NoSuchBucketPolicy":
                raise
            policy = {}
    return WritePolicy(bucket=bucket, policy=policy)


def judge_policy(found: WritePolicy) -> Iterable[Verdict]:
    """Whether SES may store mail."""

    def problems() -> Iterator[Verdict]:
        if not allows(found.policy, "ses.amazonaws.com", "s3:PutObject"):
            yield problem(
                f"the policy of the bucket {found.bucket} does not let SES store mail in it",
                RESTORE,
            )

    return problems_or_ok(problems(), f"SES may store mail in {found.bucket}")


# --- Notifications ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """The queues that the incoming bucket notifies, with their events, and the expected queue."""

    bucket: str
    queue_arn: str
    queues: tuple[Mapping[str, Any], ...]


def read_notification(context: CheckContext) -> Notification:
    """The notifications of the incoming bucket."""
    bucket = context.outputs.text("incomingBucket")
    with aws_call(call="s3:GetBucketNotification", target=bucket):
        answer = context.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return Notification(
        bucket=bucket,
        queue_arn=context.queue_arn,
        queues=tuple(answer.get("QueueConfigurations", ())),
    )


def judge_notification(found: Notification) -> Iterable[Verdict]:
    """Whether the bucket announces each mail to the queue."""

    def is_notified(queue: Mapping[str, Any]) -> bool:
        rules = queue.get("Filter", {}).get("Key", {}).get("FilterRules", ())
        prefix = next((r["Value"] for r in rules if r["Name"].lower() == "prefix"), "")
        return (
            queue["QueueArn"] == found.queue_arn
            and "s3:ObjectCreated:*" in queue.get("Events", ())
            and INCOMING_PREFIX.startswith(prefix)
        )

    def problems() -> Iterator[Verdict]:
        if not any(map(is_notified, found.queues)):
            yield problem(
                f"the bucket {found.bucket} does not announce new mail to the queue: mail is"
                " stored, and is not relayed",
                f"{RESTORE}; then 'relayctl replay --unannounced' for what came in the meantime",
            )

    return problems_or_ok(problems(), f"{found.bucket} announces new mail to the queue")


# --- How they are encrypted ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """The algorithm and the key of a bucket; the key is empty where it is S3's own."""

    bucket: str
    algorithm: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Encrypted:
    """The buckets, and the state of each KMS key that they name (KMS API, DescribeKey)."""

    buckets: tuple[Encryption, ...]
    key_states: Mapping[str, str]


def read_encryption(context: CheckContext) -> Encrypted:
    """Both buckets, and their keys."""
    buckets = tuple(
        _encryption(context, context.outputs.text(name))
        for name in ("incomingBucket", "attachmentsBucket")
    )
    states = {}
    for key in dict.fromkeys(one.key for one in buckets if one.key):
        with aws_call(call="kms:DescribeKey", target=key):
            answer = context.client("kms").describe_key(KeyId=key)
        states[key] = str(answer["KeyMetadata"]["KeyState"])
    return Encrypted(buckets=buckets, key_states=states)


def _encryption(context: CheckContext, bucket: str) -> Encryption:
    with aws_call(call="s3:GetEncryptionConfiguration", target=bucket):
        try:
            answer = context.client("s3").get_bucket_encryption(Bucket=bucket)
        except ClientError as error:
            if error_code(error) != "ServerSideEncryptionConfigurationNotFoundError":
                raise
            return Encryption(bucket=bucket, algorithm="", key="")
    (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
    default = rule["ApplyServerSideEncryptionByDefault"]
    return Encryption(
        bucket=bucket,
        algorithm=default["SSEAlgorithm"],
        key=default.get("KMSMasterKeyID", ""),
    )


def judge_encryption(found: Encrypted) -> Iterable[Verdict]:
    """Whether both buckets encrypt in the same way, and the key can be used."""

    def problems() -> Iterator[Verdict]:
        for one in found.buckets:
            if not one.algorithm:
                yield warning(
                    f"the bucket {one.bucket} has no default encryption set: S3 encrypts with"
                    " its own keys",
                    RESTORE,
                )
        if len({(one.algorithm, one.key) for one in found.buckets}) > 1:
            listed = ", ".join(
                f"{one.bucket} by {one.algorithm or 'nothing'} {one.key}".rstrip()
                for one in found.buckets
            )
            yield warning(f"the buckets are encrypted in different ways: {listed}", RESTORE)
        for key, state in found.key_states.items():
            if state != "Enabled":
                yield problem(
                    f"the KMS key {key} is {state}: nothing that it encrypted can be read",
                    f"aws kms cancel-key-deletion --key-id {key};"
                    f" aws kms enable-key --key-id {key}",
                )

    algorithms = ", ".join(sorted({one.algorithm for one in found.buckets}))
    return problems_or_ok(problems(), f"both buckets are encrypted ({algorithms})")
