"""SQS: the lives of queues and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account, Creator
from sandbox.create import sqs as create

from .lifecycle import (
    Change,
    Deleter,
    Existing,
    Lifecycle,
    deleted_by,
    found_by,
    updated_by,
    updated_by_put,
)

_WITHOUT = {
    "kmsMasterKeyId": "",
    "policy": "",
    "redriveAllowPolicy": "",
    "redrivePolicy": "",
    "sqsManagedSseEnabled": "false",
}
"""The value of an attribute that is no longer declared; other attributes have none."""


def _set_attributes(change: Change, account: Account) -> Mapping[str, Any]:
    declared = create.attributes(change.new)
    attributes = {
        name: declared[name] if name in declared else _WITHOUT[key]
        for key, name in create.ATTRIBUTES.items()
        if key in change.keys
    }
    account.client("sqs").set_queue_attributes(QueueUrl=change.id, Attributes=attributes)
    return {}


def _read_queue(queue: Existing, account: Account) -> Mapping[str, Any]:
    found = account.client("sqs").get_queue_attributes(QueueUrl=queue.id, AttributeNames=["All"])[
        "Attributes"
    ]
    return {
        key: int(found[create.ATTRIBUTES[key]])
        for key in ("messageRetentionSeconds", "visibilityTimeoutSeconds")
        if queue.state.get(key) is not None
    }


def _without(attribute: str) -> Deleter:
    def delete(existing: Existing, account: Account) -> None:
        account.client("sqs").set_queue_attributes(
            QueueUrl=existing.id, Attributes={attribute: ""}
        )

    return delete


def _of_a_queue(create_: Creator, file: str, attribute: str, key: str) -> Lifecycle:
    return Lifecycle(
        create=create_,
        read=found_by("sqs", "get_queue_attributes", QueueUrl="queueUrl"),
        delete=_without(attribute),
        source=f"internal/service/sqs/{file}.go",
        replaced_by=frozenset({"queueUrl"}),
        updates=updated_by_put(create_, key),
    )


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:sqs/queue:Queue": Lifecycle(
        create=create.queue,
        read=_read_queue,
        delete=deleted_by("sqs", "delete_queue", QueueUrl="id"),
        source="internal/service/sqs/queue.go",
        replaced_by=frozenset({"name", "namePrefix", "fifoQueue"}),
        updates=updated_by(_set_attributes, *create.ATTRIBUTES),
        named_by="name",
        longest_name=80,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _of_a_queue(
        create.queue_policy, "queue_policy", "Policy", "policy"
    ),
    "aws:sqs/redrivePolicy:RedrivePolicy": _of_a_queue(
        create.redrive_policy, "queue_redrive_policy", "RedrivePolicy", "redrivePolicy"
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _of_a_queue(
        create.redrive_allow_policy,
        "queue_redrive_allow_policy",
        "RedriveAllowPolicy",
        "redriveAllowPolicy",
    ),
}
