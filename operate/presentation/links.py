"""The effect of a revocation or extension, line by line, before the operator confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from operate.messages.extension import Extension
from operate.messages.revocation import Revocation
from relay_core.links.download import MAX_FETCH_TIME
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import Manifest


def name_revoked(revocation: Revocation, manifest: Manifest) -> str:
    """The recipients and files of a revocation, in the words of an `Intervention`."""
    everybody = {one.recipient for one in manifest.deliveries}
    recipients = revocation.recipients
    named = ["every recipient"] if everybody == set(recipients) else list(recipients)
    named += [
        f"attachment {number} ({one.filename})"
        for number, one in enumerate(manifest.attachments, 1)
        if one.key in revocation.files
    ]
    return ", ".join(named)


def describe_revocation(revocation: Revocation, manifest: Manifest) -> Iterator[str]:
    """The links and files that change, and what can still be opened for a while."""
    after = revocation.apply(manifest)
    for before, delivery in zip(manifest.deliveries, after.deliveries, strict=True):
        if before != delivery:
            yield f"  {delivery.recipient}: the link {_works(delivery.revoked_at, after)}"
    for number, (before_it, file) in enumerate(
        zip(manifest.attachments, after.attachments, strict=True), 1
    ):
        name = f"  attachment {number} ({file.filename})"
        if before_it != file:
            yield f"{name}: recipients {'cannot' if file.revoked_at else 'can'} download it"
        elif file.revoked_at is not None and revocation.at is None:
            yield f"{name} stays revoked: --attachment {number} restores it"
    if revocation.at is not None and revocation.at < manifest.expires_at:
        minutes = MAX_FETCH_TIME // timedelta(minutes=1)
        yield f"  a download that has begun can go on for {minutes} minutes"


def _works(revoked_at: datetime | None, manifest: Manifest) -> str:
    if revoked_at is not None:
        return "stops working"
    return f"works again, until {format_moment(manifest.expires_at)}"


def describe_extension(manifest: Manifest, extension: Extension, now: datetime) -> Iterator[str]:
    """The current and the new end of the links, and the links that stay revoked."""
    is_over = now >= manifest.expires_at
    verb = "were" if is_over else "are"
    yield f"  its links {verb} valid until {format_moment(manifest.expires_at)}"
    yield f"  and will be until {format_moment(extension.until)}"
    revoked = [one.recipient for one in manifest.deliveries if one.revoked_at is not None]
    if revoked:
        yield f"  except those that are revoked: {', '.join(revoked)}"
