"""Mails that kill their workers: counted, and refused before the third.

A worker that runs out of memory or of time is killed, and writes nothing any more. So what a later
delivery has to know is written before the work:

* The first delivery of a message writes nothing for this: a mail that goes well costs no call
  more.
* Each further one takes the message's lease before it reads the mail. A worker that ends in any
  other way than by its death gives its lease back. So a lease that ran out is one of a worker
  that died with the mail in its hands (`relay_core.record.lease`), and it names the message of the
  queue which that worker had been given.
* A further delivery that finds no manifest at all counts one death, of an unknown cause: a try
  that failed leaves its trouble there.
* A worker whose time is nearly over writes that into its lease. A lease that ran out without it is
  one of a worker that died earlier: of memory, as a rule.

Deaths count for one message of the queue. One that an operator redrives, or has delivered again,
has a new name, and starts afresh. And they count only since a recipient was served: a mail that
gets on is not what kills.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from relay_core.errors import Reason, Refusal
from relay_core.keys import RawKey, message_id_of
from relay_core.notices.notice import MailIdentity
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

MOST_DEATHS = 2
"""How many workers one message may kill. The next delivery refuses the mail without reading it."""

_MOST_REMEMBERED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One delivery of a message of the queue.

    `queue_message` is the queue's name for the message, and `number` counts its deliveries, this
    one included, from 1.
    """

    queue_message: str
    number: int

    def given_to(self, worker: Worker, settings: Settings) -> Worker:
        """The worker with this message in its hands."""
        return replace(
            worker,
            queue_message=self.queue_message,
            is_last_try=self.number >= settings.max_receive_count,
        )


FIRST_ATTEMPT = Attempt(queue_message="", number=1)


def find_deaths(
    stored: StoredManifest | None, attempt: Attempt, now: datetime
) -> tuple[Death, ...]:
    """The workers that died with this message of the queue, oldest first.

    `stored` is the manifest as this delivery finds it, under no lease that lasts.
    """
    if attempt.number == 1:
        return ()
    if stored is None:
        return (Death(queue_message=attempt.queue_message, cause=DeathCause.UNKNOWN, at=now),)
    known = known_deaths(stored.manifest)
    return tuple(one for one in known if one.queue_message == attempt.queue_message)


def known_deaths(manifest: Manifest) -> tuple[Death, ...]:
    """All deaths that a manifest under no lease that lasts tells of, oldest first."""
    lease = manifest.lease
    if lease is None:
        return manifest.deaths
    cause = DeathCause.TIME if lease.out_of_time else DeathCause.MEMORY
    last = Death(queue_message=lease.queue_message, cause=cause, at=lease.until)
    return (*manifest.deaths, last)[-_MOST_REMEMBERED:]


def begin_again(
    raw_key: RawKey,
    stored: StoredManifest | None,
    attempt: Attempt,
    *,
    worker: Worker,
    settings: Settings,
    ports: Ports,
) -> StoredManifest | None:
    """Take the lease before the work, unless this is the first delivery; the manifest then.

    Raises:
        TransientError: if it cannot be written, or somebody else has written meanwhile.
        PermanentError: if it never can be.
    """
    if attempt.number == 1 or (stored and stored.manifest.state is ManifestState.HELD):
        return stored
    before = stored.manifest if stored else failing_manifest(raw_key, settings, ports.clock())
    deaths = known_deaths(before) if stored else find_deaths(None, attempt, ports.clock())
    begun = replace(before, lease=worker.lease, deaths=deaths, is_dead=False)
    return StoredManifest(begun, write_manifest(begun, stored, ports.manifests))


def tell_out_of_time(raw_key: RawKey, worker: Worker, settings: Settings, ports: Ports) -> None:
    """Write down that a worker is still at work on a message while its time ends.

    Raises:
        AdapterError: if it cannot be written.
    """
    now = ports.clock()
    stored = ports.manifests.load(message_id_of(raw_key))
    found = stored.manifest if stored else failing_manifest(raw_key, settings, now)
    if found.is_settled or worker.is_shut_out(found.lease, now):
        return
    told = replace(found, lease=replace(worker.lease, out_of_time=True))
    write_manifest(told, stored, ports.manifests)


def failing_manifest(raw_key: RawKey, settings: Settings, now: datetime) -> Manifest:
    """The manifest of a mail that nobody has read yet."""
    mail = MailIdentity(
        message_id=message_id_of(raw_key), raw_key=raw_key, sender=None, subject=""
    )
    return replace(empty_manifest(mail, settings, now), state=ManifestState.FAILING)


def refusal_of(deaths: tuple[Death, ...], message_id: str) -> Refusal:
    """Why a mail that killed its workers is not tried again, and what to do."""
    causes = Counter(death.cause for death in deaths)
    told = ", ".join(f"{count} of {cause_of_death(cause)}" for cause, count in causes.items())
    return Refusal(
        reason=Reason.LIMIT_EXCEEDED,
        detail=f"{len(deaths)} workers died while they had this mail ({told}), so it is not tried"
        " again. 'relayctl inspect' reads the raw message at your desk. If the mail is wanted,"
        " raise functionMemory or functionTimeoutSeconds, deploy, then run 'relayctl redeliver"
        f" {message_id}'",
    )


def cause_of_death(cause: DeathCause) -> str:
    """What a worker died of, in words, with the configuration key that it depends on."""
    return _WORDS[cause]


_WORDS = {
    DeathCause.TIME: "time (functionTimeoutSeconds)",
    DeathCause.MEMORY: "memory, most likely (functionMemory)",
    DeathCause.UNKNOWN: "an unknown cause, before anything was written down",
}


def giving_up(manifest: Manifest, refusal: Refusal, now: datetime) -> Manifest:
    """A manifest that is being relayed, with all who have not got the mail as failed."""
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
