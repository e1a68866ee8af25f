"""Keeps secret addresses out of errors: whoever knows one can send mail by the relay.

The keys with such addresses may be set as Pulumi's secrets or as plain text. Only the local part
is hidden: the domain is public by its MX record, and shows which of several addresses is meant.
"""

from __future__ import annotations

import re

SECRET_ADDRESS_KEYS = frozenset({"recipientEmail", "previousRecipientEmails"})
"""The keys of the configuration that hold the secret address or a previous one."""

_ADDRESS = re.compile(r".*@([\w.-]+)\Z", re.DOTALL | re.ASCII)


def hide_local_parts(value: object) -> object:
    """An address as `[hidden]@domain`, a list of them likewise, and anything else as `[hidden]`.

    None, a key that is not set, stays None.
    """
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [hide_local_parts(one) for one in value]
    found = _ADDRESS.match(value) if isinstance(value, str) else None
    return f"[hidden]@{found[1]}" if found else "[hidden]"
