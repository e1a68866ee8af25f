"""`relayctl send-test` on a running sandbox: a mail's steps, and where it stops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from operate.cli import app
from tests.sandbox.running import (
    RunningSandbox,
    files_behind,
    running_sandbox,
    unique_address,
)

STEPS = ["accepted", "stored", "announced", "relayed", "submitted", "page-answers"]


def run(relay: RunningSandbox, folder: Path, *arguments: str) -> Any:
    ready_file = folder / "ready.json"
    ready_file.write_text(json.dumps(relay.ready))
    return CliRunner().invoke(app, ["send-test", *arguments, "--ready-file", str(ready_file)])


def test_a_mail_is_followed_to_its_end(relay: RunningSandbox, tmp_path: Path) -> None:
    recipient, file = unique_address(), tmp_path / "photo.jpg"
    file.write_bytes(b"\xff\xd8 a photo")
    result = run(relay, tmp_path, "--to", recipient, "--attach", str(file), "--json")
    assert 0 == result.exit_code, result.stderr
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert STEPS == [line["step"] for line in lines]
    seconds = [line["seconds"] for line in lines]
    assert sorted(seconds) == seconds
    assert [file.read_bytes()] == files_behind(relay.await_mail(recipient).decode())


def test_a_user_by_name_sends_with_its_own_credentials(tmp_path: Path) -> None:
    config = ("smtpUsers=hall-3,gate", "createSmtpUser=false")
    (tmp_path / "sandbox").mkdir()
    with running_sandbox(tmp_path / "sandbox", config) as relay:
        result = run(relay, tmp_path, "--user", "hall-3", "--to", unique_address())
        assert 0 == result.exit_code, result.stderr
        unknown = run(relay, tmp_path, "--as", "hall-4", "--to", unique_address())
        assert 2 == unknown.exit_code
        assert (
            "hall-4 is not an SMTP user of this stack (smtpUsers); those are: gate, hall-3"
            in unknown.stderr
        )
        unnamed = run(relay, tmp_path, "--to", unique_address())
        assert 2 == unnamed.exit_code
        assert "name one of gate, hall-3 by --user" in unnamed.stderr


def test_a_refusal_is_reported_with_its_reason(relay: RunningSandbox, tmp_path: Path) -> None:
    result = run(relay, tmp_path, "--to", "nobody@elsewhere.example")
    assert 1 == result.exit_code
    assert "announced" in result.stdout
    assert "not relayed: refused" in result.stderr
    assert "recipient-not-allowed" in result.stderr


def test_the_step_that_does_not_come_is_named_with_what_doctor_finds(
    relay: RunningSandbox, tmp_path: Path
) -> None:
    s3, bucket = relay.client("s3"), relay.ready["stack"]["incomingBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        result = run(relay, tmp_path, "--to", unique_address(), "--limit", "5")
    finally:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": before}
        )
    assert 1 == result.exit_code
    assert "not announced: not within 5 seconds" in result.stderr
    assert "does not announce new mail to the queue" in result.stdout


def test_what_smtp_answers_is_reported(relay: RunningSandbox, tmp_path: Path) -> None:
    name = relay.ready["stack"]["smtpCredentialsParameter"]
    ssm = relay.client("ssm")
    before = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    wrong = json.dumps({**json.loads(before), "password": "wrong"})
    ssm.put_parameter(Name=name, Value=wrong, Type="SecureString", Overwrite=True)
    try:
        result = run(relay, tmp_path, "--to", unique_address())
    finally:
        ssm.put_parameter(Name=name, Value=before, Type="SecureString", Overwrite=True)
    assert 1 == result.exit_code
    assert "not accepted: " in result.stderr
    assert " answered 535 " in result.stderr


def test_without_a_recipient_only_the_simulator_will_do(
    relay: RunningSandbox, tmp_path: Path
) -> None:
    result = run(relay, tmp_path)
    assert 2 == result.exit_code
    assert "allowedRecipients has example.com" in result.stderr
