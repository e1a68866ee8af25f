"""`relayctl replay`: announce raw messages to the queue again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from operate.messages.announcing import record_and_announce
from operate.messages.finding import find_raw_message
from operate.messages.message_status import status_of
from operate.messages.redelivery import NotDone, Redelivery, plan_replay
from operate.messages.unannounced import SETTLED, find_unannounced
from operate.presentation.redelivery import describe_redelivery
from operate.presentation.terminal import (
    Exit,
    confirm,
    exit_on_errors,
    must_be_confirmed,
    print_error,
    say,
)
from relay_core.errors import AdapterError
from relay_core.notices.moment import format_moment
from relay_core.ports import StoredManifest
from relay_core.record.manifest import Intervention

from .message_options import Unannounced, past_option
from .stack_options import DryRun, StackOptions, Yes, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject
    from operate.stack.access import StackAccess


@on_a_stack
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
    stack: StackOptions,
) -> None:
    """Announce raw messages to the queue again, as if they arrived now.

    For mail whose notification was lost or dropped. What the manifest records as sent is not sent
    again. A message that was refused, ignored or held is released first. A message that is done is
    not changed: see redeliver.
    """
    if not keys and not unannounced:
        raise typer.BadParameter("give at least one message, or --unannounced", param_hint="KEY")
    must_be_confirmed(yes=yes, dry_run=dry_run)
    with exit_on_errors():
        access = stack.open()
        if unannounced:
            keys = [*keys, *_unannounced_keys(access, until)]
        found = [(key, _plan_replay(access, key)) for key in dict.fromkeys(keys)]
        planned = [one for _, one in found if not isinstance(one, Exception)]
        failures = [one for _, one in found if isinstance(one, Exception)]
        for failure in failures:
            _print_failure(failure)
        for raw, stored, redelivery in planned:
            say(_describe_replay(raw, stored, redelivery, access.clock()), to_stderr=not dry_run)
        if planned and not dry_run:
            caller = access.name_caller()
            confirm(f"Announce {len(planned)} of {len(found)} messages?", yes=yes)
            for raw, stored, redelivery in planned:
                intervention = Intervention(
                    at=access.clock(),
                    by=caller,
                    what="replay",
                    detail=redelivery.detail if redelivery else "",
                )
                try:
                    record_and_announce(access, stored, redelivery, raw, intervention)
                except (AdapterError, NotDone) as error:
                    failures.append(error)
                    _print_failure(error)
                else:
                    say([f"{raw.key}: announced to the queue"])
    if failures:
        raise typer.Exit(Exit.NOT_DONE)


def _unannounced_keys(access: StackAccess, until: str | None) -> list[str]:
    now = datetime.now(UTC)
    found = find_unannounced(access, past_option(until, now, "--until") or now - SETTLED)
    if not found:
        print_error("no raw message without a manifest was found")
    return [one.key for one in found]


_Replay = tuple["StoredObject", StoredManifest | None, Redelivery | None]


def _plan_replay(access: StackAccess, key: str) -> _Replay | NotDone | AdapterError:
    try:
        found = find_raw_message(access, key)
        manifest = found.stored.manifest if found.stored else None
        return found.raw, found.stored, plan_replay(manifest, access.clock())
    except (NotDone, AdapterError) as error:
        return error


def _describe_replay(
    raw: StoredObject,
    stored: StoredManifest | None,
    redelivery: Redelivery | None,
    now: datetime,
) -> Iterator[str]:
    if stored is not None and redelivery is not None:
        yield from describe_redelivery(stored.manifest, redelivery, now)
    else:
        status = status_of(stored.manifest, now) if stored else "no manifest yet"
        yield f"{raw.key}: {status}, arrived {format_moment(raw.stored_at)}"


def _print_failure(error: Exception) -> None:
    from adapters.operator.account import explain  # noqa: PLC0415 - see `access`

    print_error(explain(error) if isinstance(error, AdapterError) else str(error))
