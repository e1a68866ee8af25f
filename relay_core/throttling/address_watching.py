"""Uses of previous addresses and closed labels are recorded, and reported in one notice a week.

The first mail after the end of a week has the notice of it sent, by whichever address that mail
came and however much later. So this needs no schedule, and no call for mail by the current address
but one look at the record a container and week. A failure here fails no mail: a later mail records
or reports.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from relay_core.errors import AdapterError, Reason
from relay_core.keys import MessageId
from relay_core.limits.address_use import AddressRecord, AddressUse, AddressWeek, labels_to_name
from relay_core.notices.address_use import compose_address_notice
from relay_core.ports import Notices, Windows
from relay_core.record.report import Outcome, RelayReport

from .window_change import change_window, publish_once

_EMPTY = AddressRecord()


def address_use_of(report: RelayReport, closed_labels: Collection[str]) -> AddressUse | None:
    """The use that the operator wants to know of; None for mail by the current address."""
    is_closed = report.outcome is Outcome.IGNORED and report.reason is Reason.CLOSED_LABEL
    if not (is_closed or report.by_previous_address):
        return None
    return AddressUse(
        sender=report.sender or "a sender without an address",
        labels=labels_to_name(report.labels, {one.lower() for one in closed_labels}),
        is_closed=is_closed,
        message_id=report.message_id,
    )


@dataclass(slots=True, kw_only=True)
class AddressWatch:
    """Records uses and reports them; `clock` returns an aware datetime in UTC.

    It works without a previous address and without `closed_labels` too: a week that was recorded
    before they were taken out of the configuration is still reported.

    `stack` and `place` are those of notices. `on_error` is called with each error of a port.
    """

    windows: Windows[AddressRecord]
    notices: Notices
    closed_labels: Collection[str] = ()
    stack: str
    place: str
    clock: Callable[[], datetime]
    on_error: Callable[[AdapterError], None]
    _this_week: AddressWeek | None = field(default=None, init=False)
    _looked_back_in: datetime | None = field(default=None, init=False)

    def refresh(self) -> None:
        """Read the record before the first mail, which then does not. Raises nothing."""
        try:
            self._ended_weeks(self.clock())
        except AdapterError as error:
            self.on_error(error)

    def record_use(self, report: RelayReport) -> None:
        """Record what a mail used, and report the weeks that have ended. Raises nothing."""
        try:
            if (use := address_use_of(report, self.closed_labels)) is not None:
                self._record(use)
            self._report_ended_weeks(report.message_id)
        except AdapterError as error:
            self.on_error(error)

    def _record(self, use: AddressUse) -> None:
        now, known = self.clock(), self._this_week
        if (
            known is not None
            and known.started_at == AddressWeek.at(now).started_at
            and known.recording(use) == known
        ):
            return
        changed = change_window(self.windows, _EMPTY, lambda found: found.recording(use, now))
        self._this_week = changed.week_of(now)

    def _report_ended_weeks(self, by: MessageId) -> None:
        now = self.clock()
        if self._looked_back_in == AddressWeek.at(now).started_at:
            return
        for _ in self._ended_weeks(now):
            claimed = change_window(self.windows, _EMPTY, lambda found: found.claiming(by, now))
            if not claimed.claim.is_due(by):
                return  # another mail has the claim; if its worker stops, a later mail reports
            publish_once(claimed, self.windows, by, partial(self._publish, claimed.weeks[0]))
        self._looked_back_in = AddressWeek.at(now).started_at

    def _ended_weeks(self, now: datetime) -> tuple[AddressWeek, ...]:
        stored = self.windows.load(_EMPTY.key)
        ended = () if stored is None else stored.window.ended(now)
        if not ended:
            self._looked_back_in = AddressWeek.at(now).started_at
        return ended

    def _publish(self, week: AddressWeek) -> None:
        self.notices.publish(compose_address_notice(week, stack=self.stack, place=self.place))
