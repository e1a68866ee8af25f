"""The end of a mail that is not sent: the notice is published, then the end is recorded."""

from __future__ import annotations

from dataclasses import replace

from relay_core.addresses.secrecy import conceal
from relay_core.errors import Conflict, Refusal
from relay_core.keys import RawKey, message_id_of
from relay_core.notices.notice import compose_notice
from relay_core.plan import IgnoredMail, Refused
from relay_core.policy.admission import Ignored
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Ports, StoredManifest
from relay_core.record.lease import Worker
from relay_core.record.manifest import Death, DeliveryState, Manifest, ManifestState
from relay_core.record.report import Outcome, RelayReport
from relay_core.settings import Settings

from .deaths import failing_manifest, known_deaths, refusal_of, with_undelivered_failed
from .ledger import empty_manifest, write_manifest


def end_unsent(
    plan: Refused | IgnoredMail, stored: StoredManifest | None, settings: Settings, ports: Ports
) -> RelayReport:
    """Publish the notice of a mail that is not sent, and record its end.

    What was recorded of it before, by a policy that let it through, stays. So do the links of a
    mail that all have to whom it was promised: it ends for those alone who were asked for.
    """
    has_ended = (
        stored is not None
        and stored.manifest.state is ManifestState.RELAYING
        and not stored.manifest.open_deliveries()
    )
    if isinstance(plan, Refused):
        served = stored.manifest.count(DeliveryState.SUBMITTED) if stored and has_ended else 0
        ports.notices.publish(
            compose_notice(plan.mail, plan.refusals, settings, relayed_to=served)
        )
        why: Refusal | Ignored = plan.refusals[0]
        state, outcome = ManifestState.REFUSED, Outcome.REFUSED
    else:
        why, state, outcome = plan.ignored, ManifestState.IGNORED, Outcome.IGNORED
    detail = conceal(why.detail, settings.secret_addresses)
    empty = empty_manifest(plan.mail, settings, ports.clock())
    before = stored.manifest if stored else empty
    ended = replace(before, lease=None, asked=())
    if not has_ended:
        ended = replace(
            ended,
            state=state,
            sender=empty.sender,
            subject=empty.subject,
            reason=why.reason,
            detail=detail,
            via=plan.mail.arrival.address or before.via,
        )
    _write_end(ended, stored, ports)
    return RelayReport(
        message_id=plan.mail.message_id, outcome=outcome, reason=why.reason, detail=detail
    )


def _write_end(ended: Manifest, stored: StoredManifest | None, ports: Ports) -> None:
    """Write a settled manifest, unless another worker has recorded the same end.

    Raises:
        Conflict: if something else was written meanwhile.
    """
    try:
        write_manifest(ended, stored, ports.manifests)
    except Conflict:
        found = ports.manifests.load(ended.message_id)
        if found is None or not found.manifest.is_settled:
            raise


def give_up(
    raw_key: RawKey,
    deaths: tuple[Death, ...],
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
) -> RelayReport:
    """Refuse a mail whose workers are killed: recipients who do not have it will not get it."""
    now = ports.clock()
    found = stored.manifest if stored else failing_manifest(raw_key, settings, now)
    found = replace(found, deaths=known_deaths(found))
    stored = stored and StoredManifest(found, stored.version)
    refusal = refusal_of(deaths, found.message_id)
    mail = MailIdentity(
        message_id=found.message_id, raw_key=raw_key, sender=found.sender, subject=found.subject
    )
    if stored is None or found.state is not ManifestState.RELAYING:
        return end_unsent(
            Refused(mail=mail, message=None, refusals=(refusal,)), stored, settings, ports
        )
    served = found.count(DeliveryState.SUBMITTED)
    ports.notices.publish(compose_notice(mail, (refusal,), settings, relayed_to=served))
    _write_end(with_undelivered_failed(found, refusal, now), stored, ports)
    return RelayReport(
        message_id=found.message_id,
        outcome=Outcome.REFUSED,
        reason=refusal.reason,
        detail=refusal.detail,
        already_submitted=served,
        failed=len(found.open_deliveries()),
    )


def record_error(
    raw_key: RawKey, error: str, worker: Worker, settings: Settings, ports: Ports
) -> None:
    """Record the error of a try, for an operator who looks for the mail later.

    The worker's lease ends with it. After a last try, the message is dead, unless another worker
    has it.

    Raises:
        AdapterError: if it cannot be written, or another worker has the message.
    """
    message_id = message_id_of(raw_key)
    stored = ports.manifests.load(message_id)
    if stored is not None:
        if stored.manifest.is_settled:
            return
        current = stored.manifest.released(worker)
    else:
        current = failing_manifest(raw_key, settings, ports.clock())
    is_dead = worker.is_last_try and not worker.is_locked_out(current.lease, ports.clock())
    recorded = replace(current, detail=error, is_dead=is_dead)
    write_manifest(recorded, stored, ports.manifests)
