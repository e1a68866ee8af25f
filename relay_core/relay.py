"""The relay: plan everything, then carry it out in one order that survives a crash anywhere.

1. Hold the mail back if its sender is over the limit (`relay_core.holding`).
2. Store every attachment. Keys are the same on every try, so storing again changes nothing.
3. Tell the operator about recipients that were left out.
4. Write the manifest: what is promised to whom. From here on the message has a ledger.
5. Submit one mail a recipient, and record each before the next.
6. A recipient that can never be served is told to the operator, then recorded.

A crash leaves a message that the queue delivers again. What is recorded is not repeated. The
only window in which a recipient can get a mail twice is between a submission that the mail
service took and its record (step 5).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .attachment import content_of
from .directory import EMPTY_DIRECTORY
from .errors import PermanentError, Reason, Refusal, TransientError
from .holding import empty_manifest, hold_back, over_the_limit
from .links import ListedAttachment
from .manifest import (
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    StoredAttachment,
)
from .measured import Measured
from .notice import compose_notice
from .outgoing_header import compose_header
from .plan import (
    AdmittedMail,
    Dropped,
    Outcome,
    Refused,
    RelayPlan,
    RelayReport,
    Upload,
    plan_admission,
    plan_recipients,
)
from .ports import AttachmentKey, OutgoingMail, Ports, RawKey, StoredManifest
from .rewrite import RewrittenBody, rewrite_body
from .settings import Settings


def relay_message(
    raw: bytes,
    raw_key: RawKey,
    settings: Settings,
    ports: Ports,
    now: datetime,
    *,
    arrived_at: datetime | None = None,
) -> RelayReport:
    """Relay one mail, or refuse, hold or ignore it.

    `now` is an aware datetime in UTC, and so is `arrived_at`: when the raw message was stored,
    the same at every delivery of it; `now` where nobody knows.

    Raises:
        TransientError: something is left to do; deliver the message again. What was done is
            recorded and will not be repeated.
        PermanentError: the stores or the operator's channel refuse for good: a deployment
            that must be mended before the message can be relayed.
    """
    admitted = plan_admission(raw, raw_key, settings)
    if isinstance(admitted, AdmittedMail):
        if hold_back(admitted.mail, settings, ports, now, arrived_at or now):
            return RelayReport(
                message_id=admitted.mail.message_id,
                outcome=Outcome.HELD,
                reason=Reason.LIMIT_EXCEEDED,
                detail=over_the_limit(settings),
            )
        directory = ports.directories.current() if admitted.needs_directory else EMPTY_DIRECTORY
        plan: RelayPlan | Refused | Dropped = plan_recipients(admitted, settings, directory)
    else:
        plan = admitted
    if isinstance(plan, Dropped):
        return RelayReport(
            message_id=plan.mail.message_id,
            outcome=Outcome.IGNORED,
            reason=plan.ignored.reason,
            detail=plan.ignored.detail,
        )
    if isinstance(plan, Refused):
        ports.notices.publish(
            compose_notice(plan.mail, plan.refusals, marker=settings.recipient_marker)
        )
        return RelayReport(
            message_id=plan.mail.message_id,
            outcome=Outcome.REFUSED,
            reason=plan.refusals[0].reason,
            detail=plan.refusals[0].detail,
        )
    return carry_out(plan, settings, ports, now)


def carry_out(plan: RelayPlan, settings: Settings, ports: Ports, now: datetime) -> RelayReport:
    """Do what is planned and not yet done. Raises as `relay_message` does."""
    ledger = ports.manifests.load(plan.mail.message_id)
    if ledger is None or ledger.manifest.state is not ManifestState.RELAYING:
        ledger = _open_ledger(plan, settings, ports, now, ledger)
    already = _count(ledger.manifest, DeliveryState.SUBMITTED)
    if ledger.manifest.pending():
        ledger = _submit_pending(plan, settings, ports, now, ledger)
    manifest = ledger.manifest
    return RelayReport(
        message_id=plan.mail.message_id,
        outcome=Outcome.RELAYED,
        submitted=_count(manifest, DeliveryState.SUBMITTED) - already,
        already_submitted=already,
        failed=_count(manifest, DeliveryState.FAILED),
        attachments=len(manifest.attachments),
        attachment_bytes=sum(attachment.size for attachment in manifest.attachments),
    )


def _count(manifest: Manifest, state: DeliveryState) -> int:
    return sum(delivery.state is state for delivery in manifest.deliveries)


def _open_ledger(
    plan: RelayPlan,
    settings: Settings,
    ports: Ports,
    now: datetime,
    held: StoredManifest | None,
) -> StoredManifest:
    """The manifest of a message that is about to be relayed, written over that of its hold."""
    attachments: list[StoredAttachment] = []
    refusals = list(plan.refusals)
    for upload in plan.uploads:
        try:
            attachments.append(_store(upload, plan, ports))
        except PermanentError as error:
            # One file that cannot be kept must not stop the words of an alarm.
            name = upload.attachment.safe_name
            attachments.append(_lost(upload, error))
            refusals.append(
                Refusal(reason=Reason.LIMIT_EXCEEDED, detail=f"attachment {name}: {error.detail}")
            )
    if refusals:
        ports.notices.publish(
            compose_notice(
                plan.mail,
                refusals,
                marker=settings.recipient_marker,
                relayed_to=len(plan.recipients),
            )
        )
    manifest = replace(
        empty_manifest(plan.mail, settings, now),
        attachments=tuple(attachments),
        deliveries=tuple(DeliveryRecord(recipient=one) for one in plan.recipients),
    )
    version = (
        ports.manifests.create(manifest)
        if held is None
        else ports.manifests.replace(manifest, held.version)
    )
    return StoredManifest(manifest, version)


def _store(upload: Upload, plan: RelayPlan, ports: Ports) -> StoredAttachment:
    attachment = upload.attachment
    content = Measured(content_of(plan.message, attachment))
    ports.attachments.store(
        upload.key,
        content,
        content_type=attachment.stored_content_type,
        filename=attachment.safe_name,
    )
    return StoredAttachment(
        key=upload.key,
        filename=attachment.safe_name,
        content_type=attachment.stored_content_type,
        size=content.size,
        sha256=content.sha256,
    )


def _lost(upload: Upload, error: PermanentError) -> StoredAttachment:
    return StoredAttachment(
        key=upload.key,
        filename=upload.attachment.safe_name,
        content_type=upload.attachment.stored_content_type,
        size=0,
        sha256="",
        failure=error.detail,
    )


def _submit_pending(
    plan: RelayPlan, settings: Settings, ports: Ports, now: datetime, ledger: StoredManifest
) -> StoredManifest:
    attachments = ledger.manifest.attachments
    body = rewrite_body(
        plan.message,
        detached=[upload.attachment for upload in plan.uploads],
        removals=plan.removals,
        listed=[_listed(one, settings, ports) for one in attachments if one.failure is None],
        notes=[
            f"The attachment {one.filename} could not be kept. The operator has been told."
            for one in attachments
            if one.failure is not None
        ],
    )
    interrupted: TransientError | None = None
    for recipient in ledger.manifest.pending():
        mail = compose_mail(plan, body, recipient, settings)
        try:
            record = _submit(mail, plan, settings, ports, now)
        except TransientError as error:
            # The others may get through; this one is left to the next delivery.
            interrupted = error
            continue
        manifest = ledger.manifest.recording(record)
        ledger = StoredManifest(manifest, ports.manifests.replace(manifest, ledger.version))
    if interrupted is not None:
        raise interrupted
    return ledger


def compose_mail(
    plan: RelayPlan, body: RewrittenBody, recipient: str, settings: Settings
) -> OutgoingMail:
    """One recipient's mail: a header of its own on the body that all recipients share."""
    header = compose_header(
        plan.message.header,
        sender=plan.sender,
        to=plan.recipients if settings.show_recipients else (recipient,),
        subject=plan.subject,
        stack=settings.stack,
        fields=body.fields,
    )
    return OutgoingMail(
        sender=settings.sender_address, recipient=recipient, raw=header + body.content
    )


def _submit(
    mail: OutgoingMail, plan: RelayPlan, settings: Settings, ports: Ports, now: datetime
) -> DeliveryRecord:
    try:
        submission_id = ports.submission.submit(mail)
    except PermanentError as error:
        refusal = Refusal(
            reason=Reason.SUBMISSION_FAILED, detail=f"{mail.recipient}: {error.detail}"
        )
        ports.notices.publish(
            compose_notice(
                plan.mail,
                (refusal,),
                marker=settings.recipient_marker,
                relayed_to=len(plan.recipients) - 1,
            )
        )
        return DeliveryRecord(
            recipient=mail.recipient, state=DeliveryState.FAILED, at=now, failure=error.detail
        )
    return DeliveryRecord(
        recipient=mail.recipient,
        state=DeliveryState.SUBMITTED,
        at=now,
        submission_id=submission_id,
    )


def _listed(attachment: StoredAttachment, settings: Settings, ports: Ports) -> ListedAttachment:
    link = ports.links.issue(
        AttachmentKey(attachment.key),
        filename=attachment.filename,
        content_type=attachment.content_type,
        lifetime=settings.link_expiry,
    )
    return ListedAttachment(
        name=attachment.filename,
        size=attachment.size,
        url=link.url,
        expires_at=link.expires_at,
    )
