"""Extending the links of a message, as long as its files exist.

S3 deletes an object at the first midnight (UTC) after its retention in days has passed (S3 User
Guide, "Lifecycle configuration elements", expiration). A link ends at the latest when the
retention has passed since the message's `created_at` (`relay_core.links.lifetime`). An extension
has the same limit, and the earliest of those midnights as another one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from relay_core.notices.moment import format_moment
from relay_core.record.manifest import Manifest

from .redelivery import NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainedObject:
    """An object that the links need: when it was stored, and its retention (None: no limit)."""

    stored_at: datetime
    retention: timedelta | None


def latest_end(created_at: datetime, kept: Iterable[RetainedObject]) -> datetime | None:
    """The latest end of the links of a message, in whole seconds; None without limit."""
    ends = [
        end
        for one in kept
        if one.retention is not None
        for end in (created_at + one.retention, _next_midnight(one.stored_at + one.retention))
    ]
    return min(ends).astimezone(UTC).replace(microsecond=0) if ends else None


def _next_midnight(moment: datetime) -> datetime:
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == moment else midnight + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """The earliest end that the links have after the change."""

    until: datetime

    def apply(self, manifest: Manifest) -> Manifest:
        """The manifest with that end, or unchanged if its end is later by now."""
        return replace(manifest, expires_at=max(manifest.expires_at, self.until))


def later_by(manifest: Manifest, more: timedelta, now: datetime) -> datetime:
    """The moment this long after the end of the links, or after now, if they have expired."""
    return max(manifest.expires_at, now) + more


def plan_extension(
    manifest: Manifest, until: datetime, latest: datetime | None, now: datetime
) -> Extension:
    """The change after which the links are valid until the given time.

    Raises:
        NotDone: if they are valid for longer already, or the time is after `latest`.
    """
    message_id, before = manifest.message_id, manifest.expires_at
    if until <= before:
        raise NotDone(
            f"{message_id}: its links are valid until {format_moment(before)}, which is not before"
            f" {format_moment(until)}; 'relayctl revoke' ends them sooner"
        )
    if latest is not None and until > latest:
        what_to_do = (
            f"--until {format_moment(latest)} is the latest possible"
            if latest > max(before, now)
            else "its links cannot be extended any further"
        )
        raise NotDone(
            f"{message_id}: {format_moment(until)} is after {format_moment(latest)}, until when"
            f" its attachments are kept (attachmentRetentionDays); {what_to_do}"
        )
    if until <= now:
        raise NotDone(
            f"{message_id}: {format_moment(until)} is in the past: give a later time, or end the"
            " links by 'relayctl revoke'"
        )
    return Extension(until=until)
