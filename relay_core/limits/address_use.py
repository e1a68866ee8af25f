"""Who still sends to a previous address of the relay, or by a label that is closed, in one week.

An operator who changes the address has to know which devices are left. Each is written down once a
week, whatever it sends; the record is bounded, and says when it is full. How many mails came so, a
metric counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from relay_core.keys import MessageId, WindowKey

from .notice_claim import UNCLAIMED, NoticeClaim, claim_document, parse_claim
from .window import window_name, window_start

SCHEMA_VERSION = 1

WEEK = timedelta(days=7)

MAX_USES = 500
"""How many senders a week's record names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressUse:
    """A sender, the labels that it sends by, and the first such mail of the week.

    `is_closed`: one of the labels is closed. Else the address is a previous one.
    """

    sender: str
    labels: tuple[str, ...]
    is_closed: bool
    message_id: MessageId

    @property
    def identity(self) -> tuple[str, tuple[str, ...], bool]:
        """What tells it from another use."""
        return self.sender.lower(), self.labels, self.is_closed


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressWeek:
    """The uses in the week that begins at `started_at` (UTC), and whether the operator knows."""

    started_at: datetime
    uses: tuple[AddressUse, ...] = ()
    claim: NoticeClaim = UNCLAIMED

    @classmethod
    def at(cls, now: datetime) -> AddressWeek:
        """The week of that moment, as yet empty."""
        return cls(started_at=window_start(now, WEEK))

    @property
    def key(self) -> WindowKey:
        """Its name."""
        return WindowKey(f"addresses/{window_name(self.started_at, WEEK)}")

    @property
    def ends_at(self) -> datetime:
        """When the next week begins."""
        return self.started_at + WEEK

    @property
    def is_full(self) -> bool:
        """Whether there may be more uses than it names."""
        return len(self.uses) >= MAX_USES

    def recording(self, use: AddressUse) -> AddressWeek:
        """The week with that use, once."""
        if self.is_full or use.identity in {one.identity for one in self.uses}:
            return self
        return replace(self, uses=(*self.uses, use))

    def with_claim(self, claim: NoticeClaim) -> AddressWeek:
        """The week with another state of telling the operator."""
        return replace(self, claim=claim)


def format_address_week(week: AddressWeek) -> bytes:
    """The week as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "started_at": week.started_at.isoformat(),
        "uses": [
            {
                "sender": one.sender,
                "labels": list(one.labels),
                "is_closed": one.is_closed,
                "message_id": one.message_id,
            }
            for one in week.uses
        ],
        "telling": claim_document(week.claim),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def parse_address_week(document: bytes) -> AddressWeek:
    """The inverse of `format_address_week`.

    Raises:
        ValueError: if it is not a week of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {data['schema']} of a week, expected {SCHEMA_VERSION}")
        return AddressWeek(
            started_at=datetime.fromisoformat(data["started_at"]),
            uses=tuple(
                AddressUse(
                    sender=one["sender"],
                    labels=tuple(one["labels"]),
                    is_closed=bool(one["is_closed"]),
                    message_id=MessageId(one["message_id"]),
                )
                for one in data["uses"]
            ),
            claim=parse_claim(data["telling"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record of addresses: {error!r}") from error
