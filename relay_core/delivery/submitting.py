"""Submitting the mails of one message to the mail service, and recording its answers.

Mails go out in groups, one mail a recipient, a group at the same time. Before a group goes, the
manifest says whose mails are in it; the same write records the answers to the group before. So
a worker that stops leaves at most one group of which nobody knows whether it was taken. That is
the only window in which somebody can get a mail twice. Whom it may hit is counted in the manifest,
as `repeats`, before it does; `possibly_repeated` is this worker's share of that.

If a recipient can never be served, the operator is notified first, then the result is recorded.
All other results are recorded before that: the window must not wait for the notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from relay_core.errors import (
    AdapterError,
    LostAnswer,
    PermanentError,
    SendingStopped,
    TransientError,
)
from relay_core.ports import OutgoingMail, Ports, SubmissionId
from relay_core.record.lease import Worker
from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest

from .ledger import Change, Ledger

GROUP_BYTES = 8 * 1024 * 1024
"""The most bytes of mail in a group of more than one mail: a limit of the worker's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """The result for the open recipients of one message.

    `submitted` and `possibly_repeated` count recipients; `last_at` is when the last of them was
    served. `rejected` were reported to the operator. `stopped` is set where the mail service sends
    nothing for this account, `error` to the last transient error else. `locked_out` is set where
    another worker took the message over, and `out_of_time` where this one came to its end.
    """

    submitted: int = 0
    possibly_repeated: int = 0
    rejected: int = 0
    last_at: datetime | None = None
    stopped: SendingStopped | None = None
    error: TransientError | None = None
    locked_out: bool = False
    out_of_time: bool = False


def submit_open(
    ledger: Ledger,
    *,
    compose: Callable[[str], OutgoingMail],
    report_rejected: Callable[[Sequence[tuple[str, PermanentError]]], None],
    concurrency: int,
    links_until: datetime,
    ports: Ports,
    worker: Worker,
) -> Submitted:
    """Submit to every recipient that is open, once each, for as long as there is time.

    `compose` makes a recipient's mail, which says that its links are good until `links_until`.
    `report_rejected` tells the operator of those who will never be served. The worker's lease ends
    with the return.

    Raises:
        AdapterError: if the manifest cannot be saved, or the notice not be published. Whatever is
            known is saved if that can be done.
    """
    result = Submitted()
    rejected: list[tuple[str, PermanentError]] = []
    tried: set[str] = set()
    due: tuple[DeliveryRecord, ...] = ()
    size = concurrency
    try:
        while group := _next_group(ledger, tried, size):
            now = ports.clock()
            if not worker.has_time(now):
                result = replace(result, out_of_time=True)
                break
            if len(group) > 1 and not tried:
                size = _group_size(compose(group[0].recipient), concurrency)
                group = group[:size]
            tried.update(one.recipient for one in group)
            # Until they are handed over, they are what they were.
            saved, due = due, group
            ledger.update(_recording_and_claiming(saved, group, worker, now, links_until))
            if worker.is_locked_out(ledger.manifest.lease, now):
                return replace(result, locked_out=True)
            mails = [compose(one.recipient) for one in _claimed(ledger, group)]
            due = ()
            answers = ports.submission.submit_each(mails)
            now = ports.clock()
            due = tuple(map(_record, mails, answers, [now] * len(mails)))
            rejected += _rejected(mails, answers)
            result = _counting(result, group, answers, now)
            if result.stopped or not any(_is_final(answer) for answer in answers):
                break
        ledger.update(_recording(due, worker, is_last=not rejected))
        due = ()
        if rejected:
            report_rejected(rejected)
            due = tuple(
                DeliveryRecord(
                    recipient=recipient,
                    state=DeliveryState.FAILED,
                    at=ports.clock(),
                    failure=error.detail,
                )
                for recipient, error in rejected
            )
            ledger.update(_recording(due, worker, is_last=True))
    # Whatever went wrong, the next worker is to know what is known, and not to wait for a lease.
    except Exception:
        with suppress(AdapterError):
            ledger.update(_recording(due, worker, is_last=True))
        raise
    return result


def _next_group(ledger: Ledger, tried: Collection[str], size: int) -> tuple[DeliveryRecord, ...]:
    left = (one for one in ledger.manifest.open_deliveries() if one.recipient not in tried)
    return tuple(islice(left, size))


def _group_size(mail: OutgoingMail, concurrency: int) -> int:
    return max(1, min(concurrency, GROUP_BYTES // max(1, len(mail.raw))))


def _claimed(ledger: Ledger, group: Sequence[DeliveryRecord]) -> list[DeliveryRecord]:
    """Those of the group that are still to be submitted to: an operator may have been quicker."""
    names = {one.recipient for one in group}
    return [one for one in ledger.manifest.open_deliveries() if one.recipient in names]


def _recording_and_claiming(
    records: Sequence[DeliveryRecord],
    group: Sequence[DeliveryRecord],
    worker: Worker,
    now: datetime,
    links_until: datetime,
) -> Change:
    return lambda manifest: manifest.recording(records, worker).claiming(
        group, worker, now, links_until=links_until
    )


def _recording(records: Sequence[DeliveryRecord], worker: Worker, *, is_last: bool) -> Change:
    def change(manifest: Manifest) -> Manifest:
        recorded = manifest.recording(records, worker)
        return recorded.released(worker) if is_last else recorded

    return change


Answer = SubmissionId | AdapterError


def _is_final(answer: Answer) -> bool:
    return not isinstance(answer, TransientError)


def _record(mail: OutgoingMail, answer: Answer, now: datetime) -> DeliveryRecord:
    if not isinstance(answer, AdapterError):
        state, submission_id, failure = DeliveryState.SUBMITTED, SubmissionId(answer), None
    else:
        # One that is rejected is recorded as such once the operator knows.
        lost = isinstance(answer, LostAnswer)
        state = DeliveryState.SUBMITTING if lost else DeliveryState.PENDING
        submission_id, failure = None, answer.detail
    return DeliveryRecord(
        recipient=mail.recipient, state=state, submission_id=submission_id, at=now, failure=failure
    )


def _rejected(
    mails: Sequence[OutgoingMail], answers: Sequence[Answer]
) -> list[tuple[str, PermanentError]]:
    return [
        (mail.recipient, answer)
        for mail, answer in zip(mails, answers, strict=True)
        if isinstance(answer, PermanentError)
    ]


def _counting(
    before: Submitted, group: Sequence[DeliveryRecord], answers: Sequence[Answer], now: datetime
) -> Submitted:
    """The result with one group's answers counted in."""
    taken = sum(not isinstance(answer, AdapterError) for answer in answers)
    transient = [answer for answer in answers if isinstance(answer, TransientError)]
    stopped = [answer for answer in transient if isinstance(answer, SendingStopped)]
    return replace(
        before,
        submitted=before.submitted + taken,
        possibly_repeated=before.possibly_repeated
        + sum(one.state is DeliveryState.SUBMITTING for one in group),
        rejected=before.rejected + sum(isinstance(answer, PermanentError) for answer in answers),
        last_at=now if taken else before.last_at,
        stopped=stopped[0] if stopped else before.stopped,
        error=transient[-1] if transient else before.error,
    )
