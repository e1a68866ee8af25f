"""Systems Manager: the life of a parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.create import Account
from sandbox.create import ssm as create

from .life import Change, Existing, Life, by, deleted_by, nothing_to_do


def _put(change: Change, account: Account) -> Mapping[str, Any]:
    made = account.client("ssm").put_parameter(**create.parameter_of(change.new), Overwrite=True)
    return {"version": made["Version"]}


def _read(parameter: Existing, account: Account) -> Mapping[str, Any]:
    found = account.client("ssm").get_parameter(Name=parameter.id, WithDecryption=True)
    plain = parameter.state.get("insecureValue") is not None
    return {"insecureValue" if plain else "value": found["Parameter"]["Value"]}


LIVES: dict[str, Life] = {
    "aws:ssm/parameter:Parameter": Life(
        create=create.parameter,
        read=_read,
        delete=deleted_by("ssm", "delete_parameter", Name="id"),
        source="internal/service/ssm/parameter.go",
        replaced_by=frozenset({"name", "dataType"}),
        # The tier is not supported: from advanced to standard, the parameter is replaced.
        updates={
            **by(
                _put,
                *("allowedPattern", "description", "insecureValue", "keyId", "type", "value"),
            ),
            **nothing_to_do("overwrite", because="an update overwrites in any case"),
        },
        named_by="name",
    ),
}
