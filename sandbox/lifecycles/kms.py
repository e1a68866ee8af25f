"""KMS: the lives of keys and their aliases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import kms as create

from .lifecycle import ON_DELETION, Change, Existing, Lifecycle, deleted_by, no_update, updated_by

_MAX_WINDOW = 30  # days, KMS's default


def _policy(change: Change, account: Account) -> Mapping[str, Any]:
    account.client("kms").put_key_policy(
        KeyId=change.id, PolicyName="default", Policy=change.new.require("policy")
    )
    return {}


def _description(change: Change, account: Account) -> Mapping[str, Any]:
    account.client("kms").update_key_description(
        KeyId=change.id, Description=change.new.get("description", "")
    )
    return {}


def _read_key(key: Existing, account: Account) -> Mapping[str, Any] | None:
    """None for a key with a scheduled deletion, as in the provider."""
    found = account.client("kms").describe_key(KeyId=key.id)["KeyMetadata"]
    return None if found["KeyState"] == "PendingDeletion" else {}


def _delete_key(key: Existing, account: Account) -> None:
    account.client("kms").schedule_key_deletion(
        KeyId=key.id,
        PendingWindowInDays=int(key.state.get("deletionWindowInDays") or _MAX_WINDOW),
    )


def _move_alias(change: Change, account: Account) -> Mapping[str, Any]:
    target = change.new.require("targetKeyId")
    account.client("kms").update_alias(AliasName=change.id, TargetKeyId=target)
    return {"targetKeyArn": create.key_arn(account, target)}


def _read_alias(alias: Existing, account: Account) -> Mapping[str, Any] | None:
    for page in account.client("kms").get_paginator("list_aliases").paginate():
        for one in page["Aliases"]:
            if one["AliasName"] == alias.id:
                return {"targetKeyId": one["TargetKeyId"]}
    return None


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:kms/key:Key": Lifecycle(
        create=create.key,
        read=_read_key,
        delete=_delete_key,
        source="internal/service/kms/key.go",
        replaced_by=frozenset(
            {"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"}
        ),
        updates={
            **updated_by(_policy, "policy"),
            **updated_by(_description, "description"),
            **no_update("deletionWindowInDays", because=ON_DELETION),
        },
    ),
    "aws:kms/alias:Alias": Lifecycle(
        create=create.alias,
        read=_read_alias,
        delete=deleted_by("kms", "delete_alias", AliasName="id"),
        source="internal/service/kms/alias.go",
        replaced_by=frozenset({"name", "namePrefix"}),
        updates=updated_by(_move_alias, "targetKeyId"),
        named_by="name",
    ),
}
