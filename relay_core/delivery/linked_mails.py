"""The mails of one message, with the links that this deployment gives to its files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from relay_core.attachments.damage import damage_note, may_be_damaged
from relay_core.composing import prepare_mails
from relay_core.links.reference import reference
from relay_core.outgoing.inline_previews import InlinePreview
from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.sent_time import SentTime, late_note
from relay_core.plan import RelayPlan
from relay_core.ports import Link, OutgoingMail, Ports
from relay_core.record.manifest import Manifest, StoredAttachment
from relay_core.settings import LinkMode, Settings


def mails_with_links(
    plan: RelayPlan,
    manifest: Manifest,
    until: datetime,
    settings: Settings,
    ports: Ports,
    *,
    sent: SentTime | None,
    previews: Sequence[InlinePreview] = (),
) -> Callable[[str], OutgoingMail]:
    """A function from recipient to mail, with links to the kept files, valid until `until`.

    Raises:
        AdapterError: if the page cannot be opened, or a link cannot be made.
    """
    now = ports.clock()
    kept = [one for one in manifest.attachments if one.failure is None]
    wording = settings.appearance.wording
    notes = [
        wording.say(
            "The file {name} could not be stored. The operator has been informed.",
            name=one.filename,
        )
        for one in manifest.attachments
        if one.failure is not None
    ]
    if late := late_note(sent, now, wording):
        notes.insert(0, late)
    if damaged := damage_note(_damaged(plan, kept), wording):
        notes.append(damaged)
    page_for = None
    if settings.link_mode is LinkMode.PAGE and kept:
        ports.pages.open(manifest.message_id)
        page_for = partial(_page_link, manifest, ports)
        listed = [_listed(one, None, until) for one in kept]
    else:
        links = [(one, _issue(one, until - now, ports)) for one in kept]
        listed = [_listed(one, link.url, link.expires_at) for one, link in links]
    return prepare_mails(
        plan,
        listed,
        settings,
        page_for=page_for,
        notes=notes,
        sent_at=sent.at if sent else None,
        previews=previews,
        letterhead=Letterhead(
            appearance=settings.appearance, reference=reference(manifest.message_id), now=now
        ),
    )


def _page_link(manifest: Manifest, ports: Ports, recipient: str) -> str:
    """A recipient's link, the last that was issued."""
    renewal = next((d.renewals for d in manifest.deliveries if d.recipient == recipient), 0)
    return ports.pages.link(manifest.message_id, recipient, renewal)


def _damaged(plan: RelayPlan, kept: Sequence[StoredAttachment]) -> list[str]:
    """The names of the files that may be damaged."""
    uploads = {upload.key: upload.attachment for upload in plan.uploads}
    return [
        one.filename
        for one in kept
        if (attachment := uploads.get(one.key)) is not None
        and may_be_damaged(plan.message, attachment, one.size)
    ]


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
