"""Whether a service may use the KMS key of a bucket that it writes to, by the key's policy.

The sandbox calls the emulator in place of SES, as the account's root, which has every permission.
SES itself needs a statement of the key's policy (SES guide, "Giving permissions to Amazon SES for
email receiving", "Encrypted mail"). Without it the mail is not stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .iam import Request, is_allowed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from sandbox.create import Account

_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
"""The actions for storing; Decrypt for large objects, which are written in parts."""


def require_use_of_key(account: Account, bucket: str, *, service: str) -> None:
    """Check that the bucket has no customer managed key, or that the service may use it.

    Raises:
        ClientError: S3's error for an object that the service may not encrypt.
    """
    key = _key_of(account.client("s3"), bucket)
    if key is None:
        return
    policy = json.loads(account.client("kms").get_key_policy(KeyId=key)["Policy"])
    statements = [one for one in policy["Statement"] if _is_for(one, service)]
    for action in _ACTIONS:
        request = Request(
            action=action, resource=key, context={"aws:SourceAccount": (account.account_id,)}
        )
        if not is_allowed(request, [{"Statement": statements}]):
            message = f"{service} is not authorized to perform: {action} on resource: {key}"
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, "PutObject")


def _key_of(s3: S3Client, bucket: str) -> str | None:
    try:
        found = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    except ClientError as error:
        if "NotFound" in str(error.response["Error"].get("Code")):
            return None
        raise
    for rule in found["Rules"]:
        if key := rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID"):
            return key
    return None


def _is_for(statement: Mapping[str, Any], service: str) -> bool:
    principal = statement.get("Principal")
    named = principal.get("Service", ()) if isinstance(principal, Mapping) else ()
    return service in ([named] if isinstance(named, str) else named)
