"""`relayctl device-sheet`: the mail settings of a device, for the person who configures it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from operate.examples import epilog
from operate.presentation.device_sheet import (
    DeviceSheet,
    as_html,
    as_text,
    smart_host_commands,
)
from operate.presentation.terminal import exit_on_errors
from relay_core.addresses.patterns import canonical_pattern, matches
from relay_core.settings import Settings

from .doctor import settings_of
from .message_options import address_option
from .stack_options import SmtpUser, StackOptions, on_a_stack

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.access import StackAccess


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("device-sheet", epilog=epilog("device-sheet"))(print_device_sheet)


@on_a_stack
def print_device_sheet(
    *,
    user: SmtpUser = None,
    to: Annotated[
        list[str],
        typer.Option("--to", metavar="ADDRESS", help="A recipient in the example of the text."),
    ] = [],  # noqa: B006 - Typer copies defaults
    with_password: Annotated[
        bool, typer.Option("--with-password", help="Also print the password.")
    ] = False,
    as_page: Annotated[
        bool, typer.Option("--html", help="Print an HTML page instead of plain text.")
    ] = False,
    smart_host: Annotated[
        bool,
        typer.Option(
            "--smart-host",
            help="Print the shell commands that configure the smart host of docs/smart-host.",
        ),
    ] = False,
    stack: StackOptions,
) -> None:
    """Print what to enter in the mail settings of a device.

    The sheet has the address that devices send to, which is a secret. It has the password only
    with --with-password. docs/devices.md describes the fields, and devices that need something
    else.

    Needs lambda:GetFunctionConfiguration, and ssm:GetParameter on the parameter of the SMTP
    credentials.
    """
    if as_page and smart_host:
        raise typer.BadParameter("give --html or --smart-host, not both", param_hint="--html")
    with exit_on_errors():
        access = stack.open()
        settings = settings_of(access)
        recipients = ",".join(_recipients(to, settings)) or example_recipient(settings)
        sheet = _sheet(access, settings, user, recipients, with_password=with_password)
        if smart_host:
            text = "\n".join(smart_host_commands(sheet))
        else:
            text = as_html(sheet) if as_page else as_text(sheet)
        typer.echo(text)


def _sheet(
    access: StackAccess,
    settings: Settings,
    user: str | None,
    recipients: str,
    *,
    with_password: bool,
) -> DeviceSheet:
    # boto3 is slow to import
    from operate.stack.submission import STARTTLS_PORTS, TLS_PORTS, login_of, server_of  # noqa: PLC0415

    server, login = server_of(access), login_of(access, user)
    marker = settings.recipient_marker
    in_sandbox = access.stack.submission is not None
    return DeviceSheet(
        stack=settings.stack,
        user=user,
        host=server.host,
        starttls_ports=(server.port,) if in_sandbox else STARTTLS_PORTS,
        tls_ports=() if in_sandbox else TLS_PORTS,
        username=login.username,
        password=login.password if with_password else None,
        password_length=len(login.password),
        sender=sender_for(settings),
        recipient=settings.inbound_address,
        code=f":{marker}:{recipients}:{marker}:",
        ca_file=server.ca_file,
    )


def sender_for(settings: Settings) -> str:
    """A sender address that SES and the relay accept: the relay's own, if it is allowed."""
    own, allowed = settings.sender_address, _patterns(settings.allowed_senders)
    if not allowed or matches(own, allowed):
        return own
    address = next((one for one in allowed if "@" in one), None)
    return address or f"device@{allowed[0].replace('*.', 'plant.', 1)}"


def _patterns(written: tuple[str, ...]) -> list[str]:
    """The patterns as they are compared, without the final dot of a domain."""
    return [found for one in written if (found := canonical_pattern(one))]


def _recipients(to: list[str], settings: Settings) -> list[str]:
    found = []
    for text in to:
        address = address_option(text, "--to")
        if not matches(address, settings.allowed_recipients):
            raise typer.BadParameter(
                f"allowedRecipients does not allow {address}; give an address that it allows:"
                f" {', '.join(settings.allowed_recipients)}",
                param_hint="--to",
            )
        found.append(address)
    return found


def example_recipient(settings: Settings) -> str:
    """A recipient that `allowedRecipients` allows, for the example of a code."""
    pattern = _patterns(settings.allowed_recipients)[0]
    if "@" in pattern:
        return pattern
    domain = "example.com" if pattern == "*" else pattern.replace("*.", "mail.", 1)
    return f"operations@{domain}"
