"""Who uses previous addresses and closed labels is written down, and told once a week.

The first mail after the end of a week has it told, whichever address that mail came by. So it
takes no schedule, and no call for mail by the current address but one look back a container and
week. What fails here fails no mail: the next one writes or tells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from relay_core.errors import AdapterError, Reason
from relay_core.keys import MessageId, WindowKey
from relay_core.limits.address_use import WEEK, AddressUse, AddressWeek
from relay_core.notices.address_use import compose_address_notice
from relay_core.ports import Notices, Windows
from relay_core.record.report import Outcome, RelayReport

from .window_change import change_window, tell_once


def address_use_of(report: RelayReport) -> AddressUse | None:
    """The use of an address that the operator wants to know of; None for the current one."""
    is_closed = report.outcome is Outcome.IGNORED and report.reason is Reason.CLOSED_LABEL
    if not (is_closed or report.by_previous_address):
        return None
    return AddressUse(
        sender=report.sender or "a sender without an address",
        labels=report.labels,
        is_closed=is_closed,
        message_id=report.message_id,
    )


@dataclass(slots=True, kw_only=True)
class AddressWatch:
    """Writes uses down and tells of them; `clock` tells an aware datetime in UTC.

    `stack` and `place` are those of notices. `on_trouble` hears of what failed.
    """

    windows: Windows[AddressWeek]
    notices: Notices
    stack: str
    place: str
    clock: Callable[[], datetime]
    on_trouble: Callable[[AdapterError], None]
    _written: set[tuple[WindowKey, object]] = field(default_factory=set, init=False)
    _looked_back_at: WindowKey | None = field(default=None, init=False)

    def saw(self, report: RelayReport) -> None:
        """A mail ended so."""
        try:
            if (use := address_use_of(report)) is not None:
                self._write(use)
            self._tell_last_week(report.message_id)
        except AdapterError as error:
            self.on_trouble(error)

    def _write(self, use: AddressUse) -> None:
        week = AddressWeek.at(self.clock())
        known = (week.key, use.identity)
        if known in self._written:
            return
        change_window(self.windows, week, lambda found: found.recording(use))
        self._written = {one for one in self._written if one[0] == week.key} | {known}

    def _tell_last_week(self, by: MessageId) -> None:
        now = self.clock()
        week = AddressWeek.at(now - WEEK)
        if self._looked_back_at == week.key:
            return
        stored = self.windows.load(week.key)
        if stored is not None and not stored.window.claim.told:
            claimed = change_window(
                self.windows,
                week,
                lambda found: found.with_claim(found.claim.claimed(by, now)),
            )
            tell_once(claimed, self.windows, by, lambda: self._publish(claimed))
            if not claimed.claim.told and not claimed.claim.is_due(by):
                return  # another mail is about to tell; if its worker dies, a later one does
        self._looked_back_at = week.key

    def _publish(self, week: AddressWeek) -> None:
        self.notices.publish(compose_address_notice(week, stack=self.stack, place=self.place))
