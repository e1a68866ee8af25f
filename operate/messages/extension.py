"""Extending the links of a message, as long as its files exist.

S3 deletes an object so many days after it was stored, at the midnight (UTC) after that (S3 User
Guide, "Lifecycle configuration elements", expiration). The relay promises no link beyond so many
days after the message's `created_at` (`relay_core.links.lifetime`), and neither does an operator,
nor beyond the first of those midnights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from relay_core.notices.moment import format_moment
from relay_core.record.manifest import Manifest

from .redelivery import NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One object that is needed: when it was stored, and for how long; None is without limit."""

    stored_at: datetime
    retention: timedelta | None


def latest_end(created_at: datetime, kept: Iterable[Kept]) -> datetime | None:
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
    """Until when the links are good at the least."""

    until: datetime

    def apply(self, manifest: Manifest) -> Manifest:
        """The manifest with that end, or with a later one that it has by now."""
        return replace(manifest, expires_at=max(manifest.expires_at, self.until))


def later_by(manifest: Manifest, more: timedelta, now: datetime) -> datetime:
    """The moment this long after the end of the links, or after now, if they have expired."""
    return max(manifest.expires_at, now) + more


def plan_extension(
    manifest: Manifest, until: datetime, latest: datetime | None, now: datetime
) -> Extension:
    """What is changed so that the links are good until then.

    Raises:
        NotDone: if they are for longer already, or nothing is kept for so long (`latest`).
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
            else "its links cannot be good for any longer"
        )
        raise NotDone(
            f"{message_id}: {format_moment(until)} is after {format_moment(latest)}, until when"
            f" its attachments are kept (attachmentRetentionDays); {what_to_do}"
        )
    if until <= now:
        raise NotDone(f"{message_id}: {format_moment(until)} is over, and so its links would be")
    return Extension(until=until)
