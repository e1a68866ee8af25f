"""A new link for a late reader: what the expired page offers, and what asking for it does.

Only the form asks: whoever follows the old link by GET, as mail gateways do, changes nothing. The
page says neither whom the link goes to nor whether that mail arrives, since whoever reads it may
be anybody who has the old address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

from adapters.aws.download_links import ISSUING_AGE, SsmLinkKeys
from relay_core.delivery.renewal_mail import renewal_mail
from relay_core.delivery.renewing import Asked, NewLink, send_new_link
from relay_core.links.download import LinkStatus, LinkView
from relay_core.links.reference import reference
from relay_core.links.renewal import ASKED_AGAIN, RenewalPolicy, may_ask
from relay_core.links.tokens import issue_token
from relay_core.outgoing.letterhead import Letterhead
from relay_core.ports import Manifests, OutgoingMail, Submission
from relay_core.wording.appearance import Appearance
from relay_core.wording.wording import translatable

from .document import content_policy, document
from .frame import PLAIN, Frame
from .http import Answer

FIELD = "renew"
"""The field of the form that asks for a new link."""

_OFFER = "offer"
TITLES: Mapping[object, str] = {
    _OFFER: translatable("This link has expired"),
    Asked.SENT: translatable("A new link is on its way"),
    Asked.TOO_SOON: translatable("A new link was sent within the last hour"),
}
PARAGRAPHS: Mapping[object, tuple[str, ...]] = {
    _OFFER: (
        translatable("The files are still there. A new link can be sent by mail."),
        translatable("It goes to the address that this link was sent to, and to no other."),
    ),
    Asked.SENT: (translatable("It goes by mail to the address that this link was sent to."),),
    Asked.TOO_SOON: (
        translatable(
            "Look into the mailbox that this link was sent to, and into its spam folder."
        ),
        translatable("In an hour you can ask again."),
    ),
}
BUTTON = translatable("Ask for a new link")
_STATUS = {
    Asked.SENT: HTTPStatus.ACCEPTED,
    Asked.TOO_SOON: HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """New links to the files of `manifests`, in mails from `sender_address`."""

    policy: RenewalPolicy
    keys: SsmLinkKeys
    manifests: Manifests
    submission: Submission
    sender_address: str
    stack: str
    clock: Callable[[], datetime]
    appearance: Appearance = field(default_factory=Appearance)

    def is_offered(self, view: LinkView) -> bool:
        """Whether the recipient of an expired link may ask for another."""
        if view.status is not LinkStatus.EXPIRED or view.manifest is None:
            return False
        now = self.clock()
        return any(
            one.recipient == view.recipient and may_ask(one, view.manifest, self.policy, now)
            for one in view.manifest.deliveries
        )

    def send(self, view: LinkView, base_url: str) -> Asked:
        """Send the recipient of an expired link another one.

        Raises:
            AdapterError: if it was not sent; it may be asked for again at once.
        """
        if view.manifest is None or view.recipient is None:
            return Asked.NOT_OFFERED
        return send_new_link(
            view.manifest.message_id,
            view.recipient,
            policy=self.policy,
            compose=partial(self._mail, base_url=base_url),
            manifests=self.manifests,
            submission=self.submission,
            now=self.clock(),
        )

    def _mail(self, new: NewLink, *, base_url: str) -> OutgoingMail:
        recipient, manifest = new.delivery.recipient, new.manifest
        token = issue_token(
            manifest.message_id, recipient, self.keys.keys(ISSUING_AGE), new.delivery.renewals
        )
        return renewal_mail(
            manifest,
            recipient,
            url=f"{base_url.rstrip('/')}/{token}",
            until=new.until,
            sender_address=self.sender_address,
            stack=self.stack,
            letterhead=Letterhead(
                appearance=self.appearance,
                reference=reference(manifest.message_id),
                now=self.clock(),
            ),
        )


def offer_page(frame: Frame = PLAIN) -> Answer:
    """The page of an expired link whose files are still kept."""
    form = (
        f'<form method="post"><button class="main button" name="{FIELD}" value="1">'
        f"{frame.wording.say(BUTTON)}</button></form>\n"
    )
    return _page(_OFFER, HTTPStatus.GONE, form, frame, form_action="'self'")


def asked_page(asked: Asked, frame: Frame = PLAIN) -> Answer:
    """The page after the form: a new link is sent, or was."""
    headers = {}
    if asked is Asked.TOO_SOON:
        headers["Retry-After"] = str(ASKED_AGAIN // timedelta(seconds=1))
    return _page(asked, _STATUS[asked], "", frame, headers=headers)


def _page(
    which: object,
    status: HTTPStatus,
    form: str,
    frame: Frame,
    *,
    form_action: str = "'none'",
    headers: dict[str, str] | None = None,
) -> Answer:
    say = frame.wording.say
    title = say(TITLES[which])
    told = "".join(f"<p>{say(one)}</p>\n" for one in PARAGRAPHS[which])
    return Answer(
        status=status,
        content_type="text/html; charset=utf-8",
        body=document(
            title, f'<div class="notice">\n<h1>{title}</h1>\n{told}{form}</div>\n', frame
        ),
        policy=content_policy(frame, form_action=form_action),
        headers=headers or {},
    )
