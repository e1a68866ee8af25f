"""Who still sends to a previous address of the relay, or by a closed label, week by week.

An operator who changes the address has to know which devices are left. One record has the weeks
that the operator does not know of yet. In each week it names each device once, however many mails
it sends; it is bounded, and says when it is full. A metric counts the mails.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from relay_core.keys import MessageId, WindowKey

from .notice_claim import UNCLAIMED, NoticeClaim, claim_document, parse_claim
from .window import window_start

SCHEMA_VERSION = 1

WEEK = timedelta(days=7)

MAX_USES = 500
"""How many uses the record names of a week."""

MAX_LABELS = 8
"""How many labels the record names of a use."""

MAX_WEEKS = 10
"""How many weeks the record holds. More than two are there only while no notice can be sent."""


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
        """What distinguishes it from another use."""
        return self.sender.lower(), self.labels, self.is_closed


def labels_to_name(labels: Collection[str], closed: Collection[str]) -> tuple[str, ...]:
    """At most `MAX_LABELS` of a mail's labels, those in `closed` first (in lower case, all)."""
    return tuple(sorted(labels, key=lambda label: label not in closed)[:MAX_LABELS])


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressWeek:
    """The uses in the week that begins at `started_at` (UTC)."""

    started_at: datetime
    uses: tuple[AddressUse, ...] = ()

    @classmethod
    def at(cls, now: datetime) -> AddressWeek:
        """The week of that moment, without a use."""
        return cls(started_at=window_start(now, WEEK))

    @property
    def ends_at(self) -> datetime:
        """When the next week begins."""
        return self.started_at + WEEK

    @property
    def is_full(self) -> bool:
        """Whether there may be more uses than it names."""
        return len(self.uses) >= MAX_USES

    def recording(self, use: AddressUse) -> AddressWeek:
        """The week with that use, once; the same if it is there already, or the week is full."""
        if self.is_full or use.identity in {one.identity for one in self.uses}:
            return self
        return replace(self, uses=(*self.uses, use))


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRecord:
    """The weeks with a use that the operator has had no notice of, the oldest first.

    `claim` is about the notice of the oldest, once that week has ended.
    """

    weeks: tuple[AddressWeek, ...] = ()
    claim: NoticeClaim = UNCLAIMED

    @property
    def key(self) -> WindowKey:
        """Its name: there is one such record."""
        return WindowKey("weeks")

    def week_of(self, now: datetime) -> AddressWeek:
        """The week of that moment, with what is recorded of it."""
        week = AddressWeek.at(now)
        return next((one for one in self.weeks if one.started_at == week.started_at), week)

    def recording(self, use: AddressUse, now: datetime) -> AddressRecord:
        """The record with that use in the week of `now`; the same if there is no room for it."""
        week = self.week_of(now)
        others = tuple(one for one in self.weeks if one.started_at != week.started_at)
        if (changed := week.recording(use)) == week or len(others) >= MAX_WEEKS:
            return self
        weeks = sorted((*others, changed), key=lambda one: one.started_at)
        return replace(self, weeks=tuple(weeks))

    def ended(self, now: datetime) -> tuple[AddressWeek, ...]:
        """The weeks that are over: a notice of each is due."""
        return tuple(one for one in self.weeks if one.ends_at <= now)

    def claiming(self, by: MessageId, now: datetime) -> AddressRecord:
        """The record with this mail's claim, if a notice is due and not claimed already."""
        return replace(self, claim=self.claim.claimed(by, now)) if self.ended(now) else self

    def with_claim(self, claim: NoticeClaim) -> AddressRecord:
        """The record with another claim; after the notice was published, without its week."""
        if claim.is_published:
            return replace(self, weeks=self.weeks[1:], claim=UNCLAIMED)
        return replace(self, claim=claim)


def format_address_record(record: AddressRecord) -> bytes:
    """The record as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "weeks": [
            {
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
            }
            for week in record.weeks
        ],
        "telling": claim_document(record.claim),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def parse_address_record(document: bytes) -> AddressRecord:
    """The inverse of `format_address_record`.

    Raises:
        ValueError: if it is not a record of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(
                f"schema {data['schema']} of a record of addresses, expected {SCHEMA_VERSION}"
            )
        return AddressRecord(
            weeks=tuple(map(_parse_week, data["weeks"])), claim=parse_claim(data["telling"])
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record of addresses: {error!r}") from error


def _parse_week(data: dict[str, Any]) -> AddressWeek:
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
    )
