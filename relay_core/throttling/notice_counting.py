"""Counting notices: the first of a window are published, the rest are summed up.

`CountedNotices` wraps the channel to the operator and decides for each notice. A notice
takes its place in the window before it leaves, so that many workers at once do not publish more
than is meant, and gives it back if it could not leave. One without a place is counted. The first
that is counted since the last summary asks for the next one, before it is counted: a reminder that
comes back through the queue at the end of the window. So a summary leaves, whether another notice
comes or not.

Nothing is silent: a notice leaves, or is in a summary that is on its way, or the mail fails and is
delivered again. Where the record cannot be changed, the notice leaves at once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from relay_core.errors import AdapterError, Conflict, PermanentError
from relay_core.keys import WindowKey
from relay_core.limits.notice_window import NoticeWindow, Tally
from relay_core.notices.summary import compose_summary
from relay_core.ports import Notice, Notices, Windows

from .window_change import change_window

GRACE = timedelta(seconds=5)
"""How long after the end of its window a summary leaves: a notice may just be on its way."""


class Reminders(Protocol):
    """Messages that come back to a worker after a delay."""

    def remind(self, key: WindowKey, after: timedelta) -> None:
        """Have the notices of that window summed up after a while; at most fifteen minutes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedNotices:
    """`Notices` that publishes `limit` by reason and sender in each window of `length`; 0: all.

    `stack` is the deployment that summaries speak for, `place` where the operator reads more.
    `clock` returns an aware datetime in UTC.
    """

    notices: Notices
    windows: Windows[NoticeWindow]
    reminders: Reminders
    stack: str
    place: str
    limit: int
    length: timedelta
    clock: Callable[[], datetime]

    def publish(self, notice: Notice) -> None:
        """See `Notices.publish`; or count the notice, to be summed up.

        Raises:
            AdapterError: if the notice was not published, and is not in a summary.
        """
        window = NoticeWindow.at(self.clock(), self.length)
        sender = notice.sender and notice.sender.lower()
        try:
            leaves = not self.limit or self._count(notice, sender, window)
        except (Conflict, PermanentError):
            leaves = True
        if not leaves:
            return
        try:
            self.notices.publish(notice)
        except AdapterError:
            if self.limit:
                with suppress(AdapterError):
                    change_window(
                        self.windows,
                        window,
                        lambda found: found.without_published(notice.reason, sender),
                    )
            raise

    def _count(self, notice: Notice, sender: str | None, window: NoticeWindow) -> bool:
        """Count a notice. Returns whether it is published at once."""
        leaves = is_scheduled = False

        def change(found: NoticeWindow) -> NoticeWindow:
            nonlocal leaves, is_scheduled
            tally = found.tally(notice.reason)
            leaves = tally.has_room(sender, self.limit)
            if leaves:
                return found.with_published(notice.reason, sender)
            if not tally.due and not is_scheduled:
                self._schedule_summary(found)
                is_scheduled = True
            return found.with_left_out(notice.reason, notice.message_id)

        change_window(self.windows, window, change)
        return leaves

    def sum_up(self, key: WindowKey) -> int:
        """Publish a summary for each reason with notices left. Returns how many are in them.

        Raises:
            AdapterError: if it cannot be published, or that cannot be recorded.
        """
        stored = self.windows.load(key)
        if stored is None:
            return 0
        due = [tally for tally in stored.window.tallies if tally.due]
        for tally in due:
            self.notices.publish(
                compose_summary(stored.window, tally, stack=self.stack, place=self.place)
            )
            after = change_window(self.windows, stored.window, _summing_up(tally))
            # What was counted while the summary left has asked for none: one was due.
            if after.tally(tally.reason).due:
                self._schedule_summary(after)
        return sum(tally.due for tally in due)

    def _schedule_summary(self, window: NoticeWindow) -> None:
        left = max(window.ends_at - self.clock(), timedelta(0))
        self.reminders.remind(window.key, left + GRACE)


def _summing_up(summarized: Tally) -> Callable[[NoticeWindow], NoticeWindow]:
    return lambda window: window.with_summary(summarized)
