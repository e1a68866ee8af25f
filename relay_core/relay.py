"""The relay: plan everything, then carry it out in one order that survives a crash anywhere.

1. Look at the message's manifest: one that is settled, or leased by another worker, is left alone.
   What has killed its workers is refused; what was tried before is begun in writing
   (`relay_core.delivery.deaths`).
2. Read the mail, and decide about it. Hold it back if its sender is over the limit
   (`relay_core.throttling.sender_hold`), or the stack over its budget
   (`relay_core.throttling.budget_hold`). If it does not go out, tell the operator, then write it
   down.
3. Store every attachment (`relay_core.delivery.storing`). Keys are the same on every try, so
   storing again changes nothing.
4. Tell the operator about recipients that were left out.
5. Write the manifest: what is promised to whom, and who works on it until when.
6. Submit one mail a recipient, in groups, and record each (`relay_core.delivery.submitting`).
7. Recipients that can never be served are told to the operator, then recorded.

A crash leaves a message that the queue delivers again. What is recorded is not repeated. The
only window in which a recipient can get a mail twice is between a submission that the mail
service took and its record (step 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from relay_core.addresses.secrecy import conceal
from relay_core.delivery.deaths import (
    FIRST_ATTEMPT,
    MAX_DEATHS,
    Attempt,
    begin_retry,
    find_deaths,
)
from relay_core.delivery.ending import end_unsent, give_up, record_error
from relay_core.delivery.ledger import Ledger, begun_manifest
from relay_core.delivery.left_out_notice import report_left_out
from relay_core.delivery.linked_mails import mails_with_links
from relay_core.delivery.outcomes import age_of, busy, duplicate, held, with_retry_if_left
from relay_core.delivery.previewing import make_previews
from relay_core.delivery.requested_recipients import directory_for, serve_requested
from relay_core.delivery.storing import earlier_files, store_files, with_files
from relay_core.delivery.submitting import submit_open
from relay_core.delivery.unfinished_storing import record_unfinished_storing
from relay_core.links.lifetime import links_until
from relay_core.notices.notice import compose_notice, kept_refusals
from relay_core.outgoing.sent_time import find_sent_time
from relay_core.policy.mail_identity import MailIdentity
from relay_core.record.lease import Worker
from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest, ManifestState
from relay_core.record.report import Outcome, RelayReport, Retry
from relay_core.throttling.budget_hold import hold_over_budget, over_budget_detail
from relay_core.throttling.sender_hold import hold_over_limit, over_limit_detail

from .errors import PermanentError, Reason, Refusal
from .keys import RawKey, message_id_of
from .plan import (
    AdmittedMail,
    IgnoredMail,
    Refused,
    RelayPlan,
    plan_admission,
    plan_deliveries,
    plan_recipients,
)
from .ports import Ports, StoredManifest
from .settings import Settings


def relay_message(
    raw_key: RawKey,
    settings: Settings,
    ports: Ports,
    worker: Worker,
    *,
    arrived_at: datetime | None = None,
    attempt: Attempt = FIRST_ATTEMPT,
) -> RelayReport:
    """Relay one mail, or refuse, hold or ignore it, unless that has been done.

    `arrived_at` is an aware datetime in UTC: when the raw message was stored, the same at every
    delivery of it; None where nobody knows. A mail that has killed as many workers as it may is
    refused without being read.

    Raises:
        TransientError: something is left to do; deliver the message again. What was done is
            recorded and will not be repeated.
        PermanentError: the stores or the operator's channel refuse for good: a deployment
            that must be fixed before the message can be relayed.
    """
    worker = attempt.given_to(worker, settings)
    stored = ports.manifests.load(message_id_of(raw_key))
    if stored is not None:
        if stored.manifest.is_settled:
            return duplicate(stored.manifest)
        if worker.is_locked_out(stored.manifest.lease, ports.clock()):
            return busy(stored.manifest, ports.clock())
    deaths = find_deaths(stored, attempt, ports.clock())
    if len(deaths) >= MAX_DEATHS:
        return give_up(raw_key, deaths, stored, settings, ports)
    stored = begin_retry(raw_key, stored, attempt, worker=worker, settings=settings, ports=ports)
    if stored is not None and stored.manifest.marker:
        # What was promised is read as it was read then, whatever the configuration says by now.
        settings = settings.with_stored_markers(
            stored.manifest.marker, stored.manifest.short_marker or None
        )
    raw = ports.incoming.fetch(raw_key)
    admitted = plan_admission(raw, raw_key, settings)
    mail = admitted.mail
    plan: RelayPlan | Refused | IgnoredMail
    if not isinstance(admitted, AdmittedMail):
        plan = admitted
    elif stored is not None and stored.manifest.state is ManifestState.RELAYING:
        stored, refusals = serve_requested(admitted, stored, settings, ports)
        plan = _plan_promised(admitted, stored.manifest, settings, refusals)
    elif hold_over_limit(admitted.mail, stored, settings, ports, arrived_at):
        report = held(mail.message_id, over_limit_detail(settings), len(raw))
        return _with_arrival(report, mail, settings)
    else:
        plan = plan_recipients(admitted, settings, directory_for(admitted, ports))
    if isinstance(plan, RelayPlan):
        report = _over_budget(plan, stored, settings, ports, worker) or carry_out(
            plan, stored, settings, ports, worker, arrived_at=arrived_at
        )
    else:
        report = end_unsent(plan, stored, settings, ports)
    return _with_arrival(replace(report, message_bytes=len(raw)), mail, settings)


def _with_arrival(report: RelayReport, mail: MailIdentity, settings: Settings) -> RelayReport:
    """The report with who sent the mail by a label or a previous address; else as it is."""
    arrival, sender = mail.arrival, mail.annotated_sender
    if not (arrival.labels or arrival.is_previous):
        return report
    return replace(
        report,
        sender=sender and conceal(sender, settings.secret_addresses),
        labels=arrival.labels,
        by_previous_address=arrival.is_previous,
    )


_RETRY_DELAY_WHILE_REPORTING = timedelta(seconds=5)
"""When a mail comes again that is held once another mail's notice has left: soon, as a rule."""


def _over_budget(
    plan: RelayPlan,
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
    worker: Worker,
) -> RelayReport | None:
    """The report on a mail for which the hour's budget has no room; None if there is room."""
    mail, detail = plan.mail, over_budget_detail(settings)
    outcome = hold_over_budget(plan, stored, settings, ports)
    if outcome is None:
        return None
    if outcome is Outcome.HELD:
        return held(mail.message_id, detail, 0)
    detail += "; another mail is just telling the operator"
    # It comes again, however often it was tried.
    record_error(mail.raw_key, detail, replace(worker, is_last_try=False), settings, ports)
    return RelayReport(
        message_id=mail.message_id,
        outcome=outcome,
        detail=detail,
        retry=Retry(after=_RETRY_DELAY_WHILE_REPORTING, failed_try=False),
    )


def _plan_promised(
    admitted: AdmittedMail, manifest: Manifest, settings: Settings, refusals: tuple[Refusal, ...]
) -> RelayPlan:
    """The plan of a mail whose recipients are in its manifest.

    An edit of the directory since then changes nothing about what was promised.
    `refusals` are of those for whom it was asked in vain.
    """
    return plan_deliveries(
        admitted.message,
        admitted.mail,
        admitted.codes,
        tuple(delivery.recipient for delivery in manifest.deliveries),
        settings,
        marks=admitted.marks,
        refusals=refusals,
    )


def carry_out(
    plan: RelayPlan,
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
    worker: Worker,
    *,
    arrived_at: datetime | None = None,
) -> RelayReport:
    """Do what is planned and not yet done; `stored` is the message's manifest as it was found.

    Raises as `relay_message` does.
    """
    now = ports.clock()
    known, since = earlier_files(stored.manifest if stored else None, settings, now)
    storing = store_files(plan, known, ports, worker)
    if stored is not None and stored.manifest.state is ManifestState.RELAYING:
        promised = stored.manifest.released(worker)
        # Those of other deliveries stay: their recipients have links to them.
        files = with_files((*known, *storing.new), since)
        if not storing.is_finished:
            return record_unfinished_storing(storing, files(promised), stored, ports)
        ledger = Ledger(ports.manifests, stored.manifest, stored)
        if storing.new:
            # Of its refusals the operator knows already.
            report_left_out(replace(plan, refusals=()), storing.new, settings, ports)
        if storing.new or known != stored.manifest.attachments:
            ledger.update(files)
    else:
        files = with_files(storing.attachments, since)
        begun = begun_manifest(plan.mail, stored, settings, now)
        budgeted = replace(begun, is_budgeted=begun.is_budgeted or settings.recipient_budget > 0)
        if not storing.is_finished:
            return record_unfinished_storing(storing, files(budgeted), stored, ports)
        report_left_out(plan, storing.attachments, settings, ports)
        manifest = replace(
            files(budgeted),
            deliveries=tuple(DeliveryRecord(recipient=one) for one in plan.recipients),
            refusals=kept_refusals(plan.refusals),
            marker=settings.recipient_marker,
            short_marker=settings.short_marker or "",
        )
        ledger = Ledger(ports.manifests, manifest, stored)
    already = ledger.manifest.count(DeliveryState.SUBMITTED)
    until = links_until(ledger.manifest, settings, worker)
    sent = find_sent_time(plan.message.header, arrived_at=arrived_at, now=ports.clock())
    compose = mails_with_links(
        plan,
        ledger.manifest,
        until,
        settings,
        ports,
        sent=sent,
        previews=make_previews(plan, ledger.manifest, settings, ports, worker),
    )

    def report_rejected(rejected: Sequence[tuple[str, PermanentError]]) -> None:
        refusals = [
            Refusal(reason=Reason.SUBMISSION_FAILED, detail=f"{recipient}: {error.detail}")
            for recipient, error in rejected
        ]
        served = ledger.manifest.count(DeliveryState.SUBMITTED)
        ports.notices.publish(compose_notice(plan.mail, refusals, settings, relayed_to=served))

    submitted = submit_open(
        ledger,
        compose=compose,
        report_rejected=report_rejected,
        concurrency=settings.submission_concurrency,
        links_until=until,
        ports=ports,
        worker=worker,
    )
    if ledger.manifest.state is not ManifestState.RELAYING:  # another worker has ended it
        return duplicate(ledger.manifest)
    report = RelayReport(
        message_id=plan.mail.message_id,
        outcome=Outcome.RELAYED,
        submitted=submitted.submitted,
        already_submitted=already,
        failed=submitted.rejected,
        left=len(ledger.manifest.open_deliveries()),
        possibly_repeated=submitted.possibly_repeated,
        attachments=len(storing.new),
        attachment_bytes=sum(attachment.size for attachment in storing.new),
        age=age_of(submitted.last_at, arrived_at),
        left_out=tuple(
            Refusal(reason=one.reason, detail=conceal(one.detail, settings.secret_addresses))
            for one in plan.refusals
        ),
    )
    return with_retry_if_left(report, submitted, ledger.manifest, settings, ports.clock())
