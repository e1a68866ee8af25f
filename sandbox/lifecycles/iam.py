"""IAM: the lives of roles, users, their inline policies, and access keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import iam as create

from .lifecycle import (
    ON_DELETION,
    Change,
    Existing,
    Lifecycle,
    Updater,
    deleted_by,
    found_by,
    no_update,
    updated_by,
    updated_by_put,
)


def _role_policy(change: Change, account: Account) -> Mapping[str, Any]:
    account.client("iam").update_assume_role_policy(
        RoleName=change.id, PolicyDocument=change.new.require("assumeRolePolicy")
    )
    return {}


def _boundary_of(kind: str) -> Updater:
    def update(change: Change, account: Account) -> Mapping[str, Any]:
        iam, identity = account.client("iam"), {f"{kind.title()}Name": change.id}
        if boundary := change.new.get("permissionsBoundary"):
            put = getattr(iam, f"put_{kind}_permissions_boundary")
            put(**identity, PermissionsBoundary=boundary)
        else:
            getattr(iam, f"delete_{kind}_permissions_boundary")(**identity)
        return {}

    return update


def _delete_user(user: Existing, account: Account) -> None:
    """Delete a user. IAM refuses one with keys; with `forceDestroy` these are deleted first."""
    iam = account.client("iam")
    if user.state.get("forceDestroy"):
        for key in iam.list_access_keys(UserName=user.id)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user.id, AccessKeyId=key["AccessKeyId"])
            account.smtp_passwords.pop(key["AccessKeyId"], None)
    iam.delete_user(UserName=user.id)


def _read_key(key: Existing, account: Account) -> Mapping[str, Any] | None:
    found = account.client("iam").list_access_keys(UserName=key.state["user"])
    there = {one["AccessKeyId"] for one in found["AccessKeyMetadata"]}
    return {} if key.id in there else None


def _delete_key(key: Existing, account: Account) -> None:
    account.smtp_passwords.pop(key.id, None)
    account.client("iam").delete_access_key(UserName=key.state["user"], AccessKeyId=key.id)


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:iam/role:Role": Lifecycle(
        create=create.role,
        read=found_by("iam", "get_role", RoleName="id"),
        delete=deleted_by("iam", "delete_role", RoleName="id"),
        source="internal/service/iam/role.go",
        replaced_by=frozenset({"name", "namePrefix", "path"}),
        updates={
            **updated_by(_role_policy, "assumeRolePolicy"),
            **updated_by(_boundary_of("role"), "permissionsBoundary"),
        },
        named_by="name",
        longest_name=64,
    ),
    "aws:iam/rolePolicy:RolePolicy": Lifecycle(
        create=create.role_policy,
        read=found_by("iam", "get_role_policy", RoleName="role", PolicyName="name"),
        delete=deleted_by("iam", "delete_role_policy", RoleName="role", PolicyName="name"),
        source="internal/service/iam/role_policy.go",
        replaced_by=frozenset({"name", "namePrefix", "role"}),
        updates=updated_by_put(create.role_policy, "policy"),
        named_by="name",
        longest_name=128,
    ),
    "aws:iam/user:User": Lifecycle(
        create=create.user,
        read=found_by("iam", "get_user", UserName="id"),
        delete=_delete_user,
        source="internal/service/iam/user.go",  # name and path change in place there
        updates={
            **updated_by(_boundary_of("user"), "permissionsBoundary"),
            **no_update("forceDestroy", because=ON_DELETION),
        },
        named_by="name",
        longest_name=64,
    ),
    "aws:iam/userPolicy:UserPolicy": Lifecycle(
        create=create.user_policy,
        read=found_by("iam", "get_user_policy", UserName="user", PolicyName="name"),
        delete=deleted_by("iam", "delete_user_policy", UserName="user", PolicyName="name"),
        source="internal/service/iam/user_policy.go",
        replaced_by=frozenset({"name", "namePrefix", "user"}),
        updates=updated_by_put(create.user_policy, "policy"),
        named_by="name",
        longest_name=128,
    ),
    "aws:iam/accessKey:AccessKey": Lifecycle(
        create=create.access_key,
        read=_read_key,
        delete=_delete_key,
        source="internal/service/iam/access_key.go",
        replaced_by=frozenset({"user", "pgpKey"}),
    ),
}
