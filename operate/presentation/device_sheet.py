"""The sheet for the person who configures a device: each field in the words that devices use.

It also has the commands that configure the smart host of docs/smart-host.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from operate.messages.redelivery import NotDone
from operate.presentation.terminal import printable

_LABEL, _WIDTH = 26, 96
_NOT_INLINE = frozenset("={}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSheet:
    """The values to enter in a device. `password` is None where it is not to be printed.

    `starttls_ports` and `tls_ports` are in the order in which they are to be tried. `sender` is
    an address allowed in From; `code` is a recipient code, `user` a name of smtpUsers or None.
    `ca_file` has the CA of a sandbox's certificate.
    """

    stack: str
    user: str | None
    host: str
    starttls_ports: tuple[int, ...]
    tls_ports: tuple[int, ...]
    username: str
    password: str | None
    password_length: int
    sender: str
    recipient: str
    code: str
    ca_file: str | None = None


def _fields(sheet: DeviceSheet) -> Iterator[tuple[str, str]]:
    first, *others = sheet.starttls_ports
    yield "SMTP server, host", sheet.host
    yield "Port", str(first)
    yield "Encryption", "STARTTLS (some devices call it TLS, or automatic)"
    if others:
        yield f"  if {first} is blocked", f"{_or(others)}, with STARTTLS"
    if sheet.tls_ports:
        yield "  without STARTTLS", f"{_or(sheet.tls_ports)}, with TLS (some call it SSL)"
    yield "Authentication", "on; LOGIN or PLAIN"
    yield "User name, account", sheet.username
    yield (
        "Password",
        f"({sheet.password_length} characters; handed over separately)"
        if sheet.password is None
        else sheet.password,
    )
    yield "From, sender", sheet.sender
    yield "To, recipient", sheet.recipient
    yield "Subject", "as you like; or the code, if the text cannot contain it"
    yield "Text, body, message", "your text, and in a line of its own the code:"
    yield "  the code", sheet.code


_NOTES = (
    "To and the password are secrets: with both, anyone can send through the relay.",
    "The addresses in the text get the mail, separated by commas. To is the relay itself.",
    "A device that verifies certificates needs the right time, and Amazon's root certificates.",
    "No field for the text, no TLS 1.2, no authentication, fields too short: see docs/devices.md.",
    "After the test mail of the device, 'relayctl list --since 10m' shows what became of it.",
)


def _title(sheet: DeviceSheet) -> str:
    owner = f", SMTP user {sheet.user}" if sheet.user else ""
    return f"Mail settings of a device (relay {sheet.stack}{owner})"


def as_text(sheet: DeviceSheet) -> str:
    """The sheet as plain text. Each value has a line of its own, to be copied."""
    lines = [_title(sheet), ""]
    lines += [f"{label:<{_LABEL}}{value}" for label, value in _fields(sheet)]
    for note in _NOTES:
        lines += ["", *wrap(note, _WIDTH)]
    return printable("\n".join(lines))


_STYLE = (
    "body{font:12pt/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}"
    "th{text-align:left;vertical-align:top;white-space:nowrap;padding:.2em 1.5em .2em 0}"
    "td{font-family:monospace;overflow-wrap:anywhere;padding:.2em 0}"
    "@media print{body{margin:0}}"
)


def as_html(sheet: DeviceSheet) -> str:
    """The sheet as an HTML page that can be printed; it loads nothing."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(label.strip())}</th><td>{escape(printable(value))}</td></tr>'
        for label, value in _fields(sheet)
    )
    notes = "\n".join(f"<p>{escape(note)}</p>" for note in _NOTES)
    title = escape(printable(_title(sheet)))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{title}</h1>\n<table>\n{rows}\n</table>\n{notes}\n</html>"
    )


def smart_host_commands(sheet: DeviceSheet) -> Iterator[str]:
    """A shell script that configures Postfix, with the files of docs/smart-host in its folder.

    Postfix reads `$$` as a dollar sign, and one alone as the beginning of a parameter's name
    (postconf(5)). Its inline tables end a key at `=` and a text at a brace, without an escape.

    Raises:
        NotDone: if an address has one of these. The error does not show the address.
    """
    for field, address in (("To (recipientEmail)", sheet.recipient), ("From", sheet.sender)):
        if found := sorted(_NOT_INLINE & set(address)):
            raise NotDone(
                f"the address in {field} contains {' '.join(found)}, which the tables in Postfix's"
                " main.cf cannot contain; the smart host needs an address without = { }"
            )
    server = f"[{sheet.host}]:{sheet.starttls_ports[0]}"
    settings = {
        "relay_server": server,
        "relay_sender": sheet.sender,
        "relay_recipient": sheet.recipient,
        **({"smtp_tls_CAfile": sheet.ca_file} if sheet.ca_file else {}),
    }
    password = "PASSWORD" if sheet.password is None else sheet.password
    lines = (f"{key} = {one.replace('$', '$$')}" for key, one in settings.items())
    yield f"postconf -e {shlex.join(lines)}"
    yield (
        f"(umask 077; echo {shlex.quote(f'{server} {sheet.username}:{password}')}"
        ' > "$(postconf -h config_directory)/relay_password")'
    )


def _or(ports: Iterable[int]) -> str:
    return " or ".join(map(str, ports))
