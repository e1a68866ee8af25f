"""`relayctl redeliver`: have a message delivered again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from operate.messages.announcing import record_and_announce
from operate.messages.finding import load_message, require_raw_message
from operate.messages.message_status import list_some
from operate.messages.redelivery import Redelivery, plan_redelivery
from operate.presentation.redelivery import describe_redelivery
from operate.presentation.terminal import confirm, exit_on_errors, must_be_confirmed, say
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import DeliveryState, Intervention, Manifest

from .message_options import Message, address_option
from .stack_options import DryRun, StackOptions, Yes, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.access import StackAccess


@on_a_stack
def redeliver_message(
    message: Message,
    *,
    recipient: Annotated[
        list[str],
        typer.Option(
            metavar="ADDRESS",
            help="Send the mail to this recipient, even if they have it; repeat for more. Default:"
            " all for whom it failed and all who were refused.",
        ),
    ] = [],  # noqa: B006 - Typer copies defaults
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Deliver a message again: to all recipients who do not have it, or to the named ones.

    A recipient who was refused gets the mail if the deployed policy and the recipient directory
    allow it now: correct them first. Otherwise a notice gives the reason.

    A message that was held, refused, ignored or never read is released: the relay processes it
    from the start, and does not count it against its sender's limit. The cause of a refusal is
    checked again: correct it first.

    The mail has the same link to the download page as before. The links of all its recipients are
    then valid for linkExpiryHours again, but not longer than the attachments are kept.

    The command does nothing while a worker has the message, or if the raw message was deleted.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    recipients = [address_option(one) for one in recipient]
    with exit_on_errors():
        access = stack.open()
        stored = load_message(access, message)
        redelivery = plan_redelivery(stored.manifest, recipients, access.clock())
        raw = require_raw_message(access, stored.manifest.raw_key)
        description = [
            *describe_redelivery(stored.manifest, redelivery, access.clock()),
            *_warnings(access, stored.manifest, redelivery),
        ]
        if dry_run:
            say(description)
            return
        say(description, to_stderr=True)
        caller = access.name_caller()
        confirm("Deliver it?", yes=yes)
        intervention = Intervention(
            at=access.clock(), by=caller, what="redeliver", detail=redelivery.detail
        )
        record_and_announce(access, stored, redelivery, raw, intervention)
        say([f"{stored.manifest.message_id}: announced to the queue"])


def _warnings(access: StackAccess, manifest: Manifest, redelivery: Redelivery) -> Iterator[str]:
    """Warnings about what recipients will notice in the mail."""
    kept = [one for one in manifest.attachments if one.failure is None]
    # A message that is processed from its start has its attachments stored again, and new links.
    if not kept or redelivery.releases:
        return
    if any(
        one.revoked_at is None and access.attachments.find(one.key) is None for one in kept[:1]
    ):
        yield (
            "  its attachments were deleted from the bucket (attachmentRetentionDays): they are"
            " stored again from the raw message"
        )
    if access.open_pages is None:
        return  # each mail has presigned links of its own
    if others := _holders_of_links(manifest, redelivery):
        is_over = access.clock() >= manifest.expires_at
        until = f"{'were' if is_over else 'are'} valid until {format_moment(manifest.expires_at)}"
        yield (
            f"  EXTENDS the links of {list_some(others)} too: they {until}, and will be valid"
            " for linkExpiryHours after the new mail"
        )
    for one in (*redelivery.reopened, *redelivery.still_open):
        if one.revoked_at is not None:
            yield (
                f"  WARNING: the link of {one.recipient} is revoked; first run 'relayctl revoke"
                f" {manifest.message_id} --recipient {one.recipient} --undo'"
            )


def _holders_of_links(manifest: Manifest, redelivery: Redelivery) -> list[str]:
    """Recipients who have a link already and get no mail now: their links are extended too."""
    get_it = {one.recipient for one in (*redelivery.reopened, *redelivery.still_open)}
    return [
        one.recipient
        for one in manifest.deliveries
        if one.state is DeliveryState.SUBMITTED and one.recipient not in get_it
    ]
