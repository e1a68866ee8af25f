"""The state of a message in one word, as an operator sees it, and the worker that has it.

A manifest has two fields for it: the state of the message, and the state of each recipient. There,
`relaying` lasts from the first submission until long after the last. An operator wants to know
whether all is sent, and whether a recipient did not get the mail.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from relay_core.notices.moment import format_moment
from relay_core.record.lease import Lease
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState


class MessageStatus(StrEnum):
    """The state of a message, as an operator sees it.

    `RELAYING`: some recipients have no final result. `DONE`: all have the mail. `PARTIAL`: all
    have it except those who were left out. `FAILED`: some can never get it. `DEAD`: no try is
    running and none follows by itself; usually the message is in the dead-letter queue. The others
    are as in `ManifestState`.
    """

    RELAYING = "relaying"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    REFUSED = "refused"
    IGNORED = "ignored"
    HELD = "held"
    RELEASED = "released"
    FAILING = "failing"
    DEAD = "dead"


def status_of(manifest: Manifest, now: datetime) -> MessageStatus:
    """The standing of the message now."""
    if manifest.is_given_up(now):
        return MessageStatus.DEAD
    if manifest.state is not ManifestState.RELAYING:
        return MessageStatus(manifest.state.value)
    if not manifest.is_settled:
        return MessageStatus.RELAYING
    if manifest.count(DeliveryState.FAILED):
        return MessageStatus.FAILED
    return MessageStatus.PARTIAL if manifest.refusals else MessageStatus.DONE


def lease_at(manifest: Manifest, now: datetime) -> Lease | None:
    """The claim of the worker that has the message at that time, if one has."""
    lease = manifest.lease
    return lease if lease is not None and now < lease.until else None


_MAX_LISTED = 3


def error_of(manifest: Manifest) -> str:
    """The error of the message as a whole; empty once a later try succeeded.

    The detail of a reason for refusal stays.
    """
    is_over = manifest.state is ManifestState.RELAYING and manifest.is_settled
    return "" if is_over and not manifest.reason else manifest.detail


def explain_status(manifest: Manifest) -> str:
    """Why the message is in this state, as its manifest says; empty if it is done.

    Recipients who fail for the same reason are listed together, and each reason once.
    """
    words = [manifest.reason.value] if manifest.reason else []
    error = error_of(manifest)
    is_repeated_below = any(error in (one.failure or "") for one in manifest.deliveries)
    words += [error] if error and not is_repeated_below else []
    unserved: dict[str, list[str]] = {}
    for one in manifest.deliveries:
        if one.state is not DeliveryState.SUBMITTED:
            unserved.setdefault(one.failure or one.state.value, []).append(one.recipient)
    failures = [f"{list_some(who)}: {error}" for error, who in unserved.items()]
    failures += [
        f"malware in {one.filename}"
        for one in manifest.attachments
        if any(threat.is_malware and threat.key == one.key for threat in manifest.threats)
    ]
    failures += [f"left out, {one.reason}: {one.detail}" for one in manifest.refusals]
    words += failures[:_MAX_LISTED]
    if len(failures) > _MAX_LISTED:
        words.append(f"and {len(failures) - _MAX_LISTED} more problems")
    return "; ".join(words)


def list_some(recipients: Sequence[str]) -> str:
    """Some of the addresses, and how many more there are."""
    named = ", ".join(recipients[:_MAX_LISTED])
    left = len(recipients) - _MAX_LISTED
    return f"{named} and {left} more" if left > 0 else named


def describe_lease(lease: Lease) -> str:
    """The worker of a lease and the lease's end, as text."""
    return f"worker {lease.holder} has it until {format_moment(lease.until)}"
