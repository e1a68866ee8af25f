"""`relayctl send-test`: send a mail, follow it, and say where it stopped and what to look at."""

from __future__ import annotations

import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operate.doctor.verdicts import Status
from operate.examples import epilog
from operate.messages.redelivery import NotDone
from operate.presentation.terminal import Exit, exit_on_errors, print_error, print_json, say
from operate.send_test.device import TestMail, submit
from relay_core.addresses.patterns import matches
from relay_core.settings import Settings

from .doctor import DNS_VARIABLE, Dns, examined, print_finding, settings_of
from .message_options import address_option
from .stack_options import AsJson, SmtpUser, StackOptions, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.send_test.following import Passed
    from operate.stack.access import StackAccess

SIMULATOR = "success@simulator.amazonses.com"
"""SES accepts mail for it but does not deliver it or count it as a bounce (SES guide, "Using the
mailbox simulator")."""

_STATUSES = (
    "Exits with 0 if every step happened, with 1 if one did not; with 2 if the command line is"
    " wrong, or the stack is not found."
)
_FILE = ("relay-test.txt", b"This file came through the relay.\r\n")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("send-test", epilog=epilog("send-test", _STATUSES))(send_test)


@on_a_stack
def send_test(
    *,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="ADDRESS",
            help=f"The recipient. Default: {SIMULATOR}, if allowedRecipients allows it.",
        ),
    ] = None,
    attach: Annotated[
        Path | None,
        typer.Option(
            "--attach",
            metavar="FILE",
            dir_okay=False,
            help="Attach this file instead of a short text.",
        ),
    ] = None,
    user: SmtpUser = None,
    limit: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="The time to wait for each step.")
    ] = 120.0,
    as_json: AsJson = False,
    dns: Dns = None,
    stack: StackOptions,
) -> None:
    """Send a mail as a device does, and follow it through the relay.

    The mail is submitted over SMTP with STARTTLS and the stack's credentials, with one file
    attached. Each step is printed when it happens, with the seconds since the mail was sent:
    accepted, stored, announced, relayed, submitted, page-answers. If a step does not happen, the
    problems that doctor finds are printed.

    Needs the rights of doctor, list and link, s3:ListBucket and s3:GetObject on incoming/* of the
    incoming bucket, and ssm:GetParameter on the parameter of the SMTP credentials. If the stack
    creates none for all devices (createSmtpUser false), name a user of smtpUsers, or set the
    credentials of a device in RELAYCTL_SMTP_USER and RELAYCTL_SMTP_PASSWORD.
    """
    with exit_on_errors():
        access = stack.open()
        server_of_dns = dns or os.environ.get(DNS_VARIABLE) or None
        settings = settings_of(access, server_of_dns)
        recipient = _recipient(to, settings)
        mail = TestMail(
            sender=settings.sender_address,
            inbound_address=settings.inbound_address,
            recipient=recipient,
            marker=settings.recipient_marker,
            token=secrets.token_hex(16),
            attachment=_attachment(attach),
        )
        if not _follow(access, mail, user=user, limit=limit, as_json=as_json):
            if not as_json:
                _print_problems(access, server_of_dns)
            raise typer.Exit(Exit.NOT_DONE)


def _recipient(to: str | None, settings: Settings) -> str:
    if to is None:
        if not matches(SIMULATOR, settings.allowed_recipients):
            allowed = ", ".join(settings.allowed_recipients)
            raise typer.BadParameter(
                f"name a recipient by --to; allowedRecipients has {allowed}", param_hint="--to"
            )
        return SIMULATOR
    return address_option(to, "--to")


def _attachment(file: Path | None) -> tuple[str, bytes]:
    if file is None:
        return _FILE
    try:
        return file.name, file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="--attach") from None


def _follow(
    access: StackAccess, mail: TestMail, *, user: str | None, limit: float, as_json: bool
) -> bool:
    """Send the mail and print its steps. Returns whether all steps happened."""
    # boto3 is slow to import
    from operate.send_test.following import Following, Passed, Step, Stopped  # noqa: PLC0415
    from operate.stack.submission import login_of, server_of  # noqa: PLC0415

    server, login = server_of(access), login_of(access, user)
    since, began = datetime.now(UTC), time.monotonic()

    def print_step(passed: Passed) -> None:
        seconds = time.monotonic() - began
        if as_json:
            print_json({"step": passed.step, "seconds": round(seconds, 1), "found": passed.found})
        else:
            say([f"{seconds:6.1f} s  {passed.step:<13} {passed.found}"])

    try:
        answer = submit(server, login, mail)
        print_step(Passed(step=Step.ACCEPTED, found=f"{server.host}:{server.port} said {answer}"))
        following = Following(
            access=access,
            since=since,
            token=mail.token,
            recipient=mail.recipient,
            limit=limit,
            with_page=True,
        )
        for passed in following.steps():
            print_step(passed)
    except NotDone as error:
        print_error(f"not {Step.ACCEPTED}: {error}")
        return False
    except Stopped as stopped:
        print_error(f"not {stopped.step}: {stopped.why_not}")
        return False
    return True


def _print_problems(access: StackAccess, server: str | None) -> None:
    """Print the problems that doctor finds."""
    wrong = {Status.PROBLEM, Status.WARNING}
    problems = [one for one in examined(access, server) if one.verdict.status in wrong]
    for finding in problems:
        print_finding(finding, as_json=False)
    if not problems:
        print_error(
            "relayctl doctor finds no problem: see 'relayctl list --since 1h' and the log group"
        )
