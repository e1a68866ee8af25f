"""S3: buckets and the resources that configure them."""

from __future__ import annotations

from typing import Any

from .declared import Account, Created, Creator, DeclarationError, Declared
from .policies import without_transport_denials


def bucket(declared: Declared, account: Account) -> Created:
    """`aws.s3.Bucket`."""
    s3 = account.client("s3")
    name = declared.physical_name("bucket")
    location = (
        {}
        if account.region == "us-east-1"  # S3 refuses this one region as a constraint
        else {"CreateBucketConfiguration": {"LocationConstraint": account.region}}
    )
    s3.create_bucket(Bucket=name, **location)
    if tags := declared.tag_list():
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    declared.leave_out("forceDestroy", because="it acts when a stack is destroyed")
    return Created(
        name,
        {
            "bucket": name,
            "arn": f"arn:aws:s3:::{name}",
            "bucketRegion": account.region,
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{name}.s3.{account.region}.amazonaws.com",
        },
    )


def lifecycle_configuration(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketLifecycleConfiguration`. The rules are stored; nothing expires here."""
    name = declared.require("bucket")
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={"Rules": [_lifecycle_rule(r) for r in declared.blocks("rules")]},
    )
    return Created(name)


def _lifecycle_rule(declared: Declared) -> dict[str, Any]:
    rule: dict[str, Any] = declared.renamed({"id": "ID", "status": "Status"})
    block = declared.block("filter")
    rule["Filter"] = {} if block is None else block.renamed({"prefix": "Prefix"})
    if block := declared.block("expiration"):
        rule["Expiration"] = block.renamed(
            {"days": "Days", "expiredObjectDeleteMarker": "ExpiredObjectDeleteMarker"}
        )
    if block := declared.block("abortIncompleteMultipartUpload"):
        rule["AbortIncompleteMultipartUpload"] = block.renamed(
            {"daysAfterInitiation": "DaysAfterInitiation"}
        )
    if block := declared.block("noncurrentVersionExpiration"):
        rule["NoncurrentVersionExpiration"] = block.renamed(
            {
                "noncurrentDays": "NoncurrentDays",
                "newerNoncurrentVersions": "NewerNoncurrentVersions",
            }
        )
    return rule


def encryption_configuration(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketServerSideEncryptionConfiguration`."""
    name = declared.require("bucket")
    rules = []
    for block in declared.blocks("rules"):
        rule = block.renamed({"bucketKeyEnabled": "BucketKeyEnabled"})
        if default := block.block("applyServerSideEncryptionByDefault"):
            rule["ApplyServerSideEncryptionByDefault"] = default.renamed(
                {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
            )
        rules.append(rule)
    account.client("s3").put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
    )
    return Created(name)


def public_access_block(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketPublicAccessBlock`."""
    name = declared.require("bucket")
    account.client("s3").put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration=declared.renamed(
            {
                "blockPublicAcls": "BlockPublicAcls",
                "blockPublicPolicy": "BlockPublicPolicy",
                "ignorePublicAcls": "IgnorePublicAcls",
                "restrictPublicBuckets": "RestrictPublicBuckets",
            }
        ),
    )
    declared.leave_out("skipDestroy", because="it acts when a stack is destroyed")
    return Created(name)


def ownership_controls(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketOwnershipControls`."""
    name = declared.require("bucket")
    rule = declared.block("rule")
    if rule is None:
        raise DeclarationError("input rule is missing")
    account.client("s3").put_bucket_ownership_controls(
        Bucket=name,
        OwnershipControls={"Rules": [{"ObjectOwnership": rule.require("objectOwnership")}]},
    )
    return Created(name)


def versioning(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketVersioning`."""
    name = declared.require("bucket")
    configuration = declared.block("versioningConfiguration")
    if configuration is None:
        raise DeclarationError("input versioningConfiguration is missing")
    account.client("s3").put_bucket_versioning(
        Bucket=name, VersioningConfiguration={"Status": configuration.require("status")}
    )
    return Created(name)


def policy(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketPolicy`, without its denial of plain HTTP (see `policies`)."""
    name = declared.require("bucket")
    if document := without_transport_denials(declared.require("policy")):
        account.client("s3").put_bucket_policy(Bucket=name, Policy=document)
    return Created(name)


def notification(declared: Declared, account: Account) -> Created:
    """`aws.s3.BucketNotification` to queues."""
    name = declared.require("bucket")
    account.client("s3").put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "QueueConfigurations": [_queue_notification(q) for q in declared.blocks("queues")]
        },
    )
    return Created(name)


def _queue_notification(declared: Declared) -> dict[str, Any]:
    configuration = declared.renamed({"id": "Id", "queueArn": "QueueArn", "events": "Events"})
    rules = [
        {"Name": kind, "Value": value}
        for kind, value in declared.renamed(
            {"filterPrefix": "prefix", "filterSuffix": "suffix"}
        ).items()
    ]
    if rules:
        configuration["Filter"] = {"Key": {"FilterRules": rules}}
    return configuration


CREATORS: dict[str, Creator] = {
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle_configuration,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        encryption_configuration
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": public_access_block,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ownership_controls,
    "aws:s3/bucketVersioning:BucketVersioning": versioning,
    "aws:s3/bucketPolicy:BucketPolicy": policy,
    "aws:s3/bucketNotification:BucketNotification": notification,
}
