"""Counts of the notices in a window of time: published at once, or left for a summary.

Notices are counted by reason and sender. The first few of each leave at once, and no more than a
few times as many of each reason as a whole: a stranger may write any sender, and five hundred
made-up ones are not to be five hundred notices. What is beyond that is counted, and reported in
one summary a reason.

The record has a bounded size, whatever comes in: it names as many senders as notices left, and
some of the mails that are to be summed up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from relay_core.errors import Reason
from relay_core.keys import MessageId, WindowKey

from .window import window_name, window_start

SCHEMA_VERSION = 1

SENDERS_AT_LIMIT = 4
"""Notices of one reason that leave at once, as a multiple of those of one sender."""

MAX_NAMED = 100
"""How many mails a summary names; it counts the others. Each is found by its manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """The notices of one reason in one window.

    `published_senders` are the senders of those that left at once, one entry a notice. `left_out`
    counts those that did not, and `summed_up` how many of these were in a summary that left.
    `named` are mails of those that are still to be summed up, at most `MAX_NAMED`.
    """

    reason: Reason
    published_senders: tuple[str | None, ...] = ()
    left_out: int = 0
    summed_up: int = 0
    named: tuple[MessageId, ...] = ()

    @property
    def due(self) -> int:
        """How many are to be summed up."""
        return self.left_out - self.summed_up

    def has_room(self, sender: str | None, limit: int) -> bool:
        """Whether one more of this sender leaves at once."""
        return (
            self.published_senders.count(sender) < limit
            and len(self.published_senders) < limit * SENDERS_AT_LIMIT
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeWindow:
    """The notices of one window, a tally for each reason; `started_at` is in UTC."""

    started_at: datetime
    length: timedelta
    tallies: tuple[Tally, ...] = ()

    @classmethod
    def at(cls, now: datetime, length: timedelta) -> NoticeWindow:
        """The window that a notice is counted in now, as yet empty."""
        return cls(started_at=window_start(now, length), length=length)

    @property
    def key(self) -> WindowKey:
        """Its name."""
        return WindowKey(f"notices/{window_name(self.started_at, self.length)}")

    @property
    def ends_at(self) -> datetime:
        """The moment from which notices are counted in the next window."""
        return self.started_at + self.length

    def tally(self, reason: Reason) -> Tally:
        """What is counted for a reason."""
        return next((one for one in self.tallies if one.reason is reason), Tally(reason=reason))

    def with_published(self, reason: Reason, sender: str | None) -> NoticeWindow:
        """The window with a notice that leaves at once."""
        tally = self.tally(reason)
        return self._with(replace(tally, published_senders=(*tally.published_senders, sender)))

    def without_published(self, reason: Reason, sender: str | None) -> NoticeWindow:
        """The window without a notice that was to leave and did not."""
        tally = self.tally(reason)
        published_senders = list(tally.published_senders)
        if sender in published_senders:
            published_senders.remove(sender)
        return self._with(replace(tally, published_senders=tuple(published_senders)))

    def with_left_out(self, reason: Reason, message_id: MessageId) -> NoticeWindow:
        """The window with a notice that is to be summed up."""
        tally = self.tally(reason)
        named = tuple(dict.fromkeys((*tally.named, message_id)))[:MAX_NAMED]
        return self._with(replace(tally, left_out=tally.left_out + 1, named=named))

    def with_summary(self, reported: Tally) -> NoticeWindow:
        """The window after a summary of that tally left."""
        tally = self.tally(reported.reason)
        if tally.summed_up >= reported.left_out:
            return self
        # If more came meanwhile, the mails of the summary are named once more with the next.
        named = tally.named if tally.left_out > reported.left_out else ()
        return self._with(replace(tally, summed_up=reported.left_out, named=named))

    def _with(self, tally: Tally) -> NoticeWindow:
        others = tuple(one for one in self.tallies if one.reason is not tally.reason)
        return replace(self, tallies=(*others, tally))


def format_notice_window(window: NoticeWindow) -> bytes:
    """The window as JSON, UTF-8."""
    document = {
        "schema": SCHEMA_VERSION,
        "started_at": window.started_at.isoformat(),
        "length_seconds": window.length // timedelta(seconds=1),
        "tallies": [
            {
                "reason": one.reason.value,
                "told": list(one.published_senders),
                "left_out": one.left_out,
                "summed_up": one.summed_up,
                "named": list(one.named),
            }
            for one in window.tallies
        ],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def parse_notice_window(document: bytes) -> NoticeWindow:
    """The inverse of `format_notice_window`.

    Raises:
        ValueError: if it is not a window of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        if data["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {data['schema']} of notices, expected {SCHEMA_VERSION}")
        return NoticeWindow(
            started_at=datetime.fromisoformat(data["started_at"]),
            length=timedelta(seconds=data["length_seconds"]),
            tallies=tuple(
                Tally(
                    reason=Reason(one["reason"]),
                    published_senders=tuple(one["told"]),
                    left_out=one["left_out"],
                    summed_up=one["summed_up"],
                    named=tuple(MessageId(name) for name in one["named"]),
                )
                for one in data["tallies"]
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record of notices: {error!r}") from error
