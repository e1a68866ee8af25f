"""The life of a resource whose provider is part of the program: calls that provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import activation as create

from .lifecycle import Change, Existing, Lifecycle, unchanged, updated_by


def _update(change: Change, account: Account) -> Mapping[str, Any]:
    new = create.properties(change.new)
    provider = create.provider(change.new.require("__provider"), account)
    provider.update(change.id, dict(change.old), new)
    return new


def _delete(activation: Existing, account: Account) -> None:
    provider = create.provider(activation.state["__provider"], account)
    provider.delete(activation.id, dict(activation.state))


def _drifted(inputs: Mapping[str, Any], account: Account) -> bool:
    properties = dict(inputs)
    found = create.provider(properties["__provider"], account)
    return bool(found.diff("activation", properties, properties).changes)


LIFECYCLES: dict[str, Lifecycle] = {
    "pulumi-python:dynamic/ses:Activation": Lifecycle(
        create=create.activation,
        read=unchanged,
        delete=_delete,
        source="infra/activation.py",
        updates=updated_by(_update, "account", "isOwn", "ruleSetName", "__provider"),
        drifted=_drifted,
    ),
}
