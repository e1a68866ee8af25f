"""The message limit of a sender: so many mails in a window of time; more are held.

Time is cut into windows of equal length, and a mail belongs to the one that it *arrived* in,
however often and whenever it is delivered to the relay. So a redelivery finds its own name in
its own window, and counts once. Across the border of two windows a sender may get twice the
limit through within one length; that is the price of a record of fixed size.

A window's record names the mails that it let through, `limit` at most, and which mail publishes
the notice of the first that it did not (`relay_core.limits.notice_claim`). After that notice it is
only read. Every writer that loses a race has been overtaken by one that wrote, and there are no
more than `limit` + 2 writes in a window where nothing fails: so however many workers meet at one
sender, they are through in the end.

Counted are mails that were admitted. One that SES takes for forged, for spam or for a virus is
refused, each with its notice, and uses up nothing: or else whoever forges a sensor's address
could have its alarms held back. For the same reason mail that only says that it is from a sensor,
and is let through (`authenticationAction`), counts in a window of its own. A mail without a
sender's address counts in one that all such mails share.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from relay_core.keys import MessageId, WindowKey

from .notice_claim import UNCLAIMED, NoticeClaim, claim_document, parse_claim
from .window import window_name, window_start

SCHEMA_VERSION = 2
"""2 has `telling`. Schema 1 had the mail that published, as `first_over`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderWindow:
    """What one sender did in one window.

    `sender` is an addr-spec, or None for mails without one; `started_at` is in UTC.
    `let_through` are the mails that count; `claim` is about the first that is over the limit.
    """

    sender: str | None
    started_at: datetime
    length: timedelta
    let_through: tuple[MessageId, ...] = ()
    claim: NoticeClaim = UNCLAIMED

    @classmethod
    def at(cls, arrived_at: datetime, *, sender: str | None, length: timedelta) -> SenderWindow:
        """The window that a mail arrived in, as yet empty."""
        return cls(
            sender=sender and sender.lower(),
            started_at=window_start(arrived_at, length),
            length=length,
        )

    @property
    def key(self) -> WindowKey:
        """Its name. A sender's address may hold anything; of its digest nothing is to fear."""
        digest = hashlib.sha256((self.sender or "").encode()).hexdigest()[:32]
        return WindowKey(f"{digest}/{window_name(self.started_at, self.length)}")

    @property
    def ends_at(self) -> datetime:
        """The moment from which mails belong to the next window."""
        return self.started_at + self.length

    def with_message(self, message_id: MessageId, limit: int, now: datetime) -> SenderWindow:
        """The window with this mail counted in it; the same if there is nothing to record.

        One that is over the limit claims the notice, unless it is published or claimed.
        """
        if message_id in self.let_through:
            return self
        if len(self.let_through) < limit:
            return replace(self, let_through=(*self.let_through, message_id))
        return replace(self, claim=self.claim.claimed(message_id, now))

    def with_claim(self, claim: NoticeClaim) -> SenderWindow:
        """The window with another claim."""
        return replace(self, claim=claim)


def format_window(window: SenderWindow) -> bytes:
    """The window as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "sender": window.sender,
        "started_at": window.started_at.isoformat(),
        "length_seconds": window.length // timedelta(seconds=1),
        "let_through": list(window.let_through),
        "telling": claim_document(window.claim),
    }
    return json.dumps(document, ensure_ascii=False).encode()


def parse_window(document: bytes) -> SenderWindow:
    """The inverse of `format_window`.

    Raises:
        ValueError: if it is not a window of a schema that is known.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] not in {1, SCHEMA_VERSION}:
            raise ValueError(
                f"schema {data['schema']} of a window, expected 1 or {SCHEMA_VERSION}"
            )
        return SenderWindow(
            sender=data["sender"],
            started_at=datetime.fromisoformat(data["started_at"]),
            length=timedelta(seconds=data["length_seconds"]),
            let_through=tuple(MessageId(one) for one in data["let_through"]),
            claim=_parse_claim(data),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a sender's window: {error!r}") from error


def _parse_claim(data: dict[str, Any]) -> NoticeClaim:
    if data["schema"] == SCHEMA_VERSION:
        return parse_claim(data["telling"])
    return NoticeClaim(is_published=data["first_over"] is not None)
