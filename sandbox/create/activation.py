"""Resources whose provider is part of the program, called as Pulumi would call it.

Pulumi stores the provider with the resource, serialized by dill, and passes it the configuration
before a call. Here it gets its client instead.
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
    """The inputs of an `Activation`."""
    return {key: declared.require(key) for key in ("ruleSetName", "isOwn", "account")}


def provider(kept: str, account: Account) -> Any:  # noqa: ANN401 (the program's own)
    """The stored provider, with a client of this account."""
    # Trusted data: the program of this repository wrote it.
    found = dill.loads(base64.b64decode(kept))  # noqa: S301
    found.client = account.client
    return found


CREATORS: dict[str, Creator] = {"pulumi-python:dynamic/ses:Activation": activation}
