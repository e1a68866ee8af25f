"""Holding mail that is over the hourly budget of recipients.

The decision is here; `budget` only counts. The budget is spent when a mail is about to be relayed
for the first time, for all its recipients at once. A mail whose files are stored over several
deliveries spends it once. A mail that does not fit is held as a whole; a smaller one after it may
still fit. One that an operator released goes out and is not counted.
"""

from __future__ import annotations

from datetime import datetime

from relay_core.errors import Reason, Refusal
from relay_core.keys import MessageId
from relay_core.limits.budget import BudgetWindow
from relay_core.notices.moment import format_moment
from relay_core.notices.notice import compose_notice
from relay_core.plan import RelayPlan
from relay_core.ports import Ports, StoredManifest
from relay_core.record.manifest import ManifestState
from relay_core.record.report import Outcome
from relay_core.settings import Settings

from .sender_hold import record_held
from .window_change import change_stored_window, publish_once

_NOT_SPENT_FOR = frozenset({ManifestState.FAILING, ManifestState.HELD})


def hold_over_budget(
    plan: RelayPlan, stored: StoredManifest | None, settings: Settings, ports: Ports
) -> Outcome | None:
    """`HELD` if the mail is held, reported and recorded; None if it has its part of the budget.

    `UNFINISHED` if it is to be held and another mail is just publishing the notice: it has to be
    delivered again, because no mail is held before the notice is published. `stored` is its
    manifest. Raises as
    `relay_message`.
    """
    if not settings.recipient_budget:
        return None
    if stored is not None and (
        stored.manifest.is_budgeted or stored.manifest.state not in _NOT_SPENT_FOR
    ):
        return None
    mail, count = plan.mail, len(plan.recipients)
    full = _spend(count, mail.message_id, settings.recipient_budget, ports, ports.clock())
    if full is None:
        return None
    refusal = Refusal(
        reason=Reason.LIMIT_EXCEEDED,
        detail=(
            f"{over_budget_detail(settings)}. This mail is to {count} recipients. It and all"
            f" that do not fit until {format_moment(full.ends_at)} are held, without another"
            " notice. No mail is lost: 'relayctl list --state held' shows them, and 'relayctl"
            " redeliver MESSAGE' releases one. Check first that their recipients exist: bounces"
            " can make AWS pause the account."
        ),
    )
    if not full.claim.is_published and not full.claim.is_due(mail.message_id):
        # The mail with the claim may fail, and come again in an hour with room: then no notice is
        # sent.
        return Outcome.UNFINISHED
    notice = compose_notice(mail, (refusal,), settings)
    publish_once(full, ports.budgets, mail.message_id, lambda: ports.notices.publish(notice))
    record_held(mail, over_budget_detail(settings), stored, settings, ports)
    return Outcome.HELD


def over_budget_detail(settings: Settings) -> str:
    """The detail of the refusal of a mail over the budget."""
    return (
        f"the stack is over {settings.recipient_budget} recipients in this hour"
        " (recipientBudgetPerHour)"
    )


def _spend(
    count: int, by: MessageId, budget: int, ports: Ports, now: datetime
) -> BudgetWindow | None:
    """Take so many recipients from the hour's budget; the hour, if there is no room for them."""
    empty, budget_reserve = BudgetWindow.at(now), ports.budget_reserve
    seen = budget_reserve.seen_of(empty)
    if count > budget_reserve.left:
        needed, spent = count - budget_reserve.left, budget_reserve.spent
        if seen is not None and seen.window.with_reservation(needed, budget, spent) is seen.window:
            # Nothing is written where there is no room: so it has to be read again.
            seen = None
        before = 0

        def reserve(found: BudgetWindow) -> BudgetWindow:
            nonlocal before
            before = found.reserved
            reserved = found.with_reservation(needed, budget, spent)
            if reserved is not found:
                return reserved
            return found.with_claim(found.claim.claimed(by, now))

        budget_reserve.seen = change_stored_window(ports.budgets, empty, reserve, seen)
        budget_reserve.left += budget_reserve.seen.window.reserved - before
        if count > budget_reserve.left:
            return budget_reserve.seen.window
    budget_reserve.left -= count
    budget_reserve.spent += count
    return None
