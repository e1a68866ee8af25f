"""Mails whose workers are killed: counted, and refused after the second.

A worker that runs out of memory or time is killed and cannot write anything after that. So what a
later delivery needs to know is written before the work:

* The first delivery of a message writes nothing for this, so that a mail without problems costs no
  extra call.
* Each further delivery takes the message's lease before it reads the mail. A worker that is not
  killed gives its lease back. So an expired lease shows that its worker stopped while processing
  the mail (`relay_core.record.lease`), and names the message of the queue that this worker had.
* A further delivery that finds no manifest counts one death of unknown cause: a try that failed
  otherwise would have written one.
* A worker that is near its timeout writes that into its lease. An expired lease without that mark
  is of a worker that was killed earlier, usually for memory.

Deaths count for one message of the queue: a redrive or redelivery by an operator is a new message,
and starts at none. They count only since the last recipient was served: a mail that makes progress
is not the cause.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from relay_core.errors import Reason, Refusal
from relay_core.keys import RawKey, message_id_of
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Ports, StoredManifest
from relay_core.record.lease import Worker
from relay_core.record.manifest import (
    Death,
    DeathCause,
    DeliveryState,
    Manifest,
    ManifestState,
)
from relay_core.settings import Settings

from .ledger import empty_manifest, write_manifest

MAX_DEATHS = 2
"""After how many killed workers the next delivery refuses the mail without reading it."""

_MAX_REMEMBERED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One delivery of a message of the queue.

    `queue_message` is the queue's name for the message, and `number` counts its deliveries, this
    one included, from 1.
    """

    queue_message: str
    number: int

    def given_to(self, worker: Worker, settings: Settings) -> Worker:
        """The worker, with the names of this message and this try."""
        return replace(
            worker,
            queue_message=self.queue_message,
            is_last_try=self.number >= settings.max_receive_count,
        )


FIRST_ATTEMPT = Attempt(queue_message="", number=1)


def find_deaths(
    stored: StoredManifest | None, attempt: Attempt, now: datetime
) -> tuple[Death, ...]:
    """The workers that were killed while processing this message of the queue, oldest first.

    `stored` is the manifest as this delivery finds it, whose lease is not in force.
    """
    if attempt.number == 1:
        return ()
    if stored is None:
        return (Death(queue_message=attempt.queue_message, cause=DeathCause.UNKNOWN, at=now),)
    known = known_deaths(stored.manifest)
    return tuple(one for one in known if one.queue_message == attempt.queue_message)


def known_deaths(manifest: Manifest) -> tuple[Death, ...]:
    """All deaths in a manifest whose lease is not in force, oldest first."""
    lease = manifest.lease
    if lease is None:
        return manifest.deaths
    cause = DeathCause.TIME if lease.out_of_time else DeathCause.MEMORY
    last = Death(queue_message=lease.queue_message, cause=cause, at=lease.until)
    return (*manifest.deaths, last)[-_MAX_REMEMBERED:]


def begin_retry(
    raw_key: RawKey,
    stored: StoredManifest | None,
    attempt: Attempt,
    *,
    worker: Worker,
    settings: Settings,
    ports: Ports,
) -> StoredManifest | None:
    """Take the lease before the work, unless this is the first delivery. Returns the manifest.

    Raises:
        TransientError: if it cannot be written, or another worker wrote it meanwhile.
        PermanentError: if it never can be.
    """
    if attempt.number == 1 or (stored and stored.manifest.state is ManifestState.HELD):
        return stored
    before = stored.manifest if stored else failing_manifest(raw_key, settings, ports.clock())
    deaths = known_deaths(before) if stored else find_deaths(None, attempt, ports.clock())
    begun = replace(before, lease=worker.lease, deaths=deaths, is_dead=False)
    return StoredManifest(begun, write_manifest(begun, stored, ports.manifests))


def record_out_of_time(raw_key: RawKey, worker: Worker, settings: Settings, ports: Ports) -> None:
    """Record in the lease that a worker is still processing a message near its timeout.

    Raises:
        AdapterError: if it cannot be written.
    """
    now = ports.clock()
    stored = ports.manifests.load(message_id_of(raw_key))
    found = stored.manifest if stored else failing_manifest(raw_key, settings, now)
    if found.is_settled or worker.is_locked_out(found.lease, now):
        return
    recorded = replace(found, lease=replace(worker.lease, out_of_time=True))
    write_manifest(recorded, stored, ports.manifests)


def failing_manifest(raw_key: RawKey, settings: Settings, now: datetime) -> Manifest:
    """The manifest of a mail that was not read yet."""
    mail = MailIdentity(
        message_id=message_id_of(raw_key), raw_key=raw_key, sender=None, subject=""
    )
    return replace(empty_manifest(mail, settings, now), state=ManifestState.FAILING)


def refusal_of(deaths: tuple[Death, ...], message_id: str) -> Refusal:
    """The refusal of a mail whose workers were killed: why, and what to do."""
    causes = Counter(death.cause for death in deaths)
    listed = ", ".join(f"{count} of {cause_of_death(cause)}" for cause, count in causes.items())
    return Refusal(
        reason=Reason.LIMIT_EXCEEDED,
        detail=f"{len(deaths)} workers died while processing this mail ({listed}), so it is not"
        " tried again. 'relayctl inspect' reads the raw message on your machine. If the mail is"
        " wanted,"
        " raise functionMemory or functionTimeoutSeconds, deploy, then run 'relayctl redeliver"
        f" {message_id}'",
    )


def cause_of_death(cause: DeathCause) -> str:
    """The cause of a death in words, with the configuration key that limits it."""
    return _WORDS[cause]


_WORDS = {
    DeathCause.TIME: "time (functionTimeoutSeconds)",
    DeathCause.MEMORY: "memory, most likely (functionMemory)",
    DeathCause.UNKNOWN: "an unknown cause, before anything was recorded",
}


def with_undelivered_failed(manifest: Manifest, refusal: Refusal, now: datetime) -> Manifest:
    """The manifest with all recipients who do not have the mail as failed."""
    return replace(
        manifest,
        deliveries=tuple(
            replace(one, state=DeliveryState.FAILED, at=now, failure=refusal.detail)
            if one.is_open
            else one
            for one in manifest.deliveries
        ),
        lease=None,
        asked=(),
    )
