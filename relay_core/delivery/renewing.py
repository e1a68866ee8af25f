"""Sending a recipient a new link: recorded first, then sent, to the recipient only.

The manifest is changed by compare-and-swap before the mail is submitted, so several requests at
the same time send one mail. Where the mail service certainly refused it, the recorded time is
taken back, and the next request need not wait.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from relay_core.errors import AdapterError, Conflict, LostAnswer, TransientError
from relay_core.keys import MessageId
from relay_core.links.renewal import (
    RenewalPolicy,
    is_too_soon,
    link_end,
    may_renew,
    renewed,
    with_delivery,
)
from relay_core.ports import Manifests, OutgoingMail, Submission
from relay_core.record.manifest import DeliveryRecord, Manifest

from .ledger import MAX_TRIES


class RenewalResult(Enum):
    """The result of a request for a new link."""

    SENT = auto()
    TOO_SOON = auto()
    NOT_OFFERED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink:
    """A link to send: the recipient's record, the message's manifest, and the end of the link."""

    delivery: DeliveryRecord
    manifest: Manifest
    until: datetime


def send_new_link(
    message_id: MessageId,
    recipient: str,
    *,
    policy: RenewalPolicy,
    compose: Callable[[NewLink], OutgoingMail],
    manifests: Manifests,
    submission: Submission,
    now: datetime,
) -> RenewalResult:
    """Send a recipient a new link, unless one was sent just now or none can be given.

    Raises:
        AdapterError: if it could not be written down, or the mail service did not take it.
    """
    for _ in range(MAX_TRIES):
        stored = manifests.load(message_id)
        before = _record(stored.manifest, recipient) if stored else None
        if stored is None or before is None or not may_renew(before, stored.manifest, policy, now):
            return RenewalResult.NOT_OFFERED
        if is_too_soon(before, now):
            return RenewalResult.TOO_SOON
        after = renewed(before, stored.manifest, policy, now)
        manifest = with_delivery(stored.manifest, after)
        try:
            manifests.replace(manifest, stored.version)
        except Conflict:
            continue
        new = NewLink(delivery=after, manifest=manifest, until=link_end(after, manifest))
        answer = _submit(new, compose, submission)
        if answer is None:
            return RenewalResult.SENT
        if not isinstance(answer, LostAnswer):
            _take_back(before, after, manifest, manifests)
        raise answer
    raise TransientError(
        call="s3:PutObject",
        target=str(message_id),
        detail="other workers changed the manifest at each try",
    )


def _submit(
    new: NewLink, compose: Callable[[NewLink], OutgoingMail], submission: Submission
) -> AdapterError | None:
    """Why a new link was not sent, or None if it was."""
    try:
        (answer,) = submission.submit_each([compose(new)])
    except AdapterError as error:  # the link could not be made
        return error
    return answer if isinstance(answer, AdapterError) else None


def _record(manifest: Manifest, recipient: str) -> DeliveryRecord | None:
    return next((one for one in manifest.deliveries if one.recipient == recipient), None)


def _take_back(
    before: DeliveryRecord, after: DeliveryRecord, manifest: Manifest, manifests: Manifests
) -> None:
    """Remove the time of a mail that was not sent, so that the next request sends one."""
    with suppress(AdapterError):
        stored = manifests.load(manifest.message_id)
        found = _record(stored.manifest, after.recipient) if stored else None
        if stored is not None and found is not None and found.renewed_at == after.renewed_at:
            undone = replace(found, renewed_at=before.renewed_at)
            manifests.replace(with_delivery(stored.manifest, undone), stored.version)
