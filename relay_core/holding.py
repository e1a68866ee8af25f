"""Holding back the mail of a sender that floods.

What `flood` decides about one window is carried out here over ports, in an order that survives
a crash: count the mail by compare-and-swap, tell the operator if it is the first over the limit,
then record it as held. A held mail is not lost: its raw message and its manifest wait for an
operator to release it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from .errors import Conflict, Reason, Refusal
from .flood import SenderWindow
from .ledger import empty_manifest, write_manifest
from .manifest import ManifestState
from .notice import MailIdentity, compose_notice
from .ports import Ports, StoredManifest, StoredWindow
from .settings import Settings

_MAX_RACES = 20
"""How often a lost race for a window is run again before the queue has to try.

A loser was overtaken by a writer; what this bounds is a store that reports races that were none.
"""


def hold_back(
    mail: MailIdentity,
    stored: StoredManifest | None,
    settings: Settings,
    ports: Ports,
    arrived_at: datetime | None,
) -> bool:
    """Whether the mail waits for an operator; counted, told and recorded if it does.

    `stored` is its manifest. Of one that fails at every try it is not known whether it was
    counted, so it is counted if it was not. Raises as `relay_message`.
    """
    if not settings.sender_message_limit:
        return False
    if stored is not None and stored.manifest.state is not ManifestState.FAILING:
        return stored.manifest.state is ManifestState.HELD
    window = _count_in_window(mail, settings, ports, arrived_at or ports.clock())
    if mail.message_id in window.let_through:
        return False
    if mail.message_id == window.first_over:
        # Told before it is recorded: of a crash in between, the next delivery tells again.
        refusal = Refusal(
            reason=Reason.LIMIT_EXCEEDED,
            detail=f"{over_the_limit(settings)}. This mail and all that come from there until"
            f" {window.ends_at:%Y-%m-%d %H:%M:%S} UTC are held, without a further notice."
            " None is lost: each has its raw message and a manifest whose state is held.",
        )
        ports.notices.publish(compose_notice(mail, (refusal,), marker=settings.recipient_marker))
    held = replace(
        empty_manifest(mail, settings, ports.clock()),
        state=ManifestState.HELD,
        reason=Reason.LIMIT_EXCEEDED,
        detail=over_the_limit(settings),
        interventions=stored.manifest.interventions if stored else (),
    )
    write_manifest(held, stored, ports.manifests)
    return True


def over_the_limit(settings: Settings) -> str:
    """What is told of a sender over its limit."""
    return (
        f"the sender is over {settings.sender_message_limit} mails in"
        f" {settings.sender_window.total_seconds():.0f} seconds (senderMessageLimit)"
    )


def _count_in_window(
    mail: MailIdentity, settings: Settings, ports: Ports, arrived_at: datetime
) -> SenderWindow:
    """The window that the mail arrived in, with the mail counted in it."""
    empty = SenderWindow.at(arrived_at, sender=mail.sender, length=settings.sender_window)
    races = 0
    while True:
        stored = ports.windows.load(empty.key)
        before = stored.window if stored else empty
        counted = before.counting(mail.message_id, settings.sender_message_limit)
        try:
            _write_window(counted, before, stored, ports)
        except Conflict:
            races += 1
            if races == _MAX_RACES:
                raise
            continue
        return counted


def _write_window(
    window: SenderWindow, before: SenderWindow, stored: StoredWindow | None, ports: Ports
) -> None:
    if stored is None:
        ports.windows.create(window)
    elif window != before:
        ports.windows.replace(window, stored.version)
