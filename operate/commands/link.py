"""`relayctl link`: print a recipient's link, as it is in their mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from operate.messages.finding import load_message
from operate.messages.page_links import find_pointer, no_link, no_page
from operate.messages.redelivery import NotDone, find_recipient
from operate.presentation.terminal import exit_on_errors, print_error
from relay_core.links.renewal import link_end
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import DeliveryRecord, Manifest, ManifestState

from .message_options import Message, address_option
from .stack_options import StackOptions, on_a_stack


@on_a_stack
def print_link(
    message: Message,
    *,
    recipient: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The recipient whose link to print.")
    ],
    stack: StackOptions,
) -> None:
    """Print a recipient's link to the download page, as in their mail.

    ANYONE WHO HAS THE LINK CAN OPEN THE FILES. The page asks for no login, and records each
    download as the recipient's. Give the link only to the recipient, and not in a ticket that
    others read. Printing it changes and records nothing. If the link does not work at the moment,
    standard error says why.
    """
    addr_spec = address_option(recipient)
    with exit_on_errors():
        access = stack.open()
        manifest = load_message(access, message).manifest
        delivery = find_recipient(manifest, addr_spec)
        if access.open_pages is None:
            raise no_page()
        if find_pointer(access, manifest) is None:
            raise NotDone(no_link(manifest))
        link = access.open_pages().link(manifest.message_id, delivery.recipient, delivery.renewals)
        for problem in _problems(manifest, delivery, access.clock()):
            print_error(f"the link does not work: {problem}")
        typer.echo(link)


def _problems(manifest: Manifest, delivery: DeliveryRecord, now: datetime) -> Iterator[str]:
    """The reasons for which the page does not show the files to a recipient."""
    if manifest.state is not ManifestState.RELAYING:
        yield f"the message is {manifest.state}"
    if delivery.revoked_at is not None:
        yield f"it was revoked at {format_moment(delivery.revoked_at)}"
    end = link_end(delivery, manifest)
    if now >= end:
        yield f"it expired at {format_moment(end)}"
