"""Systems Manager: the life of a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import ssm as create

from .lifecycle import Change, Existing, Lifecycle, deleted_by, no_update, updated_by


def _put(change: Change, account: Account) -> Mapping[str, Any]:
    made = account.client("ssm").put_parameter(**create.parameter_of(change.new), Overwrite=True)
    return {"version": made["Version"]}


def _read(parameter: Existing, account: Account) -> Mapping[str, Any]:
    found = account.client("ssm").get_parameter(Name=parameter.id, WithDecryption=True)
    plain = parameter.state.get("insecureValue") is not None
    return {"insecureValue" if plain else "value": found["Parameter"]["Value"]}


LIFECYCLES: dict[str, Lifecycle] = {
    "aws:ssm/parameter:Parameter": Lifecycle(
        create=create.parameter,
        read=_read,
        delete=deleted_by("ssm", "delete_parameter", Name="id"),
        source="internal/service/ssm/parameter.go",
        replaced_by=frozenset({"name", "dataType"}),
        # The tier is not supported: from advanced to standard, the parameter is replaced.
        updates={
            **updated_by(
                _put,
                *("allowedPattern", "description", "insecureValue", "keyId", "type", "value"),
            ),
            **no_update("overwrite", because="an update overwrites in any case"),
        },
        named_by="name",
    ),
}
