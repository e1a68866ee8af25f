"""EventBridge: the lives of rules with a schedule, and of their targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import eventbridge as create

from .lifecycle import (
    ON_DELETION,
    Change,
    Existing,
    Lifecycle,
    deleted_by,
    found_by,
    no_update,
    updated_by,
)


def _put_rule(change: Change, account: Account) -> Mapping[str, Any]:
    account.client("events").put_rule(
        Name=change.id,
        **change.new.renamed(
            {
                "description": "Description",
                "scheduleExpression": "ScheduleExpression",
                "state": "State",
            }
        ),
    )
    return {}


def _put_target(change: Change, account: Account) -> Mapping[str, Any]:
    return create.event_target(change.new, account).outputs


def _read_target(target: Existing, account: Account) -> Mapping[str, Any] | None:
    found = account.client("events").list_targets_by_rule(Rule=target.state["rule"])["Targets"]
    for one in found:
        if one["Id"] == target.state["targetId"]:
            return {"arn": one["Arn"]}
    return None


def _remove_target(target: Existing, account: Account) -> None:
    account.client("events").remove_targets(
        Rule=target.state["rule"], Ids=[target.state["targetId"]]
    )


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:cloudwatch/eventRule:EventRule": Lifecycle(
        create=create.event_rule,
        read=found_by("events", "describe_rule", Name="id"),
        delete=deleted_by("events", "delete_rule", Name="id"),
        source="internal/service/events/rule.go",
        replaced_by=frozenset({"name", "namePrefix", "eventBusName"}),
        updates={
            **updated_by(_put_rule, "description", "scheduleExpression", "state"),
            **no_update("forceDestroy", because=ON_DELETION),
        },
        named_by="name",
        longest_name=64,
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Lifecycle(
        create=create.event_target,
        read=_read_target,
        delete=_remove_target,
        source="internal/service/events/target.go",
        replaced_by=frozenset({"rule", "targetId", "eventBusName"}),
        updates=updated_by(_put_target, "arn", "input"),
    ),
}
