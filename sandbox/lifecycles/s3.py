"""S3: the lives of buckets and of the resources that configure them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account, Creator, DeclarationError
from sandbox.create import s3 as create

from .lifecycle import (
    ON_DELETION,
    Deleter,
    Existing,
    Lifecycle,
    Reader,
    deleted_by,
    found_by,
    no_update,
    updated_by_put,
)


def _delete_bucket(bucket: Existing, account: Account) -> None:
    """Delete a bucket. S3 refuses a full one; with `forceDestroy` it is emptied first."""
    s3 = account.client("s3")
    if bucket.state.get("forceDestroy"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket.id):
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket.id, Key=item["Key"], VersionId=item["VersionId"])
    elif s3.list_objects_v2(Bucket=bucket.id, MaxKeys=1).get("Contents"):
        raise DeclarationError(
            f"BucketNotEmpty: the bucket {bucket.id} is not empty; with forceDestroy, which takes"
            " effect with the next up, its objects are deleted too"
        )
    s3.delete_bucket(Bucket=bucket.id)


def _remove_notification(notification: Existing, account: Account) -> None:
    account.client("s3").put_bucket_notification_configuration(
        Bucket=notification.id, NotificationConfiguration={}
    )


def _read_lifecycle(existing: Existing, account: Account) -> Mapping[str, Any]:
    """Days and states of the rules, to detect an operator's change."""
    found = account.client("s3").get_bucket_lifecycle_configuration(Bucket=existing.id)["Rules"]
    days = {rule.get("ID"): rule.get("Expiration", {}).get("Days") for rule in found}
    rules = [dict(rule) for rule in existing.state.get("rules", ())]
    for rule in rules:
        if "days" in rule.get("expiration", {}):
            rule["expiration"] = {**rule["expiration"], "days": days.get(rule.get("id"))}
    return {"rules": rules}


def _suspend_versioning(versioning: Existing, account: Account) -> None:
    """Suspend versioning as the provider does: it cannot be disabled once it was enabled."""
    if versioning.state["versioningConfiguration"]["status"] != "Disabled":
        account.client("s3").put_bucket_versioning(
            Bucket=versioning.state["bucket"], VersioningConfiguration={"Status": "Suspended"}
        )


def _of_a_bucket(
    create_: Creator, file: str, read: Reader, delete: Deleter, *, put: tuple[str, ...]
) -> Lifecycle:
    return Lifecycle(
        create=create_,
        read=read,
        delete=delete,
        source=f"internal/service/s3/{file}.go",
        replaced_by=frozenset({"bucket"}),
        updates=updated_by_put(create_, *put),
    )


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:s3/bucket:Bucket": Lifecycle(
        create=create.bucket,
        read=found_by("s3", "head_bucket", Bucket="id"),
        delete=_delete_bucket,
        source="internal/service/s3/bucket.go",
        replaced_by=frozenset({"bucket", "bucketPrefix", "objectLockEnabled"}),
        updates=no_update("forceDestroy", because=ON_DELETION),
        named_by="bucket",
        longest_name=63,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of_a_bucket(
        create.lifecycle_configuration,
        "bucket_lifecycle_configuration",
        _read_lifecycle,
        deleted_by("s3", "delete_bucket_lifecycle", Bucket="bucket"),
        put=("rules",),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _of_a_bucket(
            create.encryption_configuration,
            "bucket_server_side_encryption_configuration",
            found_by("s3", "get_bucket_encryption", Bucket="bucket"),
            deleted_by("s3", "delete_bucket_encryption", Bucket="bucket"),
            put=("rules",),
        )
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of_a_bucket(
        create.public_access_block,
        "bucket_public_access_block",
        found_by("s3", "get_public_access_block", Bucket="bucket"),
        deleted_by("s3", "delete_public_access_block", Bucket="bucket"),
        put=(
            *("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"),
            *("restrictPublicBuckets", "skipDestroy"),
        ),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _of_a_bucket(
        create.ownership_controls,
        "bucket_ownership_controls",
        found_by("s3", "get_bucket_ownership_controls", Bucket="bucket"),
        deleted_by("s3", "delete_bucket_ownership_controls", Bucket="bucket"),
        put=("rule",),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _of_a_bucket(
        create.versioning,
        "bucket_versioning",
        found_by("s3", "get_bucket_versioning", Bucket="bucket"),
        _suspend_versioning,
        put=("versioningConfiguration",),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _of_a_bucket(
        create.policy,
        "bucket_policy",
        # The policy may be empty here, without its denial of plain HTTP (`create.policies`).
        found_by("s3", "head_bucket", Bucket="bucket"),
        deleted_by("s3", "delete_bucket_policy", Bucket="bucket"),
        put=("policy",),
    ),
    "aws:s3/bucketNotification:BucketNotification": _of_a_bucket(
        create.notification,
        "bucket_notification",
        found_by("s3", "get_bucket_notification_configuration", Bucket="bucket"),
        _remove_notification,
        put=("queues",),
    ),
}
