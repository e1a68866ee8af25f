"""KMS: keys and their aliases.

The emulator's buckets, queues and topics store the name of their encryption key but do not use it.
So a key's policy has an effect only where KMS itself is called.
"""

from __future__ import annotations

from .declared import Account, Created, Creator, Declared


def key(declared: Declared, account: Account) -> Created:
    """`aws.kms.Key`."""
    kms = account.client("kms")
    made = kms.create_key(
        Tags=[{"TagKey": name, "TagValue": value} for name, value in declared.tags().items()],
        **declared.renamed(
            {
                "bypassPolicyLockoutSafetyCheck": "BypassPolicyLockoutSafetyCheck",
                "customerMasterKeySpec": "KeySpec",
                "description": "Description",
                "keyUsage": "KeyUsage",
                "multiRegion": "MultiRegion",
                "policy": "Policy",
            }
        ),
    )["KeyMetadata"]
    if declared.get("enableKeyRotation"):
        kms.enable_key_rotation(
            KeyId=made["KeyId"],
            **declared.renamed({"rotationPeriodInDays": "RotationPeriodInDays"}),
        )
    declared.leave_out("deletionWindowInDays", because="it acts when a stack is destroyed")
    return Created(made["KeyId"], {"keyId": made["KeyId"], "arn": made["Arn"]})


def alias(declared: Declared, account: Account) -> Created:
    """`aws.kms.Alias`."""
    name, target = declared.physical_name(), declared.require("targetKeyId")
    account.client("kms").create_alias(AliasName=name, TargetKeyId=target)
    arn = f"arn:aws:kms:{account.region}:{account.account_id}:{name}"
    return Created(name, {"name": name, "arn": arn, "targetKeyArn": key_arn(account, target)})


def key_arn(account: Account, key_id: str) -> str:
    """The ARN of a key, given by its id or its ARN."""
    if key_id.startswith("arn:"):
        return key_id
    return f"arn:aws:kms:{account.region}:{account.account_id}:key/{key_id}"


CREATORS: dict[str, Creator] = {
    "aws:kms/key:Key": key,
    "aws:kms/alias:Alias": alias,
}
