"""`relayctl list`: list messages, once or repeatedly."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import sleep
from typing import TYPE_CHECKING, Annotated

import typer

from operate.examples import epilog
from operate.messages.message_status import MessageStatus, status_of
from operate.messages.redelivery import NotDone
from operate.messages.selection import Candidate, Newest, Selection, newest
from operate.messages.unannounced import SETTLED, find_unannounced
from operate.presentation.message_list import list_lines, present_list, summarize
from operate.presentation.terminal import (
    exit_on_errors,
    make_console,
    print_error,
    print_json,
    progress,
    say,
)
from operate.stack.parallel import in_parallel
from relay_core.errors import AdapterError, PermanentError, Reason
from relay_core.keys import MessageId
from relay_core.notices.moment import format_moment
from relay_core.record.manifest import Manifest
from relay_core.wording.wording import Wording

from .message_options import (
    Unannounced,
    past_option,
    pattern_option,
    reference_option,
    via_option,
)
from .stack_options import AsJson, StackOptions, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject
    from operate.stack.access import StackAccess

_DEFAULT_LIMIT = 100
_EVERY = 5  # seconds: each pass lists all manifests, one request for each thousand
_OTHER_LINES = 3  # lines of the screen: head, foot, and the cursor's


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list", epilog=epilog("list"))(list_messages)


@on_a_stack
def list_messages(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="Created at this time or later: an age such as 2h (s, m, h, d, w), or a time"
            " such as 2026-01-31T14:00Z; UTC if it has no time zone.",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Created before this time.")
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN",
            help="From this address or domain; *.example.org means its subdomains.",
        ),
    ] = None,
    recipient: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="With a recipient that matches the pattern."),
    ] = None,
    via: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Received at this address of the relay, current or previous, also with further"
            " labels; +LABEL: at any address with this label.",
        ),
    ] = None,
    state: Annotated[
        list[MessageStatus],
        typer.Option(metavar="STATE", help="In this state; repeat for more."),
    ] = [],  # noqa: B006 - Typer copies defaults
    reason: Annotated[
        list[Reason],
        typer.Option(
            metavar="REASON",
            help="Not sent to at least one recipient for this reason, such as"
            " recipient-not-allowed; repeat for more.",
        ),
    ] = [],  # noqa: B006 - Typer copies defaults
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="With this reference number, such as K7Q2-MX4P, which recipients read in their"
            " mail.",
        ),
    ] = None,
    unannounced: Unannounced = False,
    limit: Annotated[
        int, typer.Option(min=0, metavar="N", help="At most the newest N; 0 for all.")
    ] = _DEFAULT_LIMIT,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help=f"Refresh every {_EVERY} seconds, until Ctrl-C. A pipe gets only what is new or"
            " has changed.",
        ),
    ] = False,
    as_json: AsJson = False,
    stack: StackOptions,
) -> None:
    """List messages, newest first, from their manifests.

    A message is created when a worker first writes its manifest, usually seconds after the mail
    arrived.

    States: relaying (not all recipients have the mail yet), done (all have it), partial (all have
    it except those who were refused), failed (it cannot be sent to some recipients), refused,
    ignored, held (over the limit of its sender, or the budget of the stack), released (by an
    operator, to be processed from the start), failing (each try so far failed before the first
    submission), dead (the last try failed: see dlq list). "at work" means that a worker has it
    now.

    A terminal shows one line a message, cut to its width. A pipe gets the whole line, with tabs
    between time, state, id, recipients served, sender, subject, and reason. Programs that read
    columns by name use --json.

    With --unannounced, only --until and --json have an effect.
    """
    now = datetime.now(UTC)
    if unannounced:
        with exit_on_errors():
            access = stack.open()
            _list_unannounced(
                find_unannounced(access, past_option(until, now, "--until") or now - SETTLED),
                as_json=as_json,
            )
        return

    def selection(now: datetime) -> Selection:
        return Selection(
            since=past_option(since, now, "--since"),
            until=past_option(until, now, "--until"),
            sender=pattern_option(sender, "--sender"),
            recipient=pattern_option(recipient, "--recipient"),
            via=via_option(via),
            statuses=frozenset(state),
            reasons=frozenset(reason),
            reference=reference_option(reference),
        )

    asked_for = selection(now)
    with exit_on_errors():
        access = stack.open()
        if watch:
            _watch(access, selection, limit or None, as_json=as_json)
            return
        unreadable: list[AdapterError] = []
        found = _find_newest(access, asked_for, limit or None, unreadable.append)
        if found.manifests:
            _print_messages(found.manifests, now, as_json=as_json)
        elif not as_json:
            print_error("no message matches")
        if found.is_cut:
            print_error(
                f"these are the newest {len(found.manifests)}; there may be more: raise --limit,"
                " or give --limit 0 for all"
            )
        if unreadable:
            raise NotDone(f"{len(unreadable)} manifests cannot be read, such as: {unreadable[0]}")


def _print_messages(manifests: Sequence[Manifest], now: datetime, *, as_json: bool) -> None:
    console = make_console()
    if as_json:
        for manifest in manifests:
            print_json(summarize(manifest, now))
    elif console.is_terminal:
        console.print(present_list(manifests, now, width=console.width))
    else:
        say(list_lines(manifests, now))


def _watch(
    access: StackAccess,
    selection: Callable[[datetime], Selection],
    limit: int | None,
    *,
    as_json: bool,
) -> None:
    """List repeatedly; print only messages that are new or have changed.

    A manifest that cannot be read is left out.
    """
    console = make_console()
    fills_screen = console.is_terminal and not as_json
    printed: dict[MessageId, object] = {}
    with suppress(KeyboardInterrupt):
        while True:
            now = datetime.now(UTC)
            if fills_screen:
                room = max(1, console.height - _OTHER_LINES)
                limit = min(limit or room, room)
            found = _find_newest(access, selection(now), limit, lambda _: None).manifests
            if fills_screen:
                console.clear()
                _print_messages(found, now, as_json=False)
                say([f"{format_moment(now)}, again every {_EVERY} seconds; Ctrl-C ends"])
            else:
                # After a worker is killed, the state changes without a write to the manifest.
                seen = {one.message_id: (one, status_of(one, now)) for one in found}
                new = [
                    one
                    for one, _ in reversed(seen.values())
                    if printed.get(one.message_id) != seen[one.message_id]
                ]
                _print_messages(new, now, as_json=as_json)
                sys.stdout.flush()
                printed |= seen
            sleep(_EVERY)


def _list_unannounced(found: Sequence[StoredObject], *, as_json: bool) -> None:
    for one in found:
        arrived = format_moment(one.stored_at)
        if as_json:
            print_json({"raw_key": one.key, "arrived_at": arrived, "size": one.size})
        else:
            say([f"{arrived}  {Wording().size(one.size):>9}  {one.key}"])
    if not found:
        print_error("no raw message without a manifest was found")


def _find_newest(
    access: StackAccess,
    selection: Selection,
    limit: int | None,
    on_unreadable: Callable[[AdapterError], None],
) -> Newest:
    with progress("Listing manifests") as advance:
        candidates = list(filter(selection.may_admit, _counted(_candidates(access), advance)))
    with progress("Reading manifests", len(candidates)) as advance:

        def read(chunk: Sequence[Candidate]) -> Iterator[Manifest]:
            ids = [one.message_id for one in chunk]
            for _, stored in in_parallel(access.manifests.load, ids):
                advance(1)
                if isinstance(stored, PermanentError):
                    on_unreadable(stored)
                elif isinstance(stored, AdapterError):
                    raise stored
                elif stored is not None:  # else its retention ended just now
                    yield stored.manifest

        return newest(candidates, read, selection, limit, access.clock())


def _candidates(access: StackAccess) -> Iterator[Candidate]:
    from relay_core.keys import manifest_prefix, message_id_in  # noqa: PLC0415 - see `access`

    for stored in access.attachments.beginning_with(manifest_prefix()):
        message_id = message_id_in(stored.key)
        if message_id is not None:
            yield Candidate(message_id=message_id, written_at=stored.stored_at)


def _counted(items: Iterable[Candidate], advance: Callable[[int], object]) -> Iterator[Candidate]:
    for item in items:
        advance(1)
        yield item
