"""Route 53: the life of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account, Declared
from sandbox.create import route53 as create

from .lifecycle import Change, Existing, Lifecycle, no_update, updated_by


def _put(change: Change, account: Account) -> Mapping[str, Any]:
    create.change_record(account, "UPSERT", change.new)
    return {}


def _read(record: Existing, account: Account) -> Mapping[str, Any] | None:
    declared = Declared(record.id, record.state)
    return {} if create.find_record(account, declared) else None


def _delete(record: Existing, account: Account) -> None:
    create.change_record(account, "DELETE", Declared(record.id, record.state))


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:route53/record:Record": Lifecycle(
        create=create.record,
        read=_read,
        delete=_delete,
        source="internal/service/route53/record.go",  # there, the type is updated in place
        replaced_by=frozenset({"name", "zoneId"}),
        updates={
            **updated_by(_put, "aliases", "records", "ttl"),
            **no_update("allowOverwrite", because="it has an effect only on creation"),
        },
    ),
}
