"""The manifest: the record of one message, its recipients and its files.

One JSON object a message, in the attachments bucket, changed only by compare-and-swap. It
is the ledger that makes a redelivery harmless, what a link is checked against, and what an
operator looks at. It ends with the attachments' retention.

A message that is relayed has one from before its first submission, after its attachments are
stored. A recipient goes from `pending` over `submitting` to `submitted` or `failed`; the middle
one is written before the mail service is asked. So a worker that stops leaves in writing whose
mail may have been taken: only those can get it twice, and the next worker counts them before it
asks again.

A message that is not relayed has one as well: refused, ignored, held back, or not yet read by
any try. By it a second delivery repeats no notice, and an operator finds the mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from relay_core.errors import Reason, Refusal
from relay_core.keys import AttachmentKey, MessageId, RawKey

from .lease import Lease, Worker

ALL_LEFT_OUT = "*"
"""In `Manifest.asked`: everybody whom the mail names and who has not been served. No address."""

MAX_LEFT_OUT = 1000
"""How many of those who were left out a manifest names; no mail may have more recipients."""


class ManifestState(StrEnum):
    """What becomes of the message as a whole.

    `RELAYING` is the usual one, from the first submission to the last. `REFUSED` and `IGNORED`
    are final, with a `reason`. A `HELD` message exceeded a limit: it is not processed until an
    operator sets it to `RELEASED` and has it delivered again. A `RELEASED` message is processed
    from the start, without regard to earlier decisions, and is not counted. A `FAILING` message
    was tried, and each try failed before the first submission.
    """

    RELAYING = "relaying"
    REFUSED = "refused"
    IGNORED = "ignored"
    HELD = "held"
    RELEASED = "released"
    FAILING = "failing"


class DeliveryState(StrEnum):
    """How far one recipient's delivery is.

    `SUBMITTING` is being submitted now, if the manifest has a lease that lasts; else it was
    when its worker stopped or no answer came, and the mail service may have taken the mail.
    """

    PENDING = "pending"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    FAILED = "failed"


_OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SUBMITTING})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAttachment:
    """One attachment in the store: `size` in bytes and `sha256` in hex, of its decoded content.

    `failure` says why the store refused it for good; None where it is kept. Since `revoked_at`
    nobody may fetch it.
    """

    key: AttachmentKey
    filename: str
    content_type: str
    size: int
    sha256: str
    failure: str | None = None
    revoked_at: datetime | None = None

    @property
    def extension(self) -> str:
        """The extension of its name in lower case, without the dot; "" if there is none."""
        found = _EXTENSION.search(self.filename)
        return found[1].lower() if found else ""


_EXTENSION = re.compile(r".\.([A-Za-z0-9]{1,8})\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One recipient's outcome.

    `submission_id` is the mail service's name for the mail, `at` when this was recorded, and
    `failure` the service's last words: final for `FAILED`, of the last try for the others. Since
    `revoked_at` the recipient's link is dead. `repeats` counts how often the mail was handed over
    once more although it may have been taken before. `renewals` counts the links that took the
    place of the first (`relay_core.links.renewal`); the last of them was sent at `renewed_at`, and
    is good until `renewed_until`, if the message's links end sooner.
    """

    recipient: str
    state: DeliveryState = DeliveryState.PENDING
    submission_id: str | None = None
    at: datetime | None = None
    failure: str | None = None
    revoked_at: datetime | None = None
    repeats: int = 0
    renewals: int = 0
    renewed_at: datetime | None = None
    renewed_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing final is known of it."""
        return self.state in _OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What an operator did to a message: when, who, what (a verb), and the particulars."""

    at: datetime
    by: str
    what: str
    detail: str = ""


class DeathCause(StrEnum):
    """Why a worker stopped, as far as it is known (`relay_core.delivery.deaths`)."""

    TIME = "time"
    MEMORY = "memory"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """A worker that was killed while processing the message.

    `queue_message` is the queue's name for the message. At `at` it had stopped for certain: the
    end of its lease, or, if it had none, the time when a later delivery found that out.
    """

    queue_message: str
    cause: DeathCause
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    """A file that the scan lets nobody have, by its key, and when that was reported.

    It holds malware (`is_malware`), or was not scanned.
    """

    key: AttachmentKey
    at: datetime
    is_malware: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The ledger of one message. Times are aware datetimes in UTC.

    `sender` has a mark in the place of a secret address (`addresses.secrecy`), because recipients
    read it.

    At `expires_at` its links are over: so long after the last submission, and never sooner than
    any recipient was told. `interventions` are those of operators, oldest first.

    `reason` and `detail` say why it is refused, ignored or held; `detail` alone is the trouble
    that the last try had, and empty where it had none. `refusals` are why some recipients were
    left out of a message that is relayed: at most `MAX_LEFT_OUT`. `asked` are those of them
    whom an operator wants served after all (`relay_core.delivery.requested_recipients`):
    addresses, or `ALL_LEFT_OUT`. `deaths` are those of workers since
    the last recipient was served, oldest first.

    `files_since` is before the oldest of its files was stored, where that is later than
    `created_at`. `marker` and `short_marker` are those that its recipients were found by. Once
    `is_budgeted`, its recipients are counted in an hour's budget. It `is_dead` where its last try
    failed: its message of the queue is in the dead-letter queue, or was, and none tries it again.
    `threats` are those of its files, as they were reported to the operator. `via` is the relay's
    address that it came by, with its label, in lower case; "" if that is not known.
    """

    message_id: MessageId
    raw_key: RawKey
    sender: str | None
    subject: str
    created_at: datetime
    expires_at: datetime
    attachments: tuple[StoredAttachment, ...]
    deliveries: tuple[DeliveryRecord, ...]
    state: ManifestState = ManifestState.RELAYING
    reason: Reason | None = None
    detail: str = ""
    lease: Lease | None = None
    interventions: tuple[Intervention, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    asked: tuple[str, ...] = ()
    deaths: tuple[Death, ...] = ()
    files_since: datetime | None = None
    marker: str = ""
    short_marker: str = ""
    is_budgeted: bool = False
    is_dead: bool = False
    threats: tuple[Threat, ...] = ()
    via: str = ""

    @property
    def stored_since(self) -> datetime:
        """A moment before which none of its files was stored."""
        return self.files_since or self.created_at

    def files_until(self, attachment_retention: timedelta) -> datetime:
        """Until when all of its files are certainly kept (see `links.lifetime`)."""
        return self.stored_since + attachment_retention

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for any delivery of the message."""
        if self.state is ManifestState.RELAYING:
            return not self.open_deliveries() and not self.asked
        return self.state in {ManifestState.REFUSED, ManifestState.IGNORED}

    def is_given_up(self, now: datetime) -> bool:
        """Whether no try of it is under way or will come, though it is not settled.

        That is so where the last one failed, and where it stopped a worker.
        """
        if self.is_settled or self.state is ManifestState.HELD:
            return False
        if self.lease is None:
            return self.is_dead
        return now >= self.lease.until and (self.is_dead or self.lease.is_last_try)

    def open_deliveries(self) -> tuple[DeliveryRecord, ...]:
        """The recipients of whom nothing final is known yet, in order."""
        return tuple(delivery for delivery in self.deliveries if delivery.is_open)

    def count(self, state: DeliveryState) -> int:
        """How many recipients are in that state."""
        return sum(delivery.state is state for delivery in self.deliveries)

    def claiming(
        self,
        group: Iterable[DeliveryRecord],
        worker: Worker,
        now: datetime,
        *,
        links_until: datetime,
    ) -> Manifest:
        """The manifest in which a worker is about to submit to those of the group that are open.

        `group` are their records as the worker found them: it counts whom it may repeat with the
        claim itself, so that no death after it can hide that. Made again on another version, the
        claim counts nothing twice. The group is told that its links are good until `links_until`;
        that holds for all links of the message, and none ends sooner than it was promised to.
        Unchanged if another worker holds the message.
        """
        if worker.is_locked_out(self.lease, now):
            return self
        repeats = {
            one.recipient: one.repeats + (one.state is DeliveryState.SUBMITTING) for one in group
        }
        submitting = {
            one.recipient: replace(
                one,
                state=DeliveryState.SUBMITTING,
                repeats=max(one.repeats, repeats[one.recipient]),
            )
            for one in self.open_deliveries()
            if one.recipient in repeats
        }
        return replace(
            self._with(submitting),
            lease=worker.lease,
            is_dead=False,
            expires_at=max(self.expires_at, links_until),
        )

    def recording(self, records: Iterable[DeliveryRecord], by: Worker) -> Manifest:
        """The manifest with what a worker knows of some recipients.

        What is final stays: one who has the mail is not open again because of a worker that is
        late. Nor does a worker know of a revocation, a renewal, or how often a mail was repeated.
        From one
        that does not hold the message any more, only what is final counts.
        """
        is_holder = self.lease is not None and self.lease.holder == by.name
        known = {record.recipient: record for record in records if is_holder or not record.is_open}
        recorded = self._with(
            {
                one.recipient: replace(
                    known[one.recipient],
                    revoked_at=one.revoked_at,
                    repeats=one.repeats,
                    renewals=one.renewals,
                    renewed_at=one.renewed_at,
                    renewed_until=one.renewed_until,
                )
                for one in self.deliveries
                if one.recipient in known and (one.is_open or not known[one.recipient].is_open)
            }
        )
        got_on = any(not record.is_open for record in known.values())
        return replace(recorded, deaths=()) if got_on else recorded

    def released(self, by: Worker) -> Manifest:
        """The manifest without that worker's lease."""
        if self.lease is None or self.lease.holder != by.name:
            return self
        return replace(self, lease=None)

    def _with(self, records: Mapping[str, DeliveryRecord]) -> Manifest:
        return replace(
            self, deliveries=tuple(records.get(one.recipient, one) for one in self.deliveries)
        )
