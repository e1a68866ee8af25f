"""Changing a window's record that many workers change at the same time, and telling of it once.

Each change is made on the record that was read, and written only if that is still the last one
(compare-and-swap). Who loses a race makes the change again on what the winner wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, Self, TypeVar

from relay_core.errors import AdapterError, Conflict
from relay_core.keys import MessageId
from relay_core.limits.notice_claim import NoticeClaim
from relay_core.limits.window import WindowRecord
from relay_core.ports import StoredWindow, Version, Windows

Record = TypeVar("Record", bound=WindowRecord)

MAX_RACES = 20
"""How often a lost race is run again.

A loser was overtaken by a writer. What this bounds is a store that reports races that were none,
and the wait where very many workers meet.
"""


def change_window(
    windows: Windows[Record],
    empty: Record,
    change: Callable[[Record], Record],
) -> Record:
    """The record with the change made and saved. `empty` is what it is before the first write.

    `change` is called on each version that is found; one that it leaves as it is is not written.

    Raises:
        Conflict: if `MAX_RACES` races were lost.
        AdapterError: if the store fails.
    """
    return change_known(windows, empty, change, None).window


def change_known(
    windows: Windows[Record],
    empty: Record,
    change: Callable[[Record], Record],
    known: StoredWindow[Record] | None,
) -> StoredWindow[Record]:
    """The same, beginning with a version that is known: nobody else may have written since."""
    races = 0
    stored = known or windows.load(empty.key)
    while True:
        changed = change(empty if stored is None else stored.window)
        try:
            return StoredWindow(changed, _write(changed, stored, windows))
        except Conflict:
            races += 1
            if races == MAX_RACES:
                raise
            stored = windows.load(empty.key)


def _write(
    changed: Record, stored: StoredWindow[Record] | None, windows: Windows[Record]
) -> Version:
    if stored is None:
        return windows.create(changed)
    if changed == stored.window:
        return stored.version
    return windows.replace(changed, stored.version)


class ToldRecord(WindowRecord, Protocol):
    """A window's record of something that the operator is told once."""

    @property
    def claim(self) -> NoticeClaim:
        """Whether that is done, and who claims to do it."""
        ...

    def with_claim(self, claim: NoticeClaim) -> Self:
        """The record with another state of that."""
        ...


Told = TypeVar("Told", bound=ToldRecord)


def tell_once(
    record: Told, windows: Windows[Told], by: MessageId, publish: Callable[[], None]
) -> None:
    """Tell the operator if it is due to this mail, and write down that it was done.

    `record` is the one in which the mail's claim stands, if it has any.

    Raises:
        AdapterError: if the operator could not be told, or that not be written down. The next
            mail tells, or this one at its next delivery.
    """
    if not record.claim.is_due(by):
        return
    try:
        publish()
    except AdapterError:
        with suppress(AdapterError):
            change_window(
                windows, record, lambda found: found.with_claim(found.claim.given_up(by))
            )
        raise
    change_window(windows, record, lambda found: found.with_claim(found.claim.done()))
