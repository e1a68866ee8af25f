"""What an operator does with messages: show, redeliver, replay."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from operate.examples import epilog
from operate.messages.finding import (
    find_message,
    find_raw_message,
    load_message,
    require_raw_message,
)
from operate.messages.intervention import intervened
from operate.messages.redelivery import NotDone, Redelivery, plan_redelivery, plan_replay
from operate.messages.standing import name_some, standing_of, why
from operate.messages.unannounced import SETTLED, find_unannounced
from operate.presentation.message import (
    headline,
    present_downloads,
    present_message,
)
from operate.presentation.terminal import (
    Exit,
    complain,
    confirm,
    errors_told,
    make_console,
    must_be_confirmed,
    print_json,
    say,
)
from relay_core.delivery.ledger import Ledger
from relay_core.errors import AdapterError
from relay_core.keys import MessageId, RawKey
from relay_core.notices.moment import format_moment
from relay_core.ports import StoredManifest
from relay_core.record.manifest import (
    ALL_LEFT_OUT,
    DeliveryRecord,
    DeliveryState,
    Intervention,
    Manifest,
)

from .downloads import read_downloads
from .message_options import (
    Message,
    Unannounced,
    address_option,
    past_option,
)
from .stack_options import (
    DryRun,
    Outputs,
    Profile,
    ReadyFile,
    StackName,
    Yes,
    open_stack,
)

if TYPE_CHECKING:  # boto3 takes its time to import
    from adapters.operator.account import StoredObject
    from operate.stack.desk import Desk


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (
        ("show", show_message),
        ("redeliver", redeliver_message),
        ("replay", replay_messages),
    ):
        app.command(name, epilog=epilog(name))(command)


def show_message(
    message: Message,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the manifest as it is stored, on one line.")
    ] = False,
    downloads: Annotated[
        bool,
        typer.Option(
            "--downloads",
            help="With --json: then the record of each download as it is stored, a line each.",
        ),
    ] = False,
    ready_file: ReadyFile = None,
    outputs: Outputs = None,
    stack: StackName = None,
    profile: Profile = None,
) -> None:
    """Show what is known of one message: what became of it, for whom, and why.

    Also what was done to it by hand, and what was downloaded. A download is recorded when
    somebody on the download page asks for a file, not when they look at the page; presigned links
    leave no record.
    """
    with errors_told():
        desk = open_stack(ready_file, outputs, stack, profile)
        if as_json:
            message_id = find_message(desk, message)
            print_json(_stored_document(desk, message_id))
            if downloads:
                _print_downloads(read_downloads(desk, message_id))
        else:
            manifest = load_message(desk, message).manifest
            make_console().print(present_message(manifest, desk.clock()))
            _present_downloads(read_downloads(desk, manifest.message_id))


def _print_downloads(documents: Mapping[str, bytes]) -> None:
    unreadable = []
    for key, document in documents.items():
        try:
            print_json(json.loads(document))
        except ValueError:
            unreadable.append(key)
    _complain_of_downloads(unreadable)


def _present_downloads(documents: Mapping[str, bytes]) -> None:
    from adapters.aws.downloads import Download, parse_download  # noqa: PLC0415 - see `desk`

    found: list[Download] = []
    unreadable = []
    for key, document in documents.items():
        try:
            found.append(parse_download(document))
        except ValueError:
            unreadable.append(key)
    if found:
        make_console().print("", present_downloads(found), sep="\n")
    _complain_of_downloads(unreadable)


def _complain_of_downloads(unreadable: Sequence[str]) -> None:
    if unreadable:
        raise NotDone(
            f"{len(unreadable)} records of downloads cannot be read, such as {unreadable[0]}"
        )


def _stored_document(desk: Desk, message_id: MessageId) -> object:
    """The manifest as it is, were it one that this version cannot read."""
    from relay_core.keys import manifest_key  # noqa: PLC0415 - see `desk`

    document = desk.attachments.read(manifest_key(message_id))
    if document is None:
        raise NotDone(f"{message_id}: its manifest was deleted just now")
    try:
        return json.loads(document)
    except ValueError as error:
        raise NotDone(f"the manifest of {message_id} is no JSON: {error}") from None


def redeliver_message(
    message: Message,
    *,
    recipient: Annotated[
        list[str],
        typer.Option(
            metavar="ADDRESS",
            help="Whom to send the mail to, even if they have it; repeat for more. Else all for"
            " whom it failed and all who were left out.",
        ),
    ] = [],  # noqa: B006 - Typer copies defaults
    dry_run: DryRun = False,
    yes: Yes = False,
    ready_file: ReadyFile = None,
    outputs: Outputs = None,
    stack: StackName = None,
    profile: Profile = None,
) -> None:
    """Have a message delivered again: to all who have not got it, or to those that are named.

    Who was left out of a message gets it if the deployed policy and the recipient directory allow
    that now: mend them first. Else a notice says why not.

    A message that was held, refused, ignored or never read is released: it is done again from
    its start, without being counted against its sender's limit. What it was refused for is
    looked at again: mend that first.

    The mail has the same link to the download page as before. With it, the links of all its
    recipients are good for linkExpiryHours again, as far as the attachments are kept so long.

    Nothing is done while a worker has the message, or if its raw message is gone.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    recipients = [address_option(one) for one in recipient]
    with errors_told():
        desk = open_stack(ready_file, outputs, stack, profile)
        stored = load_message(desk, message)
        redelivery = plan_redelivery(stored.manifest, recipients, desk.clock())
        raw = require_raw_message(desk, stored.manifest.raw_key)
        told = [
            *_describe(stored.manifest, redelivery, desk.clock()),
            *_warnings(desk, stored.manifest, redelivery),
        ]
        if dry_run:
            say(told)
            return
        say(told, to_stderr=True)
        caller = desk.name_caller()
        confirm("Have it delivered?", yes=yes)
        intervention = Intervention(
            at=desk.clock(), by=caller, what="redeliver", detail=redelivery.detail
        )
        _redeliver(desk, stored, redelivery, raw, intervention)
        say([f"{stored.manifest.message_id}: announced to the queue"])


def replay_messages(
    keys: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY",
            help="A message id as list shows it, its beginning, or the key of a raw message.",
        ),
    ] = [],  # noqa: B006 - Typer copies defaults
    *,
    unannounced: Unannounced = False,
    until: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="With --unannounced: those stored before this time."),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    ready_file: ReadyFile = None,
    outputs: Outputs = None,
    stack: StackName = None,
    profile: Profile = None,
) -> None:
    """Announce raw messages to the queue once more, as if they arrived now.

    For mail whose notification was lost or dropped. What is recorded of a message is not
    repeated. One that was refused, ignored or held is released before. One that is done is left
    alone: see redeliver.
    """
    if not keys and not unannounced:
        raise typer.BadParameter("give at least one, or --unannounced", param_hint="KEY")
    must_be_confirmed(yes=yes, dry_run=dry_run)
    with errors_told():
        desk = open_stack(ready_file, outputs, stack, profile)
        if unannounced:
            keys = [*keys, *_unannounced_keys(desk, until)]
        found = [(key, _plan_replay(desk, key)) for key in dict.fromkeys(keys)]
        planned = [one for _, one in found if not isinstance(one, Exception)]
        failures = [one for _, one in found if isinstance(one, Exception)]
        for failure in failures:
            _complain_of(failure)
        for raw, stored, redelivery in planned:
            say(_describe_replay(raw, stored, redelivery, desk.clock()), to_stderr=not dry_run)
        if planned and not dry_run:
            caller = desk.name_caller()
            confirm(f"Announce {len(planned)} of {len(found)} messages?", yes=yes)
            for raw, stored, redelivery in planned:
                intervention = Intervention(
                    at=desk.clock(),
                    by=caller,
                    what="replay",
                    detail=redelivery.detail if redelivery else "",
                )
                try:
                    _redeliver(desk, stored, redelivery, raw, intervention)
                except (AdapterError, NotDone) as error:
                    failures.append(error)
                    _complain_of(error)
                else:
                    say([f"{raw.key}: announced to the queue"])
    if failures:
        raise typer.Exit(Exit.NOT_DONE)


def _unannounced_keys(desk: Desk, until: str | None) -> list[str]:
    now = datetime.now(UTC)
    found = find_unannounced(desk, past_option(until, now, "--until") or now - SETTLED)
    if not found:
        complain("no raw message is without a manifest")
    return [one.key for one in found]


_Replay = tuple["StoredObject", StoredManifest | None, Redelivery | None]


def _plan_replay(desk: Desk, key: str) -> _Replay | NotDone | AdapterError:
    try:
        found = find_raw_message(desk, key)
        manifest = found.stored.manifest if found.stored else None
        return found.raw, found.stored, plan_replay(manifest, desk.clock())
    except (NotDone, AdapterError) as error:
        return error


def _redeliver(
    desk: Desk,
    stored: StoredManifest | None,
    redelivery: Redelivery | None,
    raw: StoredObject,
    intervention: Intervention,
) -> None:
    """Write down what is to be done, then announce the mail; in this order: see `redelivery`."""
    from adapters.aws.sqs import Received  # noqa: PLC0415 - see `desk`

    def change(found: Manifest) -> Manifest:
        return redelivery.apply(found, desk.clock()) if redelivery else found

    if stored is not None:
        ledger = Ledger(desk.manifests, stored.manifest, stored)
        ledger.update(lambda found: intervened(found, intervention, change))
    try:
        desk.notifications.announce(
            # When it arrived, so that it is counted in the window that it belongs to.
            Received(raw_key=RawKey(raw.key), arrived_at=raw.stored_at)
        )
    except AdapterError as error:
        error.add_note("nothing is lost: give the same command again")
        raise


def _describe(manifest: Manifest, redelivery: Redelivery, now: datetime) -> Iterator[str]:
    yield headline(manifest)
    if redelivery.releases:
        reasons = f": {why(manifest)}" if why(manifest) else ""
        yield f"  is {standing_of(manifest, now)}{reasons}"
        yield "  is released, and done again from its start"
    for one in redelivery.reopened:
        yield f"  {one.recipient} {_gets_it(one)}"
    for one in redelivery.still_open:
        yield f"  {one.recipient} {_gets_it(one)}"
    for address in redelivery.asked:
        whom = (
            "everybody whom it names and who has not got it"
            if address == ALL_LEFT_OUT
            else address
        )
        yield f"  {whom}: was left out, and gets the mail if the deployed policy allows it"


def _gets_it(delivery: DeliveryRecord) -> str:
    since = f" since {format_moment(delivery.at)}" if delivery.at else ""
    match delivery.state:
        case DeliveryState.SUBMITTED:
            return f"gets the mail AGAIN: has it{since} ({delivery.submission_id})"
        case DeliveryState.FAILED:
            return f"gets the mail: failed{since} ({delivery.failure})"
        case DeliveryState.SUBMITTING:
            return "gets the mail, perhaps again: a worker died while it was submitted"
        case DeliveryState.PENDING:
            return "gets the mail: was still to get it"


def _warnings(desk: Desk, manifest: Manifest, redelivery: Redelivery) -> Iterator[str]:
    """What the recipients would find wrong with the mail."""
    kept = [one for one in manifest.attachments if one.failure is None]
    # A message that is done from its start has its attachments stored again, and new links.
    if not kept or redelivery.releases:
        return
    if any(one.revoked_at is None and desk.attachments.find(one.key) is None for one in kept[:1]):
        yield (
            "  its attachments are gone from the bucket (attachmentRetentionDays): they are stored"
            " anew from the raw message"
        )
    if desk.open_pages is None:
        return  # each mail has presigned links of its own
    if others := _holders_of_links(manifest, redelivery):
        is_over = desk.clock() >= manifest.expires_at
        until = f"{'were' if is_over else 'are'} good until {format_moment(manifest.expires_at)}"
        yield (
            f"  EXTENDS the links of {name_some(others)} too: they {until}, and will be for"
            " linkExpiryHours from the new mail"
        )
    for one in (*redelivery.reopened, *redelivery.still_open):
        if one.revoked_at is not None:
            yield (
                f"  WARNING: the link of {one.recipient} is revoked; first 'relayctl revoke"
                f" {manifest.message_id} --recipient {one.recipient} --undo'"
            )


def _holders_of_links(manifest: Manifest, redelivery: Redelivery) -> list[str]:
    """Who was given a link before and gets no mail now: their links are extended all the same."""
    get_it = {one.recipient for one in (*redelivery.reopened, *redelivery.still_open)}
    return [
        one.recipient
        for one in manifest.deliveries
        if one.state is DeliveryState.SUBMITTED and one.recipient not in get_it
    ]


def _describe_replay(
    raw: StoredObject,
    stored: StoredManifest | None,
    redelivery: Redelivery | None,
    now: datetime,
) -> Iterator[str]:
    if stored is not None and redelivery is not None:
        yield from _describe(stored.manifest, redelivery, now)
    else:
        standing = standing_of(stored.manifest, now) if stored else "no manifest yet"
        yield f"{raw.key}: {standing}, arrived {format_moment(raw.stored_at)}"


def _complain_of(error: Exception) -> None:
    from adapters.operator.account import explain  # noqa: PLC0415 - see `desk`

    complain(explain(error) if isinstance(error, AdapterError) else str(error))
