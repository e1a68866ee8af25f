"""The message that one recipient would get, without a deployed stack.

Placeholders replace what only a deployment has. The link to the page is the link base; where files
have links of their own (`linkMode: presigned`), they are `<link base>/<index>/<file name>`. They
expire `link_expiry` from now. The caller names the recipient, so a message is shown even if the
relay would refuse it or would not send it to that recipient; `caveat` says so in that case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from relay_core.attachments.attachment import Attachment, content_of
from relay_core.attachments.bodies import find_codes
from relay_core.composing import prepare_mails
from relay_core.errors import RelayError
from relay_core.keys import RawKey, message_id_of
from relay_core.links.reference import reference
from relay_core.mime.message import Message
from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.plan import (
    IgnoredMail,
    Refused,
    RelayPlan,
    plan_deliveries,
    plan_relay,
)
from relay_core.policy.directory import EMPTY_DIRECTORY, Directory
from relay_core.settings import LinkMode, Settings


class UnreadableMail(RelayError):
    """The bytes cannot be read as a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The outgoing message; `caveat` says why the recipient would not get it, or is None."""

    raw: bytes
    caveat: str | None


def preview(
    raw: bytes,
    raw_key: RawKey,
    recipient: str,
    settings: Settings,
    *,
    link_base: str,
    now: datetime,
    directory: Directory = EMPTY_DIRECTORY,
) -> Preview:
    """The message as it would go out to `recipient`, an addr-spec. `now` is aware, in UTC.

    Raises:
        UnreadableMail: saying why the message cannot be read.
    """
    planned = plan_relay(raw, raw_key, settings, directory, may_lack_receipt=True)
    if planned.message is None:
        raise UnreadableMail(planned.refusals[0].detail)
    caveat = _caveat(planned, recipient)
    if isinstance(planned, RelayPlan) and caveat is None:
        plan = planned
    else:
        codes = find_codes(planned.message, settings.markers, settings.limits)
        plan = plan_deliveries(planned.message, planned.mail, codes, (recipient,), settings)
    by_page = settings.link_mode is LinkMode.PAGE
    compose = prepare_mails(
        plan,
        [
            _listed(
                plan.message,
                upload.attachment,
                None if by_page else link_base,
                now + settings.link_expiry,
            )
            for upload in plan.uploads
        ],
        settings,
        page_for=(lambda _recipient: link_base) if by_page else None,
        letterhead=Letterhead(
            appearance=settings.appearance,
            reference=reference(message_id_of(raw_key)),
            now=now,
        ),
    )
    mail = compose(recipient)
    return Preview(raw=mail.raw, caveat=caveat)


def _caveat(plan: RelayPlan | Refused | IgnoredMail, recipient: str) -> str | None:
    if isinstance(plan, IgnoredMail):
        return f"the relay would ignore this message: {plan.ignored.detail}"
    if isinstance(plan, Refused):
        return f"the relay would refuse this message: {plan.refusals[0].detail}"
    if recipient.lower() not in {one.lower() for one in plan.recipients}:
        return f"the message does not name {recipient}, but {', '.join(plan.recipients)}"
    return None


def _listed(
    message: Message, attachment: Attachment, link_base: str | None, expires_at: datetime
) -> ListedAttachment:
    return ListedAttachment(
        name=attachment.safe_name,
        size=sum(len(chunk) for chunk in content_of(message, attachment)),
        url=link_base and f"{link_base}/{attachment.index}/{quote(attachment.safe_name)}",
        expires_at=expires_at,
    )
