"""`relayctl bounces`: list or clear addresses that bounced or complained."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from operate.examples import epilog
from operate.messages.redelivery import NotDone
from operate.presentation.terminal import (
    confirm,
    exit_on_errors,
    make_console,
    must_be_confirmed,
    print_error,
    print_json,
    say,
    shown,
    tab_separated,
)
from relay_core.limits.suppression import SuppressionList
from relay_core.notices.moment import format_moment
from relay_core.throttling.window_change import change_window

from .message_options import address_option
from .stack_options import AsJson, DryRun, StackOptions, Yes, on_a_stack

bounces = typer.Typer(
    help="Suppressed addresses: mail to them bounced or was reported as spam.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@bounces.command("list", epilog=epilog("bounces list"))
@on_a_stack
def list_bounces(
    *,
    as_json: AsJson = False,
    stack: StackOptions,
) -> None:
    """List suppressed addresses, oldest first, with the answers of their servers.

    An address is added when SES reports that mail to it bounced permanently, or that its owner
    reported a mail as spam. Nothing is sent to it; a notice (submission-failed) reports such mail.
    """
    with exit_on_errors():
        access = stack.open()
        stored = access.suppressions.load(SuppressionList().key)
        entries = stored.window.entries if stored else ()
        if as_json:
            for one in entries:
                print_json(
                    {
                        "address": one.address,
                        "cause": one.cause.value,
                        "at": one.at.isoformat(),
                        "detail": one.detail,
                    }
                )
        elif entries:
            rows = [
                (format_moment(one.at), one.cause.value, one.address, one.detail)
                for one in entries
            ]
            console = make_console()
            if console.is_terminal:
                table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
                table.add_column("Since", no_wrap=True)
                for name in ("Cause", "Address", "Answer of its server"):
                    table.add_column(name, overflow="fold")
                for row in rows:
                    table.add_row(*(shown(field or "-") for field in row))
                console.print(table)
            else:
                say(map(tab_separated, rows))
        else:
            print_error("no address is suppressed")


@bounces.command("clear", epilog=epilog("bounces clear"))
@on_a_stack
def clear_bounces(
    addresses: Annotated[
        list[str], typer.Argument(metavar="ADDRESS", help="The addresses to send to again.")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    stack: StackOptions,
) -> None:
    """Allow mail to suppressed addresses again, at once.

    Use it when the addresses accept mail again. 'relayctl list --recipient ADDRESS --state failed'
    finds the mail that was not sent, and 'relayctl redeliver' sends it. SES keeps its own
    suppression list: see docs/operating.md.
    """
    must_be_confirmed(yes=yes, dry_run=dry_run)
    wanted = [address_option(one, "ADDRESS") for one in addresses]
    with exit_on_errors():
        access = stack.open()
        stored = access.suppressions.load(SuppressionList().key)
        known = stored.window.by_address() if stored else {}
        if absent := [one for one in wanted if one.lower() not in known]:
            raise NotDone(f"{', '.join(absent)}: not suppressed; nothing was done")
        description = [
            f"{one.address}: {one.cause} of {format_moment(one.at)} ({one.detail or 'no reason'})"
            for one in (known[address.lower()] for address in wanted)
        ]
        if dry_run:
            say(description)
            return
        say(description, to_stderr=True)
        confirm("Allow mail to them again?", yes=yes)
        change_window(access.suppressions, SuppressionList(), lambda found: found.clearing(wanted))
        say([f"{one}: mail is sent to this address again" for one in wanted])
