"""`relayctl extend`: extend the links of a message."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from operate.messages.extension import later_by, latest_end, plan_extension
from operate.messages.finding import load_message
from operate.messages.page_links import find_pointer, kept_objects, no_page
from operate.messages.revocation import no_recipient_has_a_link
from operate.presentation.links import describe_extension
from operate.presentation.message import headline
from operate.presentation.terminal import exit_on_errors, must_be_confirmed
from relay_core.notices.moment import format_moment

from .changing import carry_out
from .message_options import Message, time_option
from .stack_options import DryRun, StackOptions, Yes, on_a_stack

_MAX_HOURS = 24 * 3650  # the longest retention that the configuration allows


@on_a_stack
def extend_links(
    message: Message,
    *,
    hours: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MAX_HOURS,
            metavar="H",
            help="Extend by this many hours: from their expiry, or from now if they have expired.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Until this time, such as 2026-01-31T14:00Z; UTC if it has no time zone.",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Extend the links of a message, also after they have expired.

    The links do not change. The extension applies to all recipients except those whose link is
    revoked. Links are valid for at most as long as the files are kept (attachmentRetentionDays,
    from when the message was created). Mails that were sent already still show the old time.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    if (hours is None) == (until is None):
        raise typer.BadParameter("give either --hours or --until", param_hint="--hours")
    moment = None if until is None else time_option(until, "--until")
    with exit_on_errors():
        access = stack.open()
        stored = load_message(access, message)
        manifest = stored.manifest
        if not manifest.deliveries:
            raise no_recipient_has_a_link(manifest)
        if access.open_pages is None:
            raise no_page()
        pointer = find_pointer(access, manifest)
        if moment is None:
            moment = later_by(manifest, timedelta(hours=hours or 0), access.clock())
        latest = latest_end(manifest.created_at, kept_objects(access, manifest, pointer))
        extension = plan_extension(manifest, moment, latest, access.clock())
        description = [
            headline(manifest),
            *describe_extension(manifest, extension, access.clock()),
        ]
        if pointer is None:
            description.append(
                "  WARNING: its mails have no link to the download page. They were sent with"
                " presigned links, which cannot be extended. A redelivered mail gets a link to"
                " the page"
            )
        carry_out(
            access,
            stored,
            extension.apply,
            what="extend",
            detail=f"from {format_moment(manifest.expires_at)} to"
            f" {format_moment(extension.until)}",
            description=description,
            question="Extend?",
            done=f"its links are valid until {format_moment(extension.until)}",
            dry_run=dry_run,
            yes=yes,
        )
