"""Holding the mail of a sender that is over its limit.

The decision is here; `sender_limit` only counts. Its order survives a crash: count the mail by
compare-and-swap, publish the notice unless that was done, then record it as held. A held mail is
not lost: its raw message and its manifest wait for an operator to release it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from relay_core.delivery.ledger import begun_manifest, write_manifest
from relay_core.errors import Reason, Refusal
from relay_core.limits.sender_limit import SenderWindow
from relay_core.notices.moment import format_moment
from relay_core.notices.notice import compose_notice
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Ports, StoredManifest
from relay_core.record.manifest import ManifestState
from relay_core.settings import Settings

from .window_change import change_window, publish_once


def hold_over_limit(
    mail: MailIdentity,
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
    arrived_at: datetime | None,
) -> bool:
    """Whether the mail is held; it is counted, and if held reported and recorded.

    `stored` is its manifest. Of one that fails at every try it is not known whether it was
    counted, so it is counted if it was not. Raises as `relay_message`.
    """
    if not settings.sender_message_limit:
        return False
    if stored is not None and stored.manifest.state is not ManifestState.FAILING:
        return stored.manifest.state is ManifestState.HELD
    empty = SenderWindow.at(
        arrived_at or ports.clock(), sender=mail.annotated_sender, length=settings.sender_window
    )
    limit = settings.sender_message_limit
    now = ports.clock()
    window = change_window(
        ports.windows, empty, lambda found: found.with_message(mail.message_id, limit, now)
    )
    if mail.message_id in window.let_through:
        return False
    refusal = Refusal(
        reason=Reason.LIMIT_EXCEEDED,
        detail=(
            f"{over_limit_detail(settings)}. This mail and all mail from this sender until"
            f" {format_moment(window.ends_at)} are held, without another notice. No mail is"
            " lost: 'relayctl list --state held' shows them, and 'relayctl redeliver MESSAGE'"
            " releases one."
        ),
    )
    notice = compose_notice(mail, (refusal,), settings)
    publish_once(window, ports.windows, mail.message_id, lambda: ports.notices.publish(notice))
    record_held(mail, over_limit_detail(settings), stored, settings, ports)
    return True


def record_held(
    mail: MailIdentity,
    detail: str,
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
) -> None:
    """Record that a mail is held. Raises as `relay_message`.

    Files that an earlier try stored stay its files, as old as they are.
    """
    before = begun_manifest(mail, stored, settings, ports.clock())
    held = replace(
        before,
        state=ManifestState.HELD,
        reason=Reason.LIMIT_EXCEEDED,
        detail=detail,
    )
    write_manifest(held, stored, ports.manifests)


def over_limit_detail(settings: Settings) -> str:
    """The detail of the refusal of a sender over its limit."""
    return (
        f"the sender is over {settings.sender_message_limit} mails in"
        f" {settings.sender_window.total_seconds():.0f} seconds (senderMessageLimit)"
    )
