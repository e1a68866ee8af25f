"""Devices whose mail body cannot be configured: codes in the Subject, or default recipients."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from operate.cli import app
from tests.sandbox.device_mails import await_subject, device, mail, send
from tests.sandbox.running import (
    MARKER,
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox with a short marker, and the default recipients of Pulumi.dev.yaml."""
    config = ["shortMarker=RX", "directoryRefreshSeconds=0"]
    with running_sandbox(tmp_path_factory.mktemp("without-a-body"), config) as sandbox:
        yield sandbox


def test_a_code_in_the_subject_names_the_recipients(relay: RunningSandbox) -> None:
    recipient, word = unique_address(), secrets.token_hex(6)
    relay.send(mail(device(), f"{word} {recipient_code(recipient)}", "Motion detected."))
    await_subject(relay, recipient, word)
    assert MARKER.encode() not in relay.mails(recipient)[0]


@pytest.mark.parametrize(("subject", "body"), [(":RX:{}:RX: ", "Motion."), ("", ":RX:{}:RX:")])
def test_a_short_marker_names_the_recipients(
    relay: RunningSandbox, subject: str, body: str
) -> None:
    recipient, word = unique_address(), secrets.token_hex(6)
    relay.send(mail(device(), subject.format(recipient) + word, body.format(recipient)))
    await_subject(relay, recipient, word)
    assert b":RX:" not in relay.mails(recipient)[0]


def test_default_recipients_get_mail_that_names_no_recipient(relay: RunningSandbox) -> None:
    subject = send(relay, "Motion detected.", sender="camera@mail.example.com")
    for recipient in ("anna@example.org", "ben@example.net"):
        await_subject(relay, recipient, subject)


def relayctl(relay: RunningSandbox, folder: Path, *arguments: str) -> Result:
    ready_file = folder / "ready.json"
    ready_file.write_text(json.dumps(relay.ready))
    return CliRunner().invoke(app, [*arguments, "--ready-file", str(ready_file)])


def test_an_operator_edits_the_directory_and_cannot_write_what_would_fire_the_alarm(
    relay: RunningSandbox, tmp_path: Path
) -> None:
    sender, recipient = device(), unique_address()
    good = json.dumps({"groups": {}, "defaultRecipients": {sender: [recipient]}}, indent=1)
    file = tmp_path / "recipients.json"
    edit = ("directory", "edit", "--yes", "--file", str(file))
    before = relayctl(relay, tmp_path, "directory", "show").stdout
    for wrong in (f"{good},", good.replace("groups", "group"), good.replace("[\n", "{\n")):
        file.write_text(wrong)
        refused = relayctl(relay, tmp_path, *edit)
        assert 1 == refused.exit_code
        assert "(the alarm directory would fire)" in refused.stderr
    assert before == relayctl(relay, tmp_path, "directory", "show").stdout
    file.write_text(good)
    assert 0 == relayctl(relay, tmp_path, *edit).exit_code
    await_subject(relay, recipient, send(relay, "Motion detected.", sender=sender))
