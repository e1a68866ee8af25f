"""How to submit a mail to the sandbox: the connection details, and ready-made commands."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEFAULT_MARKER = "Email_Rxers_Code"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccess:
    """The connection details of the SMTP server. `mail_from` and `rcpt_to` are addr-specs."""

    host: str
    port: int
    username: str
    password: str
    mail_from: str
    rcpt_to: str
    ca_file: Path

    @property
    def server(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


def example_recipient(config: Mapping[str, Any], local_part: str = "operations") -> str:
    """An address that a configuration (full names) allows as a recipient."""
    allowed = config.get("mail-relay:allowedRecipients") or ["*"]
    pattern = str(allowed[0])
    if "@" in pattern:
        return pattern
    domain = "example.com" if pattern == "*" else pattern.replace("*.", "mail.", 1)
    return f"{local_part}@{domain}"


def example_code(config: Mapping[str, Any]) -> str:
    """A recipient code that a configuration (full names) accepts."""
    marker = config.get("mail-relay:recipientMarker", _DEFAULT_MARKER)
    return f":{marker}:{example_recipient(config)}:{marker}:"


def swaks_command(access: SmtpAccess, code: str) -> str:
    """A command that sends a mail with one attachment; `code` is the recipient code."""
    return shlex.join(
        [
            *("swaks", "--server", access.server, "--tls"),
            *("--auth", "LOGIN", "--auth-user", access.username),
            *("--auth-password", access.password),
            *("--from", access.mail_from, "--to", access.rcpt_to, "--header", "Subject: Hello"),
            *("--body", f"Hello. {code}", "--attach", "@README.md"),
        ]
    )


def openssl_command(access: SmtpAccess) -> str:
    """A command that opens a session in which `smtp_session` is typed or pasted."""
    return shlex.join(
        [
            *("openssl", "s_client", "-crlf", "-quiet", "-starttls", "smtp"),
            *("-connect", access.server, "-CAfile", str(access.ca_file)),
        ]
    )


def smtp_session(access: SmtpAccess, code: str) -> tuple[str, ...]:
    """The commands of a device that sends a mail, a line each."""
    return (
        "EHLO device",
        "AUTH LOGIN",
        base64.b64encode(access.username.encode()).decode(),
        base64.b64encode(access.password.encode()).decode(),
        f"MAIL FROM:<{access.mail_from}>",
        f"RCPT TO:<{access.rcpt_to}>",
        "DATA",
        "Subject: Hello",
        "",
        f"Hello. {code}",
        ".",
        "QUIT",
    )


def curl_command(access: SmtpAccess, code: str) -> str:
    """A command that sends a mail with curl, for a shell that reads here-documents."""
    command = shlex.join(
        [
            *("curl", "--silent", "--show-error", "--ssl-reqd", f"smtp://{access.server}"),
            *("--cacert", str(access.ca_file), "--user", f"{access.username}:{access.password}"),
            *("--mail-from", access.mail_from, "--mail-rcpt", access.rcpt_to),
            *("--upload-file", "-"),
        ]
    )
    # Quoted, so that the shell does not interpret anything in the mail.
    return f"{command} <<'END'\nSubject: Hello\n\nHello. {code}\nEND"
