"""When the recipient of an expired link gets a new one, and what that changes in the manifest.

A renewed link has a token of its own: the recipient's tag in it counts the renewals, so each older
token stays expired. It is valid for one recipient, as long as a first link is, but not after the
files' retention. The links of others do not change.

Anybody who has the old address can request a link. So it is sent to the recipient only, at most
once in `RENEWAL_INTERVAL`. While a renewed link is valid, a request sends the same one again: a
person with an old address cannot make the recipient's link expire.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest, ManifestState

RENEWAL_INTERVAL = timedelta(hours=1)
"""The shortest time between two mails with a new link to one recipient."""

MAX_RENEWALS = 100
"""The largest number of renewals for one recipient of one message."""

_MIN_LEFT = timedelta(minutes=10)
"""The shortest lifetime of a renewed link; one that would expire sooner is not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalPolicy:
    """How long a renewed link is valid, and how long files are kept."""

    link_expiry: timedelta
    attachment_retention: timedelta


def link_end(delivery: DeliveryRecord, manifest: Manifest) -> datetime:
    """The end of a recipient's last issued link."""
    return max(manifest.expires_at, delivery.renewed_until or manifest.expires_at)


def may_renew(
    delivery: DeliveryRecord, manifest: Manifest, policy: RenewalPolicy, now: datetime
) -> bool:
    """Whether a recipient may get a new link, now or an hour later: not if theirs was revoked."""
    return (
        manifest.state is ManifestState.RELAYING
        and delivery.state is DeliveryState.SUBMITTED
        and delivery.revoked_at is None
        and (delivery.renewals < MAX_RENEWALS or now < link_end(delivery, manifest))
        and any(one.failure is None and one.revoked_at is None for one in manifest.attachments)
        and now + _MIN_LEFT <= manifest.files_until(policy.attachment_retention)
    )


def is_too_soon(delivery: DeliveryRecord, now: datetime) -> bool:
    """Whether a new link was sent less than `RENEWAL_INTERVAL` ago."""
    return delivery.renewed_at is not None and now < delivery.renewed_at + RENEWAL_INTERVAL


def renewed(
    delivery: DeliveryRecord, manifest: Manifest, policy: RenewalPolicy, now: datetime
) -> DeliveryRecord:
    """The record with a link that is valid now, and the time at which it is sent."""
    if now < link_end(delivery, manifest):
        return replace(delivery, renewed_at=now)
    return replace(
        delivery,
        renewals=delivery.renewals + 1,
        renewed_at=now,
        renewed_until=min(
            now + policy.link_expiry, manifest.files_until(policy.attachment_retention)
        ),
    )


def with_delivery(manifest: Manifest, delivery: DeliveryRecord) -> Manifest:
    """The manifest with the record of a recipient replaced."""
    return replace(
        manifest,
        deliveries=tuple(
            delivery if one.recipient == delivery.recipient else one for one in manifest.deliveries
        ),
    )
