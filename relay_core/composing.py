"""The mails that a plan makes: one a recipient, of a header each on a body that others may share.

Pure. What only a deployment knows, links and their end, is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache, partial

from .outgoing.header import compose_header
from .outgoing.inline_previews import InlinePreview
from .outgoing.letterhead import PLAIN, Letterhead
from .outgoing.link_list import ListedAttachment
from .outgoing.rewrite import prepare_bodies
from .outgoing.splices import RewrittenBody
from .plan import RelayPlan
from .ports import OutgoingMail
from .settings import Settings


def prepare_mails(
    plan: RelayPlan,
    listed: Sequence[ListedAttachment],
    settings: Settings,
    *,
    page_for: Callable[[str], str] | None = None,
    notes: Sequence[str] = (),
    sent_at: datetime | None = None,
    previews: Sequence[InlinePreview] = (),
    letterhead: Letterhead = PLAIN,
) -> Callable[[str], OutgoingMail]:
    """What makes the mail of a recipient, an addr-spec; all that they share is done once.

    `listed` are the files that recipients get links to. `page_for` gives the URL of a recipient's
    page; without it each file has a link of its own in the list. `notes` are sentences for the
    reader. `sent_at` is when the device sent the mail, None where nobody knows. `previews` are
    pictures that the mails show. `letterhead` says in whose name the list of files speaks.
    """
    body_for = prepare_bodies(
        plan.message,
        detached=[upload.attachment for upload in plan.uploads],
        removals=plan.removals,
        listed=listed,
        markers=settings.markers,
        notes=notes,
        secrets=settings.secret_addresses,
        previews=previews,
        letterhead=letterhead,
    )
    # Most mails have one header for all recipients.
    header_for = lru_cache(maxsize=1)(partial(_header, plan, settings, sent_at))
    if page_for is None:
        body = body_for(None)
        return lambda recipient: _mail(plan, body, recipient, settings, header_for)
    return lambda recipient: _mail(
        plan, body_for(page_for(recipient)), recipient, settings, header_for
    )


_Fields = tuple[tuple[str, str | None], ...]
_HeaderFor = Callable[[tuple[str, ...], _Fields], bytes]
"""The header of a mail to those addresses, with the fields that its body needs."""


def _header(
    plan: RelayPlan,
    settings: Settings,
    sent_at: datetime | None,
    to: tuple[str, ...],
    fields: _Fields,
) -> bytes:
    return compose_header(
        plan.message.header,
        sender=plan.sender,
        to=to,
        subject=plan.subject,
        stack=settings.stack,
        fields=dict(fields),
        sent_at=sent_at,
        added=settings.passed_fields,
        secrets=settings.secret_addresses,
    )


def _mail(
    plan: RelayPlan,
    body: RewrittenBody,
    recipient: str,
    settings: Settings,
    header_for: _HeaderFor,
) -> OutgoingMail:
    to = plan.recipients if settings.show_recipients else (recipient,)
    header = header_for(to, tuple(body.fields.items()))
    return OutgoingMail(
        sender=settings.sender_address, recipient=recipient, raw=header + body.content
    )
