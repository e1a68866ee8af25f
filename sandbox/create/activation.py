"""Resources whose provider is part of the program: it is called here as Pulumi would call it.

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
    properties = {key: declared.require(key) for key in ("ruleSetName", "isOwn", "account")}
    return Created(_provider(declared, account).create(properties).id, properties)


def _provider(declared: Declared, account: Account) -> Any:  # noqa: ANN401 (the program's own)
    # Not somebody's data: the program of this repository wrote it a moment ago.
    provider = dill.loads(base64.b64decode(declared.require("__provider")))  # noqa: S301
    provider.client = account.client
    return provider


CREATORS: dict[str, Creator] = {"pulumi-python:dynamic/ses:Activation": activation}
