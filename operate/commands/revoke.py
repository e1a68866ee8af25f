"""`relayctl revoke`: revoke links, or undo that.

The page reads the manifest at every click, so a change takes effect at the next one. Only links to
the download page can be revoked: a presigned URL is valid until it expires.
"""

from __future__ import annotations

from typing import Annotated

import typer

from operate.messages.finding import load_message
from operate.messages.page_links import attachments_folder, find_pointer, no_link
from operate.messages.redelivery import NotDone
from operate.messages.revocation import plan_revocation
from operate.presentation.links import describe_revocation, name_revoked
from operate.presentation.message import headline
from operate.presentation.terminal import exit_on_errors, must_be_confirmed, say

from .changing import carry_out
from .message_options import Message, address_option
from .stack_options import DryRun, StackOptions, Yes, on_a_stack


@on_a_stack
def revoke_links(
    message: Message,
    *,
    recipient: Annotated[
        list[str],
        typer.Option(metavar="ADDRESS", help="Revoke this recipient's link; repeat for more."),
    ] = [],  # noqa: B006 - Typer copies defaults
    attachment: Annotated[
        list[int],
        typer.Option(
            metavar="N",
            help="Revoke this file for all recipients; numbers as show prints them, from 1; repeat"
            " for more.",
        ),
    ] = [],  # noqa: B006 - Typer copies defaults
    undo: Annotated[
        bool, typer.Option("--undo", help="Undo a revocation: the same links work again.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Revoke the links of a message: of some recipients, to some files, or all.

    Without --recipient and --attachment, every recipient's link is revoked. It takes effect at the
    next click, also while a worker has the message. A download that has begun can go on for five
    minutes. Files that were downloaded already are not affected: show lists them. Presigned links
    cannot be revoked.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    recipients = [address_option(one) for one in recipient]
    with exit_on_errors():
        access = stack.open()
        stored = load_message(access, message)
        manifest = stored.manifest
        at = None if undo else access.clock()
        revocation = plan_revocation(manifest, recipients, attachment, at)
        if not undo and find_pointer(access, manifest) is None:
            # Presigned links continue to work, so the command must not report them as revoked.
            raise NotDone(
                f"{no_link(manifest)}. To end presigned links before they expire, delete"
                f" {attachments_folder(access, manifest)}"
            )
        if revocation.apply(manifest) == manifest:
            state_text = "none of that is revoked" if undo else ("all of that is already revoked")
            say([f"{manifest.message_id}: {state_text}; nothing was done"])
            return
        carry_out(
            access,
            stored,
            revocation.apply,
            what="restore" if undo else "revoke",
            detail=name_revoked(revocation, manifest),
            description=[headline(manifest), *describe_revocation(revocation, manifest)],
            question="Let these links work again?" if undo else "Revoke?",
            done="restored" if undo else "revoked",
            dry_run=dry_run,
            yes=yes,
        )
