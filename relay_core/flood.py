"""Holding back a sender that floods: so many mails in a window of time, and what is more waits.

Time is cut into windows of equal length, and a mail belongs to the one that it *arrived* in,
however often and whenever it is delivered to the relay. So a redelivery finds its own name in
its own window, and counts once. Across the border of two windows a sender may get twice the
limit through within one length; that is the price of a record of fixed size.

A window's record names the mails that it let through, `limit` at most, and the first that it
did not, whose sender the operator is told about. From then on it is only read. Every writer
that loses a race has been overtaken by one that wrote, and there are no more than `limit` + 1
writes in a window: so however many workers meet at one sender, they are through in the end.

Counted are mails that were admitted. One that SES takes for forged, for spam or for a virus is
refused, each with its notice, and uses up nothing: or else whoever forges a sensor's address
could have its alarms held back. A mail without a sender's address counts in a window that all
such mails share.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NewType

from .manifest import MessageId

SCHEMA_VERSION = 1

WindowKey = NewType("WindowKey", str)
"""The name of one sender's window: its sender, its start and its length, harmless in keys."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderWindow:
    """What one sender did in one window.

    `sender` is an addr-spec, or None for mails without one; `started_at` is in UTC.
    `let_through` are the mails that count; `first_over` is the first over the limit, or None.
    """

    sender: str | None
    started_at: datetime
    length: timedelta
    let_through: tuple[MessageId, ...] = ()
    first_over: MessageId | None = None

    @classmethod
    def at(cls, arrived_at: datetime, *, sender: str | None, length: timedelta) -> SenderWindow:
        """The window that a mail arrived in, as yet empty."""
        started_at = arrived_at - (arrived_at - _EPOCH) % length
        return cls(
            sender=sender and sender.lower(), started_at=started_at.astimezone(UTC), length=length
        )

    @property
    def key(self) -> WindowKey:
        """Its name. A sender's address may hold anything; of its digest nothing is to fear."""
        digest = hashlib.sha256((self.sender or "").encode()).hexdigest()[:32]
        seconds = self.length // timedelta(seconds=1)
        return WindowKey(f"{digest}/{self.started_at:%Y%m%dT%H%M%SZ}-{seconds}s")

    @property
    def ends_at(self) -> datetime:
        """The moment from which mails belong to the next window."""
        return self.started_at + self.length

    def counting(self, message_id: MessageId, limit: int) -> SenderWindow:
        """The window with this mail counted in it; the same if there is nothing to record."""
        if message_id in self.let_through:
            return self
        if len(self.let_through) < limit:
            return replace(self, let_through=(*self.let_through, message_id))
        return self if self.first_over else replace(self, first_over=message_id)


def format_window(window: SenderWindow) -> bytes:
    """The window as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "sender": window.sender,
        "started_at": window.started_at.isoformat(),
        "length_seconds": window.length // timedelta(seconds=1),
        "let_through": list(window.let_through),
        "first_over": window.first_over,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def parse_window(document: bytes) -> SenderWindow:
    """The inverse of `format_window`.

    Raises:
        ValueError: if it is not a window of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {data['schema']} of a window, expected {SCHEMA_VERSION}")
        first_over = data["first_over"]
        return SenderWindow(
            sender=data["sender"],
            started_at=datetime.fromisoformat(data["started_at"]),
            length=timedelta(seconds=data["length_seconds"]),
            let_through=tuple(MessageId(one) for one in data["let_through"]),
            first_over=None if first_over is None else MessageId(first_over),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a sender's window: {error!r}") from error
