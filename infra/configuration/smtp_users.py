"""The named SMTP users: `smtpUsers`, one for each site or device.

An entry is a name, or a name and a number:

    smtpUsers:
      - hall-3        rotated with all others, by smtpCredentialsVersion
      - gate:2        rotated alone, by its own number
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.aws_facts import MAX_IAM_USER_NAME_LENGTH
from relay_core.environment import Problem

_ENTRY = re.compile(r"(?P<name>[a-z](?:-?[a-z0-9])*)(?::(?P<version>[1-9][0-9]{0,5}))?\Z")
_MAX_NAME_LENGTH = 20
_RESERVED_LENGTH = len("-devices-") + len("-") + len("-1234567")
"""Other characters of an IAM user's name; the last 8 are Pulumi's suffix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpUserName:
    """A named user; `version` is the number of its credentials, None for the common number."""

    name: str
    version: int | None


def read_smtp_user(entry: str) -> SmtpUserName | None:
    """The user of an entry; None if the entry is invalid."""
    found = _ENTRY.match(entry)
    if found is None or len(found["name"]) > _MAX_NAME_LENGTH:
        return None
    version = found["version"]
    return SmtpUserName(name=found["name"], version=int(version) if version else None)


def smtp_user_problems(entries: Sequence[str], *, prefix: str, version: int) -> Iterator[Problem]:
    """Every rule that an entry breaks; `version` is the common number of the credentials."""
    seen = set[str]()
    for entry in entries:
        user = read_smtp_user(entry)
        if user is None:
            rule = (
                f"must be a letter and up to {_MAX_NAME_LENGTH - 1} letters, digits or single"
                " hyphens, all in lower case; a colon and a number from 1 may follow: hall-3 or"
                " hall-3:2"
            )
            yield Problem(field="smtpUsers", value=entry, rule=rule)
            continue
        number = str(user.version or version)
        room = MAX_IAM_USER_NAME_LENGTH - _RESERVED_LENGTH - len(prefix) - len(number)
        if len(user.name) > room:
            rule = (
                f"must have a name of at most {room} characters: IAM takes"
                f" {MAX_IAM_USER_NAME_LENGTH}, with the stack's name"
            )
            yield Problem(field="smtpUsers", value=entry, rule=rule)
        if user.name in seen:
            yield Problem(field="smtpUsers", value=entry, rule="must name each user only once")
        seen.add(user.name)
