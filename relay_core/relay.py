"""The relay: plan everything, then carry it out in one order that survives a crash anywhere.

1. Look at the message's manifest: what is done with, or in another worker's hands, is left alone.
   What has killed its workers is refused; what was tried before is begun in writing
   (`relay_core.delivery.deaths`).
2. Read the mail, and decide about it. Hold it back if its sender is over the limit
   (`relay_core.throttling.holding`), or the stack over its budget
   (`relay_core.throttling.spending`). If it does not go out, tell the operator, then write it
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

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .addresses.secrecy import conceal
from .attachments.damage import damage_note, may_be_damaged
from .delivery.deaths import (
    FIRST_ATTEMPT,
    MOST_DEATHS,
    Attempt,
    begin_again,
    failing_manifest,
    find_deaths,
    giving_up,
    known_deaths,
    refusal_of,
)
from .delivery.ledger import Ledger, begun_manifest, empty_manifest, write_manifest
from .delivery.reconsidering import directory_for, serve_asked
from .delivery.storing import Storing, earlier_files, store_files, with_files
from .delivery.submitting import Submitted, submit_open
from .errors import Conflict, PermanentError, Reason, Refusal
from .keys import MessageId, RawKey, message_id_of
from .links.lifetime import links_until
from .notices.moment import format_moment
from .notices.notice import MailIdentity, compose_notice, kept_refusals
from .outgoing.header import compose_header
from .outgoing.link_list import ListedAttachment
from .outgoing.rewrite import RewrittenBody, prepare_bodies
from .outgoing.sent_time import SentTime, find_sent_time, late_note
from .plan import (
    AdmittedMail,
    Dropped,
    Refused,
    RelayPlan,
    plan_admission,
    plan_deliveries,
    plan_recipients,
)
from .policy.admission import Ignored
from .ports import Link, OutgoingMail, Ports, StoredManifest
from .record.lease import Worker
from .record.manifest import (
    Death,
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    StoredAttachment,
)
from .record.report import Again, Outcome, RelayReport
from .settings import LinkMode, Settings
from .throttling.holding import hold_back, over_the_limit
from .throttling.spending import hold_over_budget, over_the_budget


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
            that must be mended before the message can be relayed.
    """
    worker = attempt.given_to(worker, settings)
    stored = ports.manifests.load(message_id_of(raw_key))
    if stored is not None:
        if stored.manifest.is_settled:
            return _duplicate(stored.manifest)
        if worker.is_shut_out(stored.manifest.lease, ports.clock()):
            return _busy(stored.manifest, ports.clock())
    deaths = find_deaths(stored, attempt, ports.clock())
    if len(deaths) >= MOST_DEATHS:
        return _give_up(raw_key, deaths, stored, settings, ports)
    stored = begin_again(raw_key, stored, attempt, worker=worker, settings=settings, ports=ports)
    if stored is not None and stored.manifest.marker:
        # What was promised is read as it was read then, whatever the configuration says by now.
        settings = replace(settings, recipient_marker=stored.manifest.marker)
    raw = ports.incoming.fetch(raw_key)
    admitted = plan_admission(raw, raw_key, settings)
    plan: RelayPlan | Refused | Dropped
    if not isinstance(admitted, AdmittedMail):
        plan = admitted
    elif stored is not None and stored.manifest.state is ManifestState.RELAYING:
        stored, refusals = serve_asked(admitted, stored, settings, ports)
        plan = _plan_promised(admitted, stored.manifest, settings, refusals)
    elif hold_back(admitted.mail, stored, settings, ports, arrived_at):
        return _held(admitted.mail.message_id, over_the_limit(settings), len(raw))
    else:
        plan = plan_recipients(admitted, settings, directory_for(admitted, ports))
    if isinstance(plan, RelayPlan):
        report = _over_budget(plan, stored, settings, ports, worker) or carry_out(
            plan, stored, settings, ports, worker, arrived_at=arrived_at
        )
    else:
        report = _end(plan, stored, settings, ports)
    return replace(report, message_bytes=len(raw))


def _held(message_id: MessageId, detail: str, message_bytes: int) -> RelayReport:
    return RelayReport(
        message_id=message_id,
        outcome=Outcome.HELD,
        reason=Reason.LIMIT_EXCEEDED,
        detail=detail,
        message_bytes=message_bytes,
    )


_UNTIL_TOLD = timedelta(seconds=5)
"""When a mail comes again that is held once another mail's notice has left: soon, as a rule."""


def _over_budget(
    plan: RelayPlan,
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
    worker: Worker,
) -> RelayReport | None:
    """The report on a mail for which the hour's budget has no room; None if there is room."""
    mail, detail = plan.mail, over_the_budget(settings)
    outcome = hold_over_budget(plan, stored, settings, ports)
    if outcome is None:
        return None
    if outcome is Outcome.HELD:
        return _held(mail.message_id, detail, 0)
    detail += "; another mail is just telling the operator"
    # It comes again, however often it was tried.
    record_trouble(mail.raw_key, detail, replace(worker, is_last_try=False), settings, ports)
    return RelayReport(
        message_id=mail.message_id,
        outcome=outcome,
        detail=detail,
        again=Again(after=_UNTIL_TOLD, failed_try=False),
    )


def _plan_promised(
    admitted: AdmittedMail, manifest: Manifest, settings: Settings, refusals: tuple[Refusal, ...]
) -> RelayPlan:
    """The plan of a mail whose recipients stand in its manifest.

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


def _end(
    plan: Refused | Dropped, stored: StoredManifest | None, settings: Settings, ports: Ports
) -> RelayReport:
    """Tell the operator of a mail that does not go out, and write that down.

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
    before = stored.manifest if stored else empty_manifest(plan.mail, settings, ports.clock())
    ended = replace(before, lease=None, asked=())
    if not has_ended:
        ended = replace(
            ended,
            state=state,
            sender=plan.mail.sender,
            subject=plan.mail.subject,
            reason=why.reason,
            detail=why.detail,
        )
    _write_end(ended, stored, ports)
    return RelayReport(
        message_id=plan.mail.message_id, outcome=outcome, reason=why.reason, detail=why.detail
    )


def _write_end(ended: Manifest, stored: StoredManifest | None, ports: Ports) -> None:
    """Write a manifest that is settled, unless another worker has come to the same end.

    Raises:
        Conflict: if somebody else has written something else meanwhile.
    """
    try:
        write_manifest(ended, stored, ports.manifests)
    except Conflict:
        found = ports.manifests.load(ended.message_id)
        if found is None or not found.manifest.is_settled:
            raise


def _give_up(
    raw_key: RawKey,
    deaths: tuple[Death, ...],
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
) -> RelayReport:
    """Refuse a mail that kills its workers: whoever has not got it will not."""
    now = ports.clock()
    found = stored.manifest if stored else failing_manifest(raw_key, settings, now)
    found = replace(found, deaths=known_deaths(found))
    stored = stored and StoredManifest(found, stored.version)
    refusal = refusal_of(deaths, found.message_id)
    mail = MailIdentity(
        message_id=found.message_id, raw_key=raw_key, sender=found.sender, subject=found.subject
    )
    if stored is None or found.state is not ManifestState.RELAYING:
        return _end(Refused(mail=mail, message=None, refusals=(refusal,)), stored, settings, ports)
    served = found.count(DeliveryState.SUBMITTED)
    ports.notices.publish(compose_notice(mail, (refusal,), settings, relayed_to=served))
    _write_end(giving_up(found, refusal, now), stored, ports)
    return RelayReport(
        message_id=found.message_id,
        outcome=Outcome.REFUSED,
        reason=refusal.reason,
        detail=refusal.detail,
        already_submitted=served,
        failed=len(found.open_deliveries()),
    )


def _duplicate(manifest: Manifest) -> RelayReport:
    return RelayReport(
        message_id=manifest.message_id,
        outcome=Outcome.DUPLICATE,
        reason=manifest.reason,
        already_submitted=manifest.count(DeliveryState.SUBMITTED),
    )


def _busy(manifest: Manifest, now: datetime) -> RelayReport:
    until = manifest.lease.until if manifest.lease else now
    return RelayReport(
        message_id=manifest.message_id,
        outcome=Outcome.BUSY,
        already_submitted=manifest.count(DeliveryState.SUBMITTED),
        left=len(manifest.open_deliveries()),
        detail=f"another worker has the message until {format_moment(until)}",
        again=Again(after=max(until - now, timedelta(seconds=1)), failed_try=False),
    )


def record_trouble(
    raw_key: RawKey, trouble: str, worker: Worker, settings: Settings, ports: Ports
) -> None:
    """Write down what went wrong with a try, for the operator who looks for the mail later.

    The worker's lease ends with it. After a last try, the message is dead, unless another worker
    has it.

    Raises:
        AdapterError: if it cannot be written, or somebody else works on the message.
    """
    message_id = message_id_of(raw_key)
    stored = ports.manifests.load(message_id)
    if stored is not None:
        if stored.manifest.is_settled:
            return
        troubled = stored.manifest.released(worker)
    else:
        troubled = failing_manifest(raw_key, settings, ports.clock())
    is_dead = worker.is_last_try and not worker.is_shut_out(troubled.lease, ports.clock())
    told = replace(troubled, detail=trouble, is_dead=is_dead)
    write_manifest(told, stored, ports.manifests)


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
            return _unfinished_storing(storing, files(promised), stored, ports)
        ledger = Ledger(ports.manifests, stored.manifest, stored)
        if storing.new:
            # Of its refusals the operator knows already.
            _tell_left_out(replace(plan, refusals=()), storing.new, settings, ports)
        if storing.new or known != stored.manifest.attachments:
            ledger.update(files)
    else:
        files = with_files(storing.attachments, since)
        begun = begun_manifest(plan.mail, stored, settings, now)
        budgeted = replace(begun, is_budgeted=begun.is_budgeted or settings.recipient_budget > 0)
        if not storing.is_finished:
            return _unfinished_storing(storing, files(budgeted), stored, ports)
        _tell_left_out(plan, storing.attachments, settings, ports)
        manifest = replace(
            files(budgeted),
            deliveries=tuple(DeliveryRecord(recipient=one) for one in plan.recipients),
            refusals=kept_refusals(plan.refusals),
            marker=settings.recipient_marker,
        )
        ledger = Ledger(ports.manifests, manifest, stored)
    already = ledger.manifest.count(DeliveryState.SUBMITTED)
    until = links_until(ledger.manifest, settings, worker)
    sent = find_sent_time(plan.message.header, arrived_at=arrived_at, now=ports.clock())
    body_for = _bodies(plan, ledger.manifest, until, settings, ports, sent=sent)

    def tell_rejected(rejected: Sequence[tuple[str, PermanentError]]) -> None:
        refusals = [
            Refusal(reason=Reason.SUBMISSION_FAILED, detail=f"{recipient}: {error.detail}")
            for recipient, error in rejected
        ]
        served = ledger.manifest.count(DeliveryState.SUBMITTED)
        ports.notices.publish(compose_notice(plan.mail, refusals, settings, relayed_to=served))

    submitted = submit_open(
        ledger,
        compose=lambda recipient: compose_mail(
            plan, body_for(recipient), recipient, settings, sent_at=sent.at if sent else None
        ),
        tell_rejected=tell_rejected,
        concurrency=settings.submission_concurrency,
        links_until=until,
        ports=ports,
        worker=worker,
    )
    if ledger.manifest.state is not ManifestState.RELAYING:  # another worker has ended it
        return _duplicate(ledger.manifest)
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
        age=_age(submitted.last_at, arrived_at),
        left_out=tuple(
            Refusal(reason=one.reason, detail=conceal(one.detail, settings.secret_addresses))
            for one in plan.refusals
        ),
    )
    return _unless_left(report, submitted, ledger.manifest, settings, ports.clock())


def _age(submitted_at: datetime | None, arrived_at: datetime | None) -> timedelta | None:
    if submitted_at is None or arrived_at is None:
        return None
    return max(submitted_at - arrived_at, timedelta(0))


def _unless_left(
    report: RelayReport,
    submitted: Submitted,
    manifest: Manifest,
    settings: Settings,
    now: datetime,
) -> RelayReport:
    """The report as it is, or, where recipients are left, as that of a mail to come again."""
    if submitted.shut_out:
        busy = _busy(manifest, now)
        return replace(report, outcome=busy.outcome, detail=busy.detail, again=busy.again)
    if not report.left:
        return report
    if submitted.stopped is not None:
        return replace(
            report,
            outcome=Outcome.PARKED,
            detail=submitted.stopped.detail,
            again=Again(after=settings.parking_delay, failed_try=False),
        )
    out_of_time = submitted.out_of_time
    trouble = submitted.trouble.detail if submitted.trouble else "nobody was to be submitted to"
    return replace(
        report,
        outcome=Outcome.UNFINISHED,
        detail="the worker came to the end of its time" if out_of_time else trouble,
        again=Again(
            after=timedelta(0) if out_of_time else settings.retry_delay,
            failed_try=not (submitted.submitted or submitted.rejected),
        ),
    )


def _tell_left_out(
    plan: RelayPlan, attachments: Sequence[StoredAttachment], settings: Settings, ports: Ports
) -> None:
    """Tell the operator of recipients and files that the mail goes out without."""
    refusals = [
        *plan.refusals,
        *(
            Refusal(
                reason=Reason.LIMIT_EXCEEDED, detail=f"attachment {one.filename}: {one.failure}"
            )
            for one in attachments
            if one.failure is not None
        ),
    ]
    if refusals:
        ports.notices.publish(
            compose_notice(
                plan.mail,
                refusals,
                settings,
                relayed_to=len(plan.recipients),
            )
        )


def _unfinished_storing(
    storing: Storing, before: Manifest, stored: StoredManifest | None, ports: Ports
) -> RelayReport:
    """Write down which files are stored already, for the next delivery.

    `before` is the manifest with them, under no lease.

    Raises:
        TransientError: if it is one that ended the storing, or this cannot be written.
    """
    if storing.trouble is not None and not storing.new:
        raise storing.trouble
    total = f"{len(before.attachments)} attachments are stored; there was no time for the others"
    goes_on = {ManifestState.RELAYING, ManifestState.RELEASED}
    manifest = replace(
        before,
        state=stored.manifest.state
        if stored is not None and stored.manifest.state in goes_on
        else ManifestState.FAILING,
        is_dead=False,
        detail=storing.trouble.detail if storing.trouble else total,
    )
    write_manifest(manifest, stored, ports.manifests)
    if storing.trouble is not None:
        raise storing.trouble
    return RelayReport(
        message_id=before.message_id,
        outcome=Outcome.UNFINISHED,
        detail=total,
        attachments=len(storing.new),
        attachment_bytes=sum(attachment.size for attachment in storing.new),
        again=Again(after=timedelta(0), failed_try=not storing.new),
    )


def _bodies(
    plan: RelayPlan,
    manifest: Manifest,
    until: datetime,
    settings: Settings,
    ports: Ports,
    *,
    sent: SentTime | None,
) -> Callable[[str], RewrittenBody]:
    """What makes a recipient's body: the same for all, or with a link of its own."""
    now = ports.clock()
    kept = [one for one in manifest.attachments if one.failure is None]
    notes = [
        f"The attachment {one.filename} could not be kept. The operator has been told."
        for one in manifest.attachments
        if one.failure is not None
    ]
    if late := late_note(sent, now):
        notes.insert(0, late)
    if damaged := damage_note(_damaged(plan, kept)):
        notes.append(damaged)

    def prepare(listed: Sequence[ListedAttachment]) -> Callable[[str | None], RewrittenBody]:
        return prepare_bodies(
            plan.message,
            detached=[upload.attachment for upload in plan.uploads],
            removals=plan.removals,
            listed=listed,
            notes=notes,
            secrets=settings.secret_addresses,
        )

    if settings.link_mode is LinkMode.PAGE and kept:
        ports.pages.open(manifest.message_id)
        body_for = prepare([_listed(one, None, until) for one in kept])
        return lambda recipient: body_for(ports.pages.link(manifest.message_id, recipient))
    links = [(one, _issue(one, until - now, ports)) for one in kept]
    body = prepare([_listed(one, link.url, link.expires_at) for one, link in links])(None)
    return lambda _recipient: body


def _damaged(plan: RelayPlan, kept: Sequence[StoredAttachment]) -> list[str]:
    """The names of the files that may be damaged."""
    uploads = {upload.key: upload.attachment for upload in plan.uploads}
    return [
        one.filename
        for one in kept
        if (attachment := uploads.get(one.key)) is not None
        and may_be_damaged(plan.message, attachment, one.size)
    ]


def compose_mail(
    plan: RelayPlan,
    body: RewrittenBody,
    recipient: str,
    settings: Settings,
    *,
    sent_at: datetime | None = None,
) -> OutgoingMail:
    """One recipient's mail: a header of its own on a body that others may share.

    `sent_at` is when the device sent the mail, None where nobody knows.
    """
    header = compose_header(
        plan.message.header,
        sender=plan.sender,
        to=plan.recipients if settings.show_recipients else (recipient,),
        subject=plan.subject,
        stack=settings.stack,
        fields=body.fields,
        sent_at=sent_at,
        added=settings.passed_fields,
        secrets=settings.secret_addresses,
    )
    return OutgoingMail(
        sender=settings.sender_address, recipient=recipient, raw=header + body.content
    )


def _issue(attachment: StoredAttachment, lifetime: timedelta, ports: Ports) -> Link:
    return ports.links.issue(
        attachment.key,
        filename=attachment.filename,
        content_type=attachment.content_type,
        lifetime=lifetime,
    )


def _listed(
    attachment: StoredAttachment, url: str | None, expires_at: datetime
) -> ListedAttachment:
    return ListedAttachment(
        name=attachment.filename, size=attachment.size, url=url, expires_at=expires_at
    )
