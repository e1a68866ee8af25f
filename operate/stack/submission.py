"""The SMTP server that devices submit mail to, and their credentials.

SES guide, "Connecting to an Amazon SES SMTP endpoint": STARTTLS on the ports 25, 587 and 2587, TLS
from the first byte on 465 and 2465.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.aws.errors import aws_call

from .access import StackAccess
from .outputs import StackUnknown, smtp_user_parameters

USER_VARIABLE, PASSWORD_VARIABLE = "RELAYCTL_SMTP_USER", "RELAYCTL_SMTP_PASSWORD"
STARTTLS_PORTS, TLS_PORTS = (587, 2587, 25), (465, 2465)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The SMTP server. `ca_file` has the CA of its certificate; None: the system's CAs.

    A sandbox has one port, and STARTTLS there.
    """

    host: str
    port: int
    ca_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The SMTP credentials of a device."""

    username: str
    password: str = field(repr=False)


def server_of(access: StackAccess) -> Server:
    """The SMTP server of the stack's devices.

    Raises:
        StackUnknown: if no output has it.
    """
    if (sandbox := access.stack.submission) is not None:
        return Server(host=sandbox.host, port=sandbox.port, ca_file=sandbox.ca_file)
    host, _, port = str(access.stack.outputs.get("smtpEndpoint", "")).rpartition(":")
    if not host:
        raise StackUnknown("the stack's output smtpEndpoint is missing")
    return Server(host=host, port=int(port))


def login_of(
    access: StackAccess, user: str | None, environment: Mapping[str, str] = os.environ
) -> Login:
    """The credentials of the SMTP user of that name; None: those of all devices.

    Where the stack makes none for all devices, they are read from the two environment variables.

    Raises:
        StackUnknown: if there are no such credentials.
        AdapterError: if they cannot be read.
    """
    by_name = smtp_user_parameters(access.stack.outputs)
    names = ", ".join(sorted(by_name)) or "none"
    if user is not None:
        if user not in by_name:
            raise StackUnknown(
                f"{user} is not an SMTP user of this stack (smtpUsers); those are: {names}"
            )
        return _read(access, by_name[user])
    if parameter := access.stack.outputs.get("smtpCredentialsParameter"):
        return _read(access, str(parameter))
    if USER_VARIABLE in environment and PASSWORD_VARIABLE in environment:
        return Login(username=environment[USER_VARIABLE], password=environment[PASSWORD_VARIABLE])
    if by_name:
        raise StackUnknown(
            "this stack has only the SMTP users of smtpUsers (createSmtpUser is false): name"
            f" one of {names} by --user"
        )
    if (sandbox := access.stack.submission) is not None:
        return Login(username=sandbox.username, password=sandbox.password)
    raise StackUnknown(
        "this stack creates no SMTP credentials (createSmtpUser is false): set those of a device"
        f" in {USER_VARIABLE} and {PASSWORD_VARIABLE}"
    )


def _read(access: StackAccess, parameter: str) -> Login:
    with aws_call(call="ssm:GetParameter", target=parameter):
        answer = access.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    document = json.loads(answer["Parameter"]["Value"])
    return Login(username=document["username"], password=document["password"])
