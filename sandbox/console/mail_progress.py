"""A mail's path through the relay: six steps, its progress, and its outcome.

Pure: combines what is known of a mail from the buckets, the queues, its manifest and the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from relay_core.record.manifest import DeliveryState, Manifest, ManifestState

from .mail import Heading

_MAX_NAMED = 3


class MailState(StrEnum):
    """The state of a mail, as the console shows it.

    `WAITING`: not started. `WORKING`: a worker processes it. `RETRYING`: it is retried
    automatically. `PARKED`: it waits until the account may send. `HELD`: it waits for the
    operator. `DEAD`: it is in the dead-letter queue and waits for the operator. The other states
    are final. `PARTLY`: some recipients or files were left out. `FAILED`: no recipient was
    reached.
    """

    WAITING = "waiting"
    WORKING = "working"
    RETRYING = "retrying"
    PARKED = "parked"
    HELD = "held"
    DEAD = "dead"
    DELIVERED = "delivered"
    PARTLY = "partly"
    FAILED = "failed"
    REFUSED = "refused"
    IGNORED = "ignored"

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self in _OVER


_OVER = {
    MailState.DELIVERED,
    MailState.PARTLY,
    MailState.FAILED,
    MailState.REFUSED,
    MailState.IGNORED,
}


class Progress(StrEnum):
    """The progress of one step.

    `WAITS`: the mail continues later, with or without help. `END`: it stops here, before delivery.
    `AHEAD`: the step may still come. `NEVER`: it does not come.
    """

    DONE = "done"
    NOW = "now"
    WAITS = "waits"
    END = "end"
    AHEAD = "ahead"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `at` is None where the time is unknown or in the future."""

    name: str
    progress: Progress
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The events of a mail since the sandbox started. Empty if they are no longer kept.

    `envelope` names the sender and recipient of the envelope. `outcome` is the last outcome in the
    function's log, with `detail`.
    """

    received_at: datetime | None = None
    envelope: str = ""
    begun_at: datetime | None = None
    outcome: str = ""
    detail: str = ""
    shown_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InQueue:
    """A message about a mail, in the queue or the dead-letter queue."""

    is_dead_letter: bool
    sent_at: datetime
    tries: int
    is_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The first download from a mail's links, and the number of downloads."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMail:
    """A raw message of the incoming bucket, and everything known of it. `size` in bytes."""

    message_id: str
    raw_key: str
    stored_at: datetime
    size: int
    heading: Heading
    manifest: Manifest | None = None
    queued: InQueue | None = None
    trace: Trace = field(default_factory=Trace)
    opened: Opening | None = None


_STATES = {
    ManifestState.REFUSED: MailState.REFUSED,
    ManifestState.IGNORED: MailState.IGNORED,
    ManifestState.HELD: MailState.HELD,
    ManifestState.RELEASED: MailState.WAITING,
    ManifestState.FAILING: MailState.RETRYING,
}


def state_of(mail: IncomingMail, now: datetime) -> MailState:
    """The state of the mail."""
    manifest, queued = mail.manifest, mail.queued
    is_letter = queued is not None and queued.is_dead_letter
    if manifest is None:
        return MailState.DEAD if is_letter else _state_without_manifest(mail)
    if not manifest.is_settled and manifest.state is not ManifestState.HELD:
        # A dead letter that is in the queue again was redriven.
        if is_letter or (queued is None and manifest.is_given_up(now)):
            return MailState.DEAD
        if manifest.lease is not None and now < manifest.lease.until:
            return MailState.WORKING
    return _STATES.get(manifest.state) or _state_of_deliveries(manifest, mail.trace)


def _state_without_manifest(mail: IncomingMail) -> MailState:
    if mail.trace.outcome == "ignored":
        return MailState.IGNORED
    if mail.trace.outcome or (mail.queued is not None and mail.queued.tries > 1):
        return MailState.RETRYING
    is_out = mail.queued is not None and mail.queued.tries and not mail.queued.is_visible
    return MailState.WORKING if mail.trace.begun_at or is_out else MailState.WAITING


def _state_of_deliveries(manifest: Manifest, trace: Trace) -> MailState:
    if not manifest.is_settled:
        return MailState.PARKED if trace.outcome == "parked" else MailState.RETRYING
    if not manifest.count(DeliveryState.SUBMITTED):
        return MailState.FAILED
    left_out = (
        manifest.count(DeliveryState.FAILED)
        or manifest.refusals
        or any(one.failure is not None for one in manifest.attachments)
    )
    return MailState.PARTLY if left_out else MailState.DELIVERED


def failure_texts(manifest: Manifest) -> Iterator[str]:
    """Why a mail is not delivered to all recipients, in the words of its manifest."""
    if manifest.reason:
        yield manifest.reason.value
    if manifest.detail:
        yield manifest.detail
    left = [one for one in manifest.deliveries if one.state is not DeliveryState.SUBMITTED]
    named = [f"{one.recipient} {one.failure or one.state.value}" for one in left[:_MAX_NAMED]]
    if len(left) > _MAX_NAMED:
        named.append(f"and {len(left) - _MAX_NAMED} more recipients")
    if named:
        yield "; ".join(named)
    for refusal in manifest.refusals[:_MAX_NAMED]:
        yield f"left out: {refusal.reason.value}: {refusal.detail}"


def explain_state(mail: IncomingMail) -> str:
    """Why the mail is not, or not completely, delivered; empty where it is."""
    failures = list(failure_texts(mail.manifest)) if mail.manifest else []
    return ": ".join(failures) or ("" if mail.manifest else mail.trace.detail)


def steps_of_mail(mail: IncomingMail, now: datetime) -> tuple[Step, ...]:
    """The steps in order: received, stored, announced, worked on, submitted, opened."""
    state = state_of(mail, now)
    received = mail.trace.received_at or mail.stored_at
    return (
        Step(name="received", progress=Progress.DONE, at=received),
        Step(name="stored", progress=Progress.DONE, at=mail.stored_at),
        _announced(mail),
        _worked_on(mail, state),
        _submitted(mail, state),
        _opened(mail, state),
    )


def _announced(mail: IncomingMail) -> Step:
    queued, begun = mail.queued, mail.trace.begun_at
    if queued is None:
        if mail.manifest is not None or begun or mail.trace.outcome:
            return Step(name="announced", progress=Progress.DONE)
        note = "S3 has not notified the queue yet"
        return Step(name="announced", progress=Progress.NOW, note=note)
    where = "dead-letter queue" if queued.is_dead_letter else "queue"
    note = f"in the {where}, tried {_times(queued.tries)}"
    if begun is not None and begun < queued.sent_at:  # it was sent again
        return Step(name="announced", progress=Progress.DONE, note=f"again {note}")
    return Step(name="announced", progress=Progress.DONE, at=queued.sent_at, note=note)


def _times(number: int) -> str:
    return {0: "not yet", 1: "once", 2: "twice"}.get(number, f"{number} times")


_AT_WORK = {
    MailState.WAITING: Progress.AHEAD,
    MailState.WORKING: Progress.NOW,
    MailState.RETRYING: Progress.WAITS,
    MailState.HELD: Progress.WAITS,
}
_AT_SUBMISSION = {
    MailState.DELIVERED: Progress.DONE,
    MailState.PARTLY: Progress.DONE,
    MailState.WORKING: Progress.NOW,
    MailState.RETRYING: Progress.WAITS,
    MailState.PARKED: Progress.WAITS,
}


def _is_promised(manifest: Manifest | None) -> bool:
    return manifest is not None and manifest.state is ManifestState.RELAYING


def _worked_on(mail: IncomingMail, state: MailState) -> Step:
    manifest = mail.manifest
    at = mail.trace.begun_at or (manifest.created_at if manifest else None)
    if _is_promised(manifest):
        return Step(name="worked on", progress=Progress.DONE, at=at)
    progress = _AT_WORK.get(state, Progress.END)
    note = manifest.reason.value if manifest is not None and manifest.reason else ""
    return Step(
        name="worked on",
        progress=progress,
        at=at if state is not MailState.WAITING else None,
        note=note,
    )


def _submitted(mail: IncomingMail, state: MailState) -> Step:
    manifest = mail.manifest
    if manifest is None or not _is_promised(manifest):
        return Step(name="submitted", progress=_ahead_unless_over(state))
    times = [one.at for one in manifest.deliveries if one.at is not None]
    served, wanted = manifest.count(DeliveryState.SUBMITTED), len(manifest.deliveries)
    note = f"to {served} of {wanted} {'recipient' if wanted == 1 else 'recipients'}"
    if manifest.refusals:
        note += ", others left out"
    progress = _AT_SUBMISSION.get(state, Progress.END)
    return Step(name="submitted", progress=progress, at=max(times, default=None), note=note)


def _opened(mail: IncomingMail, state: MailState) -> Step:
    if mail.opened is not None:
        note = "one download" if mail.opened.count == 1 else f"{mail.opened.count} downloads"
        return Step(name="opened", progress=Progress.DONE, at=mail.opened.at, note=note)
    if mail.trace.shown_at is not None:
        note = "page opened, nothing downloaded"
        return Step(name="opened", progress=Progress.DONE, at=mail.trace.shown_at, note=note)
    if state in {MailState.DELIVERED, MailState.PARTLY} and mail.manifest is not None:
        if any(one.failure is None for one in mail.manifest.attachments):
            return Step(name="opened", progress=Progress.AHEAD, note="no link opened yet")
        return Step(name="opened", progress=Progress.NEVER, note="no files, so no link")
    return Step(name="opened", progress=_ahead_unless_over(state))


def _ahead_unless_over(state: MailState) -> Progress:
    return Progress.NEVER if state is MailState.DEAD or state.is_over else Progress.AHEAD
