"""The reports of deliveries that leave a mail for later, or find that it has ended.

Pure: a manifest and what came of a try in, a report out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from relay_core.errors import Reason
from relay_core.keys import MessageId
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import DeliveryState, Manifest
from relay_core.record.report import Outcome, RelayReport, Retry
from relay_core.settings import Settings

from .submitting import Submitted


def held(message_id: MessageId, detail: str, message_bytes: int) -> RelayReport:
    """A mail that waits for an operator; `detail` says why."""
    return RelayReport(
        message_id=message_id,
        outcome=Outcome.HELD,
        reason=Reason.LIMIT_EXCEEDED,
        detail=detail,
        message_bytes=message_bytes,
    )


def duplicate(manifest: Manifest) -> RelayReport:
    """A mail that had ended before this delivery."""
    return RelayReport(
        message_id=manifest.message_id,
        outcome=Outcome.DUPLICATE,
        reason=manifest.reason,
        already_submitted=manifest.count(DeliveryState.SUBMITTED),
    )


def busy(manifest: Manifest, now: datetime) -> RelayReport:
    """A mail that another worker has: it is delivered again when that lease ends."""
    until = manifest.lease.until if manifest.lease else now
    return RelayReport(
        message_id=manifest.message_id,
        outcome=Outcome.BUSY,
        already_submitted=manifest.count(DeliveryState.SUBMITTED),
        left=len(manifest.open_deliveries()),
        detail=f"another worker has the message until {format_moment(until)}",
        retry=Retry(after=max(until - now, timedelta(seconds=1)), failed_try=False),
    )


def age_of(submitted_at: datetime | None, arrived_at: datetime | None) -> timedelta | None:
    """How long a mail took from its arrival to its last submission; None if that is unknown."""
    if submitted_at is None or arrived_at is None:
        return None
    return max(submitted_at - arrived_at, timedelta(0))


def with_retry_if_left(
    report: RelayReport,
    submitted: Submitted,
    manifest: Manifest,
    settings: Settings,
    now: datetime,
) -> RelayReport:
    """The report unchanged, or, if recipients are left, with when the mail is delivered again."""
    if submitted.locked_out:
        found = busy(manifest, now)
        return replace(report, outcome=found.outcome, detail=found.detail, retry=found.retry)
    if not report.left:
        return report
    if submitted.stopped is not None:
        return replace(
            report,
            outcome=Outcome.PARKED,
            detail=submitted.stopped.detail,
            retry=Retry(after=settings.parking_delay, failed_try=False),
        )
    out_of_time = submitted.out_of_time
    error = submitted.error.detail if submitted.error else "there was no recipient to submit to"
    return replace(
        report,
        outcome=Outcome.UNFINISHED,
        detail="the worker ran out of time" if out_of_time else error,
        retry=Retry(
            after=timedelta(0) if out_of_time else settings.retry_delay,
            failed_try=not (submitted.submitted or submitted.rejected),
        ),
    )
