"""GuardDuty: the life of a malware protection plan, which is stored with the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import guardduty as create

from .lifecycle import Change, Existing, Lifecycle, updated_by


def _read(plan: Existing, account: Account) -> Mapping[str, Any] | None:
    bucket = _bucket(plan.state)
    return {} if any(one.bucket == bucket for one in account.malware_plans) else None


def _delete(plan: Existing, account: Account) -> None:
    bucket = _bucket(plan.state)
    account.malware_plans[:] = [one for one in account.malware_plans if one.bucket != bucket]


def _bucket(inputs: Mapping[str, Any]) -> str:
    return str(inputs["protectedResource"]["s3Bucket"]["bucketName"])


def _update(change: Change, account: Account) -> Mapping[str, Any]:
    _delete(Existing(id=change.id, state=change.old), account)
    create.malware_protection_plan(change.new, account)
    return {}


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan": Lifecycle(
        create=create.malware_protection_plan,
        read=_read,
        delete=_delete,
        source="internal/service/guardduty/malware_protection_plan.go",
        replaced_by=frozenset({"protectedResource.s3Bucket.bucketName"}),
        updates=updated_by(_update, "actions", "protectedResource", "role"),
    ),
}
