"""How many recipients the stack as a whole may submit to in an hour.

Whoever can have mail sent can have it sent to many addresses that do not exist, and a mail service
pauses an account of which too much bounces: then no alarm of any device arrives. The budget bounds
what can happen before somebody looks.

An hour's record says how many recipients are reserved. A worker reserves what its mail needs, and
as many more as it has spent in that hour, a block at most: so that most mails ask nobody. What it
has reserved and not spent is lost when it stops, and at the end of the hour: so at most the budget
is submitted, and a worker that stops early loses little of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from relay_core.keys import WindowKey

from .notice_claim import UNCLAIMED, NoticeClaim, claim_document, parse_claim
from .window import window_name, window_start

SCHEMA_VERSION = 1

HOUR = timedelta(hours=1)

_BLOCKS = 100
"""A block is this part of the budget: few enough writes an hour, and little that can be lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWindow:
    """What is reserved of one hour's budget; `started_at` is in UTC.

    `claim` is about the first mail that was over it.
    """

    started_at: datetime
    reserved: int = 0
    claim: NoticeClaim = UNCLAIMED

    @classmethod
    def at(cls, now: datetime) -> BudgetWindow:
        """The hour that a mail is submitted in now, of which nothing is reserved yet."""
        return cls(started_at=window_start(now, HOUR))

    @property
    def key(self) -> WindowKey:
        """Its name."""
        return WindowKey(f"budget/{window_name(self.started_at, HOUR)}")

    @property
    def ends_at(self) -> datetime:
        """The moment from which the next hour's budget counts."""
        return self.started_at + HOUR

    def with_reservation(self, needed: int, budget: int, spent: int) -> BudgetWindow:
        """The hour with so many recipients reserved, and more as far as there is room.

        More by as many as the worker has `spent` in this hour, a block at most. The same if there
        is no room for those who are needed.
        """
        room = budget - self.reserved
        if needed > room:
            return self
        ahead = min(spent, budget // _BLOCKS)
        return replace(self, reserved=self.reserved + min(room, needed + ahead))

    def with_claim(self, claim: NoticeClaim) -> BudgetWindow:
        """The hour with another claim."""
        return replace(self, claim=claim)


def format_budget(window: BudgetWindow) -> bytes:
    """The hour as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "started_at": window.started_at.isoformat(),
        "reserved": window.reserved,
        "telling": claim_document(window.claim),
    }
    return json.dumps(document).encode()


def parse_budget(document: bytes) -> BudgetWindow:
    """The inverse of `format_budget`.

    Raises:
        ValueError: if it is not an hour of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {data['schema']} of a budget, expected {SCHEMA_VERSION}")
        return BudgetWindow(
            started_at=datetime.fromisoformat(data["started_at"]),
            reserved=int(data["reserved"]),
            claim=parse_claim(data["telling"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an hour's budget: {error!r}") from error
