"""What an operator does with the links of a message: revoke, extend, link.

What a link shows is decided from the manifest at each click, so a change of the manifest counts at
the next one. Only links that lead to the download page can be changed: a presigned URL is good
until it ends, whatever a manifest says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from operate.examples import epilog
from operate.messages.extension import Extension, Kept, later_by, latest_end, plan_extension
from operate.messages.finding import load_message
from operate.messages.intervention import intervened
from operate.messages.redelivery import NotDone, find_recipient
from operate.messages.revocation import Revocation, nobody_has_a_link, plan_revocation
from operate.presentation.message import headline
from operate.presentation.terminal import complain, confirm, errors_told, must_be_confirmed, say
from relay_core.delivery.ledger import Ledger
from relay_core.links.download import LONGEST_FETCH
from relay_core.links.tokens import message_ref
from relay_core.notices.moment import format_moment
from relay_core.ports import StoredManifest
from relay_core.record.manifest import DeliveryRecord, Intervention, Manifest, ManifestState

from .message_options import Message, address_option, time_option
from .stack_options import DryRun, Outputs, Profile, ReadyFile, StackName, Yes, open_stack

if TYPE_CHECKING:  # boto3 takes its time to import
    from adapters.operator.account import StoredObject
    from operate.stack.desk import Desk

_MOST_HOURS = 24 * 3650  # the longest retention there is


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (
        ("revoke", revoke_links),
        ("extend", extend_links),
        ("link", print_link),
    ):
        app.command(name, epilog=epilog(name))(command)


def revoke_links(
    message: Message,
    *,
    recipient: Annotated[
        list[str],
        typer.Option(metavar="ADDRESS", help="Whose link to revoke; repeat for more."),
    ] = [],  # noqa: B006 - Typer copies defaults
    attachment: Annotated[
        list[int],
        typer.Option(
            metavar="N",
            help="Which file to take from everybody, counted from 1 as show does; repeat for"
            " more.",
        ),
    ] = [],  # noqa: B006 - Typer copies defaults
    undo: Annotated[
        bool, typer.Option("--undo", help="Take a revocation back: the same links work again.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    ready_file: ReadyFile = None,
    outputs: Outputs = None,
    stack: StackName = None,
    profile: Profile = None,
) -> None:
    """Revoke links to the files of a message: of some recipients, to some files, or of all.

    With neither --recipient nor --attachment, every recipient's link is revoked. It counts at the
    next click, also while a worker has the message; a fetch that began may go on for five minutes.
    Nobody can revoke what was downloaded already: show lists it. Nor presigned links.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    recipients = [address_option(one) for one in recipient]
    with errors_told():
        desk = open_stack(ready_file, outputs, stack, profile)
        stored = load_message(desk, message)
        manifest = stored.manifest
        at = None if undo else desk.clock()
        revocation = plan_revocation(manifest, recipients, attachment, at)
        if not undo and _pointer(desk, manifest) is None:
            # Nobody is to believe that a link was revoked that goes on to work.
            raise NotDone(
                f"{_no_link(manifest)}; only deleting {_folder(desk, manifest)} ends those before"
                " their time"
            )
        if revocation.apply(manifest) == manifest:
            so_it_is = "nothing of that is revoked" if undo else "all of that is revoked already"
            say([f"{manifest.message_id}: {so_it_is}; nothing was done"])
            return
        _carry_out(
            desk,
            stored,
            revocation.apply,
            what="restore" if undo else "revoke",
            detail=_named(revocation, manifest),
            told=[headline(manifest), *_describe(revocation, manifest)],
            question="Let these links work again?" if undo else "Revoke?",
            done="restored" if undo else "revoked",
            dry_run=dry_run,
            yes=yes,
        )


def extend_links(
    message: Message,
    *,
    hours: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=_MOST_HOURS,
            metavar="H",
            help="So many hours more: after their end, or after now if they are over.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Until this time, such as 2026-01-31T14:00Z; UTC where it names no zone.",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    ready_file: ReadyFile = None,
    outputs: Outputs = None,
    stack: StackName = None,
    profile: Profile = None,
) -> None:
    """Let the links of a message be good for longer, be they over or not.

    The links stay the same, and count for all recipients but those who are revoked. They can be
    good for as long as the files are kept (attachmentRetentionDays, from when the message was
    created), and not longer. The mails that were sent go on to tell the old time.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    if (hours is None) == (until is None):
        raise typer.BadParameter("give either --hours or --until", param_hint="--hours")
    moment = None if until is None else time_option(until, "--until")
    with errors_told():
        desk = open_stack(ready_file, outputs, stack, profile)
        stored = load_message(desk, message)
        manifest = stored.manifest
        if not manifest.deliveries:
            raise nobody_has_a_link(manifest)
        if desk.open_pages is None:
            raise _no_page()
        pointer = _pointer(desk, manifest)
        if moment is None:
            moment = later_by(manifest, timedelta(hours=hours or 0), desk.clock())
        latest = latest_end(manifest.created_at, _kept(desk, manifest, pointer))
        extension = plan_extension(manifest, moment, latest, desk.clock())
        told = [headline(manifest), *_describe_extension(manifest, extension, desk.clock())]
        if pointer is None:
            told.append(
                "  WARNING: no link leads to the download page; its mails were sent with presigned"
                " links, which do not change. A mail that is redelivered gets one"
            )
        _carry_out(
            desk,
            stored,
            extension.apply,
            what="extend",
            detail=f"from {format_moment(manifest.expires_at)} to"
            f" {format_moment(extension.until)}",
            told=told,
            question="Extend?",
            done=f"its links are good until {format_moment(extension.until)}",
            dry_run=dry_run,
            yes=yes,
        )


def print_link(
    message: Message,
    *,
    recipient: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Whose link to print: a recipient's.")
    ],
    ready_file: ReadyFile = None,
    outputs: Outputs = None,
    stack: StackName = None,
    profile: Profile = None,
) -> None:
    """Print a recipient's link to the download page, as it stands in their mail.

    WHOEVER HAS THE LINK HAS THE FILES. The page asks nobody who they are, and records a download
    as the recipient's. So give it to the recipient alone, and not through a ticket that others
    read. Nothing is changed or recorded by printing it. If it does not work at the moment,
    standard error says why.
    """
    addr_spec = address_option(recipient)
    with errors_told():
        desk = open_stack(ready_file, outputs, stack, profile)
        manifest = load_message(desk, message).manifest
        delivery = find_recipient(manifest, addr_spec)
        if desk.open_pages is None:
            raise _no_page()
        if _pointer(desk, manifest) is None:
            raise NotDone(_no_link(manifest))
        link = desk.open_pages().link(manifest.message_id, delivery.recipient)
        for trouble in _troubles(manifest, delivery, desk.clock()):
            complain(f"the link does not work: {trouble}")
        typer.echo(link)


def _carry_out(
    desk: Desk,
    stored: StoredManifest,
    change: Callable[[Manifest], Manifest],
    *,
    what: str,
    detail: str,
    told: list[str],
    question: str,
    done: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Tell what is to be done, ask, and write the change with the note of it.

    Raises:
        AdapterError: if it is not written.
    """
    if dry_run:
        say(told)
        return
    say(told, to_stderr=True)
    caller = desk.name_caller()
    confirm(question, yes=yes)
    intervention = Intervention(at=desk.clock(), by=caller, what=what, detail=detail)
    ledger = Ledger(desk.manifests, stored.manifest, stored)
    ledger.update(lambda found: intervened(found, intervention, change))
    say([f"{stored.manifest.message_id}: {done}"])


def _no_page() -> NotDone:
    return NotDone(
        "the stack's outputs name no download page (linkMode presigned): its links are good until"
        " they end, and nothing here changes that"
    )


def _pointer(desk: Desk, manifest: Manifest) -> StoredObject | None:
    """What makes the tokens of a message lead to it."""
    from relay_core.keys import link_key  # noqa: PLC0415 - see `desk`

    return desk.attachments.find(link_key(message_ref(manifest.message_id)))


def _no_link(manifest: Manifest) -> str:
    return (
        f"{manifest.message_id}: no link of the download page leads to it. It has no attachments,"
        " or its links are presigned (linkMode)"
    )


def _troubles(manifest: Manifest, delivery: DeliveryRecord, now: datetime) -> Iterator[str]:
    """Why the page would not show a recipient the files."""
    if manifest.state is not ManifestState.RELAYING:
        yield f"the message is {manifest.state}"
    if delivery.revoked_at is not None:
        yield f"it is revoked since {format_moment(delivery.revoked_at)}"
    if now >= manifest.expires_at:
        yield f"it is over since {format_moment(manifest.expires_at)}"


def _folder(desk: Desk, manifest: Manifest) -> str:
    from relay_core.keys import attachments_prefix  # noqa: PLC0415 - see `desk`

    return f"s3://{desk.attachments.bucket}/{attachments_prefix(manifest.message_id)}"


def _kept(desk: Desk, manifest: Manifest, pointer: StoredObject | None) -> Iterator[Kept]:
    """The objects that the links need.

    Raises:
        NotDone: if the message has no files any more.
    """
    from relay_core.keys import attachments_prefix  # noqa: PLC0415 - see `desk`

    keys = {one.key for one in manifest.attachments if one.failure is None}
    listed = desk.attachments.beginning_with(attachments_prefix(manifest.message_id))
    found = [one for one in listed if one.key in keys]
    if not found:
        raise NotDone(
            f"{manifest.message_id}: there are no files of it in {desk.attachments.bucket}"
            f"{' (any more: attachmentRetentionDays)' if keys else ''}, so its links lead nowhere"
        )
    retention = desk.retention.read()
    for one in (*found, *([pointer] if pointer else [])):
        days = retention.days(one.key)
        yield Kept(
            stored_at=one.stored_at, retention=None if days is None else timedelta(days=days)
        )


def _named(revocation: Revocation, manifest: Manifest) -> str:
    """Whom and what a revocation is about, in the words of an `Intervention`."""
    everybody = {one.recipient for one in manifest.deliveries}
    recipients = revocation.recipients
    named = ["every recipient"] if everybody == set(recipients) else list(recipients)
    named += [
        f"attachment {number} ({one.filename})"
        for number, one in enumerate(manifest.attachments, 1)
        if one.key in revocation.files
    ]
    return ", ".join(named)


def _describe(revocation: Revocation, manifest: Manifest) -> Iterator[str]:
    after = revocation.apply(manifest)
    for before, delivery in zip(manifest.deliveries, after.deliveries, strict=True):
        if before != delivery:
            yield f"  {delivery.recipient}: the link {_works(delivery.revoked_at, after)}"
    for number, (before_it, file) in enumerate(
        zip(manifest.attachments, after.attachments, strict=True), 1
    ):
        name = f"  attachment {number} ({file.filename})"
        if before_it != file:
            yield f"{name}: {'nobody can' if file.revoked_at else 'recipients can'} fetch it"
        elif file.revoked_at is not None and revocation.at is None:
            yield f"{name} stays revoked: --attachment {number} gives it back"
    if revocation.at is not None and revocation.at < manifest.expires_at:
        minutes = LONGEST_FETCH // timedelta(minutes=1)
        yield f"  a fetch that began may go on for {minutes} minutes"


def _works(revoked_at: datetime | None, manifest: Manifest) -> str:
    if revoked_at is not None:
        return "works no more"
    return f"works again, until {format_moment(manifest.expires_at)}"


def _describe_extension(manifest: Manifest, extension: Extension, now: datetime) -> Iterator[str]:
    is_over = now >= manifest.expires_at
    verb = "were" if is_over else "are"
    yield f"  its links {verb} good until {format_moment(manifest.expires_at)}"
    yield f"  and will be until {format_moment(extension.until)}"
    revoked = [one.recipient for one in manifest.deliveries if one.revoked_at is not None]
    if revoked:
        yield f"  but not those that are revoked: {', '.join(revoked)}"
