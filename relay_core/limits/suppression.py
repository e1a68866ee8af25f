"""Addresses that no mail is sent to until an operator clears them.

Mail to an address that does not exist bounces, and an account of which too much bounces is paused
for every device. So an address that bounced for good, or whose owner reported the mail as spam, is
written down, and nothing is submitted to it any more.

All of them are one small record: it is read now and then, not for each recipient. It keeps the
newest `MAX_ADDRESSES`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from relay_core.keys import WindowKey

SCHEMA_VERSION = 1

MAX_ADDRESSES = 5000
"""It bounds the record to 2 MB. A dropped address gets one more mail, and is added again."""

MAX_DETAIL = 160
"""Characters of what the recipient's server said that are kept."""


class Cause(StrEnum):
    """Why an address is suppressed."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """One address: since when (UTC), why, and what the recipient's server said."""

    address: str
    cause: Cause
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressionList:
    """The addresses, each once whatever its letter case, oldest first."""

    entries: tuple[Suppressed, ...] = ()

    @property
    def key(self) -> WindowKey:
        """The record's name: there is one."""
        return WindowKey("addresses")

    def by_address(self) -> dict[str, Suppressed]:
        """The entries by their addresses in lower case, in their order."""
        return {one.address.lower(): one for one in self.entries}

    def adding(self, found: Iterable[Suppressed]) -> SuppressionList:
        """The list with those as well; one that is there already stays as it is."""
        entries = self.by_address()
        for one in found:
            entries.setdefault(one.address.lower(), replace(one, detail=one.detail[:MAX_DETAIL]))
        return SuppressionList(entries=tuple(entries.values())[-MAX_ADDRESSES:])

    def clearing(self, addresses: Collection[str]) -> SuppressionList:
        """The list without those addresses."""
        cleared = {one.lower() for one in addresses}
        return SuppressionList(
            entries=tuple(one for one in self.entries if one.address.lower() not in cleared)
        )


def format_suppressions(suppressions: SuppressionList) -> bytes:
    """The list as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "addresses": [
            {
                "address": one.address,
                "cause": one.cause.value,
                "at": one.at.isoformat(),
                "detail": one.detail,
            }
            for one in suppressions.entries
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def parse_suppressions(document: bytes) -> SuppressionList:
    """The inverse of `format_suppressions`.

    Raises:
        ValueError: if it is not a list of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {data['schema']} of a list, expected {SCHEMA_VERSION}")
        return SuppressionList(
            entries=tuple(
                Suppressed(
                    address=one["address"],
                    cause=Cause(one["cause"]),
                    at=datetime.fromisoformat(one["at"]),
                    detail=one["detail"],
                )
                for one in data["addresses"]
            )
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a list of suppressed addresses: {error!r}") from error
