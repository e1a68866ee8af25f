"""The commands of docs/devices.md, unchanged, against the running sandbox."""

from __future__ import annotations

import base64
import json
import os
import re
import smtplib
import subprocess
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operate.cli import app
from tests.sandbox.running import RunningSandbox, files_behind, recipient_code, unique_address
from tests.sandbox.test_clients import require_program, text_of

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "devices.md"
VALUES = b"12.7;10.0\r\n"


def block(heading: str, language: str = "sh") -> str:
    """The first block of a language below a heading."""
    section = DOCUMENT.read_text("utf-8").partition(f"\n### {heading}\n")[2]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


def variables(relay: RunningSandbox, recipient: str) -> Mapping[str, str]:
    """The variables that the document's first block sets."""
    values = {
        "RELAY_HOST": "localhost",
        "RELAY_PORT": str(relay.smtp["port"]),
        "RELAY_USER": relay.smtp["username"],
        "RELAY_PASSWORD": relay.smtp["password"],
        "RELAY_FROM": relay.smtp["mail_from"],
        "RELAY_TO": relay.smtp["rcpt_to"],
        "RELAY_CODE": recipient_code(recipient),
        "RELAY_CA": relay.smtp["ca_file"],
    }
    assert values.keys() == set(re.findall(r"\b(RELAY_\w+)=", block_of_variables()))
    return values


def block_of_variables() -> str:
    return DOCUMENT.read_text("utf-8").partition("\n## Programs\n")[2].partition("\n### ")[0]


def run(command: list[str], relay: RunningSandbox, recipient: str, folder: Path) -> None:
    (folder / "values.csv").write_bytes(VALUES)
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **variables(relay, recipient)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", ["swaks", "curl", "msmtp"])
def test_a_program_sends_as_the_document_says(
    relay: RunningSandbox, tmp_path: Path, program: str
) -> None:
    require_program(program)
    recipient = unique_address()
    run(["bash", "-c", block(program)], relay, recipient, tmp_path)
    text = text_of(relay.await_mail(recipient))
    assert "Pressure high." in text
    assert [VALUES] * (program != "msmtp") == files_behind(text)


def test_python_sends_as_the_document_says(relay: RunningSandbox, tmp_path: Path) -> None:
    recipient = unique_address()
    run([sys.executable, "-c", block("Python", "python")], relay, recipient, tmp_path)
    text = text_of(relay.await_mail(recipient))
    assert "Pressure high." in text
    assert [VALUES] == files_behind(text)


def test_a_client_that_speaks_as_send_mailmessage_does_sends(relay: RunningSandbox) -> None:
    """.NET's SmtpClient: STARTTLS, then `AUTH login` with the user name in the same line."""
    recipient, values = unique_address(), variables(relay, "nobody@example.com")

    def encoded(name: str) -> str:
        return base64.b64encode(values[name].encode()).decode("ascii")

    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = values["RELAY_FROM"], values["RELAY_TO"]
    mail["Subject"] = "Pump 3"
    mail.set_content(f"Pressure high. {recipient_code(recipient)}", cte="quoted-printable")
    mail.add_attachment(VALUES, maintype="application", subtype="octet-stream", filename="v.csv")
    with smtplib.SMTP("localhost", relay.smtp["port"], timeout=60) as client:
        client.starttls(context=relay.tls_context())
        client.ehlo("DESKTOP-1A2B3C")
        assert 334 == client.docmd("AUTH", f"login {encoded('RELAY_USER')}")[0]
        assert 235 == client.docmd(encoded("RELAY_PASSWORD"))[0]
        client.send_message(mail)
    text = text_of(relay.await_mail(recipient))
    assert "Pressure high." in text
    assert [VALUES] == files_behind(text)


class TestSheet:
    def run(self, relay: RunningSandbox, folder: Path, *arguments: str) -> Any:
        ready_file = folder / "ready.json"
        ready_file.write_text(json.dumps(relay.ready))
        return CliRunner().invoke(
            app, ["device-sheet", *arguments, "--ready-file", str(ready_file)]
        )

    def test_it_has_what_a_device_needs(self, relay: RunningSandbox, tmp_path: Path) -> None:
        recipient = unique_address()
        result = self.run(relay, tmp_path, "--to", recipient)
        assert 0 == result.exit_code, result.stderr
        smtp = relay.smtp
        for value in (smtp["host"], smtp["username"], smtp["mail_from"], smtp["rcpt_to"]):
            assert value in result.stdout
        assert recipient_code(recipient) in result.stdout
        assert smtp["password"] not in result.stdout
        assert smtp["password"] in self.run(relay, tmp_path, "--with-password").stdout

    def test_a_recipient_that_gets_nothing_is_refused(
        self, relay: RunningSandbox, tmp_path: Path
    ) -> None:
        result = self.run(relay, tmp_path, "--to", "anna@elsewhere.example")
        assert 2 == result.exit_code
        assert "allowedRecipients does not allow anna@elsewhere.example" in result.stderr

    def test_a_user_that_is_not_there_is_named_with_those_that_are(
        self, relay: RunningSandbox, tmp_path: Path
    ) -> None:
        result = self.run(relay, tmp_path, "--user", "hall-3")
        assert 2 == result.exit_code
        assert (
            "hall-3 is not an SMTP user of this stack (smtpUsers); those are: none"
            in result.stderr
        )
