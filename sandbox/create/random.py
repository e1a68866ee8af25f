"""Pulumi's provider of random values: a value is generated once."""

from __future__ import annotations

import base64
import secrets

from .declared import Account, Created, Creator, Declared


def random_bytes(declared: Declared, _account: Account) -> Created:
    """`random.RandomBytes`."""
    value = secrets.token_bytes(declared.require("length"))
    declared.leave_out("keepers", because="they only trigger a replacement")
    text = base64.b64encode(value).decode("ascii")
    return Created("none", {"base64": text, "hex": value.hex()})


CREATORS: dict[str, Creator] = {"random:index/randomBytes:RandomBytes": random_bytes}
