"""Resources whose provider is part of the program: it is called as Pulumi would call it.

Pulumi keeps the provider with the resource, as dill writes it, and hands it the configuration
before it calls. Here it gets its clients instead.
"""

from __future__ import annotations

import base64
from typing import Any

import dill  # type: ignore[import-untyped]  # it carries no types

from .declared import Account, Created, Creator, Declared


def activation(declared: Declared, account: Account) -> Created:
    """`Activation` of `infra.activation`."""
    found = properties(declared)
    made = provider(declared.require("__provider"), account).create(found)
    return Created(made.id, found)


def properties(declared: Declared) -> dict[str, Any]:
    """What an `Activation` is about."""
    return {key: declared.require(key) for key in ("ruleSetName", "isOwn", "account")}


def provider(kept: str, account: Account) -> Any:  # noqa: ANN401 (the program's own)
    """The provider that Pulumi keeps, at work on this account."""
    # Not somebody's data: the program of this repository wrote it.
    found = dill.loads(base64.b64decode(kept))  # noqa: S301
    found.client = account.client
    return found


CREATORS: dict[str, Creator] = {"pulumi-python:dynamic/ses:Activation": activation}
