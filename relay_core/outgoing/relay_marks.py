"""Which relays a mail has passed: each leaves the name of its stack in a field.

A mail that bears this stack's own name has been here before: a loop. The names of others are
passed on, so that each of them knows its own mail again however long the circle is. A mail that
has passed `MAX_RELAYS` of them is in a circle too (RFC 5321 section 6.3 counts hops for this).
"""

from __future__ import annotations

import re

from relay_core.mime.header import Header

LOOP_FIELD = "x-mail-relay"
"""The field (lower case) that marks what a relay has sent."""

MAX_RELAYS = 8
"""How many relays a mail may have passed."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def relays_passed(header: Header) -> tuple[str, ...]:
    """The names of the relays that sent the mail, the last one first; what is no name is none."""
    if header.first(LOOP_FIELD) is None:
        return ()
    values = (header.value(one) for one in header.fields if one.name == LOOP_FIELD)
    names = (name.strip() for value in values for name in value.decode("latin-1").split(","))
    return tuple(dict.fromkeys(name for name in names if _NAME.match(name)))


def is_loop(header: Header, stack: str) -> bool:
    """Whether this stack, or too many others, have sent the mail already."""
    passed = relays_passed(header)
    return len(passed) >= MAX_RELAYS or stack.lower() in map(str.lower, passed)


def format_relays(header: Header, stack: str) -> str:
    """The field's value in what the stack sends."""
    passed = dict.fromkeys((stack, *relays_passed(header)))
    return ",\r\n ".join(list(passed)[:MAX_RELAYS])
