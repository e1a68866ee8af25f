"""Changing the record of a window that many workers change at once; one notice for a limit.

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
    return change_stored_window(windows, empty, change, None).window


def change_stored_window(
    windows: Windows[Record],
    empty: Record,
    change: Callable[[Record], Record],
    known: StoredWindow[Record] | None,
) -> StoredWindow[Record]:
    """The same, starting from a known version, which may be outdated."""
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


class ClaimedRecord(WindowRecord, Protocol):
    """A window's record of a limit that is reported once."""

    @property
    def claim(self) -> NoticeClaim:
        """Whether the notice is published, and which mail has the claim."""
        ...

    def with_claim(self, claim: NoticeClaim) -> Self:
        """The record with another claim."""
        ...


Claimed = TypeVar("Claimed", bound=ClaimedRecord)


def publish_once(
    record: Claimed, windows: Windows[Claimed], by: MessageId, publish: Callable[[], None]
) -> None:
    """Publish the notice if this mail has the claim, and record that it was published.

    `record` is the one with the mail's claim, if it has one.

    Raises:
        AdapterError: if the notice could not be published, or that not be recorded. The next mail
            publishes it, or this one at its next delivery.
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
    change_window(windows, record, lambda found: found.with_claim(found.claim.published(by)))
