"""Policy documents on an emulator that serves plain HTTP.

The emulator listens on the loopback interface without TLS, so that the links in a delivered mail
open in any browser. It does evaluate `aws:SecureTransport`. So a statement that denies requests
without TLS, as every bucket should have one, would deny everything.
"""

from __future__ import annotations

import json
from typing import Any

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def without_transport_denials(policy: str) -> str | None:
    """The policy without statements that only deny plain HTTP; None if nothing is left."""
    document: dict[str, Any] = json.loads(policy)
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    kept = [statement for statement in statements if not _denies_plain_http(statement)]
    return json.dumps({**document, "Statement": kept}) if kept else None


def _denies_plain_http(statement: dict[str, Any]) -> bool:
    return statement.get("Effect") == "Deny" and statement.get("Condition") == _WITHOUT_TLS
