"""The effect of a redelivery, line by line, before the operator confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from operate.messages.message_status import explain_status, status_of
from operate.messages.redelivery import Redelivery
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import ALL_LEFT_OUT, DeliveryRecord, DeliveryState, Manifest

from .message import headline


def describe_redelivery(
    manifest: Manifest, redelivery: Redelivery, now: datetime
) -> Iterator[str]:
    """The message, and who gets the mail and why."""
    yield headline(manifest)
    if redelivery.releases:
        reasons = f": {explain_status(manifest)}" if explain_status(manifest) else ""
        yield f"  is {status_of(manifest, now)}{reasons}"
        yield "  is released, and processed again from the start"
    for one in redelivery.reopened:
        yield f"  {one.recipient} {_gets_it(one)}"
    for one in redelivery.still_open:
        yield f"  {one.recipient} {_gets_it(one)}"
    for address in redelivery.asked:
        recipients = (
            "every recipient that it names and who does not have it"
            if address == ALL_LEFT_OUT
            else address
        )
        yield f"  {recipients}: was refused, and gets the mail if the deployed policy allows it"


def _gets_it(delivery: DeliveryRecord) -> str:
    since = f" since {format_moment(delivery.at)}" if delivery.at else ""
    match delivery.state:
        case DeliveryState.SUBMITTED:
            return f"gets the mail AGAIN: it was sent{since} ({delivery.submission_id})"
        case DeliveryState.FAILED:
            return f"gets the mail: failed{since} ({delivery.failure})"
        case DeliveryState.SUBMITTING:
            return "gets the mail, possibly twice: a worker died while it submitted the mail"
        case DeliveryState.PENDING:
            return "gets the mail: it was not sent yet"
