"""A private bucket: TLS only, encrypted, no public access, expiry by age.

Each aspect of a bucket is a separate resource in pulumi-aws 7. S3 answers concurrent changes of
one bucket with `OperationAborted`, so the policy waits for the public-access block. Without that
block, S3 could also refuse the policy.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents

_SIDES = (
    *("acl", "grants", "lifecycleRules", "policy"),
    *("serverSideEncryptionConfiguration", "versioning"),
)
"""Inputs of the bucket that are separate resources here.

A refresh still reads them into the bucket's state. The program does not set them there, so a later
`up` removed them (pulumi-aws, issues 2128 and 6244).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWriter:
    """An AWS service that may put objects under `key_prefix`, on behalf of one of our resources.

    `account` and `source_arn`, which may contain wildcards, prevent that the service writes here
    on behalf of another account (IAM guide, "The confused deputy problem").
    """

    service: str
    key_prefix: str
    account: pulumi.Input[str]
    source_arn: pulumi.Input[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateBucketArgs:
    """`retention_days`: the age at which objects under `expiring_prefix` ("" is all) expire.

    `force_destroy` deletes the bucket's objects with it. `key_arn` is the encryption key, None for
    S3's own.
    """

    retention_days: int
    expiring_prefix: str = ""
    writer: ServiceWriter | None = None
    force_destroy: bool = False
    key_arn: pulumi.Input[str] | None = None


class PrivateBucket(pulumi.ComponentResource):
    """The bucket. Resources that store objects in it depend on `ready`: its policy and encryption.

    S3 encrypts an object by the bucket's setting when it is stored, and never again.
    """

    bucket_name: pulumi.Output[str]
    arn: pulumi.Output[str]
    ready: tuple[pulumi.Resource, ...]

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:storage:PrivateBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            name,
            force_destroy=args.force_destroy,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=list(_SIDES)),
        )
        access_block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name,
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[_encryption(args.key_arn)],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": args.expiring_prefix},
                    "expiration": {"days": args.retention_days},
                },
                {
                    # Parts of an incomplete upload are not objects and need their own rule.
                    "id": "abort-incomplete-uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                },
            ],
            opts=child,
        )
        objects = pulumi.Output.concat(bucket.arn, "/*")
        statements = [policy_documents.deny_without_tls("s3:*", [bucket.arn, objects])]
        if args.writer is not None:
            statements.append(_put_by(args.writer, bucket.arn))
        policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.bucket,
            policy=policy_documents.document(*statements),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access_block]),
        )
        self.ready = (policy, encryption)
        self.bucket_name = bucket.bucket
        self.arn = bucket.arn
        self.register_outputs({"bucketName": self.bucket_name, "arn": self.arn})


def _encryption(
    key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key_arn,
        },
        # One KMS call for many objects: calls are limited and charged.
        "bucket_key_enabled": True,
    }


def _put_by(writer: ServiceWriter, bucket_arn: pulumi.Output[str]) -> policy_documents.Statement:
    return policy_documents.allow(
        "PutByService",
        ["s3:PutObject"],
        [pulumi.Output.concat(bucket_arn, f"/{writer.key_prefix}*")],
        service=writer.service,
        condition={
            "StringEquals": {"aws:SourceAccount": writer.account},
            "ArnLike": {"aws:SourceArn": writer.source_arn},
        },
    )
