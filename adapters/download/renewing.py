"""A new link for a late reader: whether the page of an expired link offers it, and sending it.

Only the form of that page asks for it: a GET of the old link, as mail gateways send, changes
nothing. The pages (`status_pages`) say neither whom the link goes to nor whether that mail
arrives, since anybody who has the old address can read them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from adapters.aws.download_links import SsmLinkKeys, page_url
from relay_core.delivery.renewal_mail import renewal_mail
from relay_core.delivery.renewing import NewLink, RenewalResult, send_new_link
from relay_core.links.download import LinkStatus, LinkView
from relay_core.links.reference import reference
from relay_core.links.renewal import RenewalPolicy, may_renew
from relay_core.outgoing.letterhead import Letterhead
from relay_core.ports import Manifests, OutgoingMail, Submission
from relay_core.record.manifest import Manifest
from relay_core.wording.appearance import Appearance


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredLink:
    """A link that has expired and whose recipient may ask for another.

    `base_url` is what the links of its mail begin with.
    """

    manifest: Manifest
    recipient: str
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """New links to the files of `manifests`, in mails from `sender_address`.

    They begin with `download_url`, the operator's own, if there is one. If not, they begin with
    the URL at which they are requested: that of the mail's links may have a domain that has ended.
    """

    policy: RenewalPolicy
    keys: SsmLinkKeys
    manifests: Manifests
    submission: Submission
    sender_address: str
    stack: str
    download_url: str
    clock: Callable[[], datetime]
    appearance: Appearance = field(default_factory=Appearance)

    def is_offered(self, view: LinkView) -> bool:
        """Whether the recipient of an expired link may ask for another."""
        if view.status is not LinkStatus.EXPIRED or view.manifest is None:
            return False
        now = self.clock()
        return any(
            one.recipient == view.recipient and may_renew(one, view.manifest, self.policy, now)
            for one in view.manifest.deliveries
        )

    def send(self, link: ExpiredLink, requested_at: str) -> RenewalResult:
        """Send the recipient of an expired link another one, requested at that URL.

        Raises:
            AdapterError: if it was not sent, or if nobody knows (`LostAnswer`). Where it was not,
                it can be asked for again at once.
        """
        return send_new_link(
            link.manifest.message_id,
            link.recipient,
            policy=self.policy,
            compose=partial(self._mail, base_url=self._base_url(link, requested_at)),
            manifests=self.manifests,
            submission=self.submission,
            now=self.clock(),
        )

    def _base_url(self, link: ExpiredLink, requested_at: str) -> str:
        if self.download_url:
            return self.download_url
        # Links without TLS are those of the sandbox: there AWS's host names do not resolve.
        has_tls = link.base_url.startswith("https:")
        return (requested_at if has_tls else "") or link.base_url

    def _mail(self, new: NewLink, *, base_url: str) -> OutgoingMail:
        recipient, manifest = new.delivery.recipient, new.manifest
        renewal = new.delivery.renewals
        return renewal_mail(
            manifest,
            recipient,
            url=page_url(base_url, self.keys, manifest.message_id, recipient, renewal),
            until=new.until,
            sender_address=self.sender_address,
            stack=self.stack,
            letterhead=Letterhead(
                appearance=self.appearance,
                reference=reference(manifest.message_id),
                now=self.clock(),
            ),
        )
