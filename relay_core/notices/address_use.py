"""The weekly notice of devices that still send to a previous address, or by a closed label."""

from __future__ import annotations

from relay_core.errors import Reason, Refusal
from relay_core.keys import RawKey
from relay_core.limits.address_use import AddressUse, AddressWeek
from relay_core.ports import Notice

from .moment import format_moment
from .notice import MAX_REPORTED_REFUSALS
from .quoting import quote_words


def compose_address_notice(week: AddressWeek, *, stack: str, place: str) -> Notice:
    """The notice about a week. It contains no address of the relay: those are secrets.

    Its `raw_key` is empty, and its `message_id` is that of the first mail.

    Raises:
        ValueError: if the week has no use.
    """
    if not week.uses:
        raise ValueError("a notice about a week needs a use of an address")
    shown = week.uses[:MAX_REPORTED_REFUSALS]
    more = len(week.uses) - len(shown)
    senders = len({one.sender.lower() for one in week.uses})
    or_more = " or more" if week.is_full else ""
    count = f"{senders}{or_more} sender{'' if senders == 1 else 's'}"
    since, until = format_moment(week.started_at), format_moment(week.ends_at)
    lines = [
        "Devices sent to a previous address of the relay, or by a label that is closed.",
        "",
        f"Stack: {stack}",
        f"Between {since} and {until}",
        f"From {count}; a mail of each device:",
        *(f"* {_format_use(one)}: {one.message_id}" for one in shown),
        *([f"* and {more} more"] if more else []),
        "",
        "Mail to a previous address is relayed as long as previousRecipientEmails has it.",
        "Mail by a label of closedLabels is ignored: its raw message is kept for",
        "incomingRetentionDays.",
        "",
        "What to do:",
        "* Set the current address in each of these devices.",
        f"* List the mails:  relayctl list --via ADDRESS --since {since} --limit 0",
        f"* See one of them: relayctl show {week.uses[0].message_id}",
        "",
        f"More: {place}",
    ]
    return Notice(
        reason=Reason.ADDRESS_USE,
        sender=None,
        subject=f"Mail relay {stack}: {Reason.ADDRESS_USE} ({count})",
        text="\n".join(lines) + "\n",
        message_id=week.uses[0].message_id,
        raw_key=RawKey(""),
        mail_subject="",
        refusals=tuple(
            Refusal(reason=Reason.ADDRESS_USE, detail=_format_use(one)) for one in shown
        ),
        more_refusals=more,
    )


def _format_use(use: AddressUse) -> str:
    way = "a closed label" if use.is_closed else "a previous address"
    labels = "".join(f" +{one}" for one in use.labels)
    shown = quote_words(f"{use.sender}, by {way}{labels}", markers=(), keeps_addresses=True)
    return " ".join(shown.split())
