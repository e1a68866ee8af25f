"""The smart host of docs/smart-host: mail of devices that SES cannot serve arrives through it."""

from __future__ import annotations

import json
import re
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operate.cli import app
from tests.sandbox.running import RunningSandbox, files_behind, recipient_code, unique_address
from tests.sandbox.smart_host import (
    DOCUMENTS,
    PASSWORD,
    USER,
    SmartHost,
    require_programs,
    run_command,
    running_smart_host,
)
from tests.sandbox.test_clients import text_of
from tests.waiting import eventually

PICTURE = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def host(relay: RunningSandbox) -> Iterator[SmartHost]:
    with running_smart_host(relay.smtp) as it:
        yield it


def mail_of_a_camera(recipient: str, sender: str = "camera-7@plant.local") -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"] = sender, "Motion"
    mail.set_content(f"Motion in hall 3.\n{recipient_code(recipient)}\n")
    mail.add_attachment(PICTURE, maintype="image", subtype="jpeg", filename="hall.jpg")
    return mail.as_bytes()


def arrived(relay: RunningSandbox, recipient: str) -> str:
    """Wait for the mail; check that text and file are as sent, and return the header."""
    raw = relay.await_mail(recipient)
    text = text_of(raw)
    assert "Motion in hall 3." in text
    assert [PICTURE] == files_behind(text)
    return raw.partition(b"\r\n\r\n")[0].decode("ascii")


def test_a_mail_without_tls_and_without_a_password_arrives(
    relay: RunningSandbox, host: SmartHost
) -> None:
    recipient = unique_address()
    with smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client:
        client.sendmail(
            "camera-7@plant.local", [relay.smtp["rcpt_to"]], mail_of_a_camera(recipient)
        )
    header = arrived(relay, recipient)
    assert re.search(rf'^From: "?camera-7.*<{relay.smtp["mail_from"]}>', header, re.MULTILINE)


@pytest.mark.parametrize("sender", ["<>", "camera", '"Camera 7" <camera-7@plant.local>'])
def test_whatever_a_device_calls_itself_its_mail_arrives(
    relay: RunningSandbox, host: SmartHost, sender: str
) -> None:
    recipient, mail_from = unique_address(), sender.strip("<>").rpartition("<")[2]
    with smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client:
        client.sendmail(mail_from, ["relay@site.internal"], mail_of_a_camera(recipient))
    arrived(relay, recipient)


def test_only_the_relay_gets_mail_through_it(host: SmartHost) -> None:
    for recipient in ("anna@example.com", "other@site.internal", "root@localhost"):
        with (
            smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client,
            pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
        ):
            client.sendmail("camera@plant.local", [recipient], b"Subject: x\r\n\r\n")
        assert [554] == [code for code, _ in refused.value.recipients.values()]


def test_the_commands_of_the_sheet_configure_it(relay: RunningSandbox, tmp_path: Path) -> None:
    require_programs()
    ready_file = tmp_path / "ready.json"
    ready_file.write_text(json.dumps(relay.ready))
    options = ["--smart-host", "--with-password", "--ready-file", str(ready_file)]
    result = CliRunner().invoke(app, ["device-sheet", *options])
    assert 0 == result.exit_code, result.stderr
    etc = tmp_path / "etc"
    shutil.copytree(DOCUMENTS / "smart-host", etc)
    run_command(["sh", "-eu", "-c", result.stdout], MAIL_CONFIG=str(etc))
    assert (etc / "relay_password").stat().st_mode & 0o077 == 0

    def value(name: str) -> str:
        return run_command(["postconf", "-h", "-x", name], MAIL_CONFIG=str(etc)).strip()

    smtp = relay.smtp
    server = f"[{smtp['host']}]:{smtp['port']}"
    assert server == value("relayhost")
    assert f"static:{smtp['mail_from']}" == value("sender_canonical_maps")
    assert smtp["rcpt_to"] in value("smtpd_recipient_restrictions")
    line = f"{server} {smtp['username']}:{smtp['password']}\n"
    assert line == (etc / "relay_password").read_text()


def test_an_old_device_gets_its_old_tls(host: SmartHost) -> None:
    done = subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{host.tls_port}", "-tls1"),
            *("-cipher", "DEFAULT:@SECLEVEL=0"),
        ],
        input=b"QUIT\r\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Protocol  : TLSv1\n" in done.stdout, done.stderr


class TestFromElsewhere:
    """Devices that are not in `mynetworks` log in."""

    @pytest.fixture(autouse=True)
    def elsewhere(self, host: SmartHost) -> Iterator[None]:
        before = host.run("postconf", "-h", "mynetworks").strip()
        self.let_in(host, "192.0.2.0/24")
        yield
        self.let_in(host, before)

    def let_in(self, host: SmartHost, networks: str) -> None:
        host.run("postconf", f"mynetworks = {networks}")
        host.run("postfix", "reload")

    def is_stranger(self, host: SmartHost) -> bool:
        with smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client:
            client.ehlo()
            client.mail("camera@plant.local")
            return client.rcpt("relay@site.internal")[0] == 554

    def test_a_client_without_tls_with_a_password_of_32_characters_arrives(
        self, relay: RunningSandbox, host: SmartHost
    ) -> None:
        assert 32 == len(PASSWORD)
        eventually(lambda: self.is_stranger(host), within=60)
        recipient = unique_address()
        with smtplib.SMTP("127.0.0.1", host.submission_port, timeout=60) as client:
            client.login(USER, PASSWORD)
            client.sendmail(USER, ["relay@site.internal"], mail_of_a_camera(recipient))
        arrived(relay, recipient)

    def test_a_stranger_reaches_no_recipient_not_even_postmaster(self, host: SmartHost) -> None:
        eventually(lambda: self.is_stranger(host), within=60)
        with (
            smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client,
            pytest.raises(smtplib.SMTPDataError) as refused,
        ):
            client.sendmail("x@example.com", ["postmaster"], b"Subject: x\r\n\r\n")
        assert 554 == refused.value.smtp_code

    def test_a_wrong_password_is_refused(self, host: SmartHost) -> None:
        with (
            smtplib.SMTP("127.0.0.1", host.submission_port, timeout=60) as client,
            pytest.raises(smtplib.SMTPAuthenticationError) as refused,
        ):
            client.login(USER, PASSWORD[:-1])
        assert 535 == refused.value.smtp_code


def test_a_mail_that_ses_refuses_is_kept_until_it_takes_it(relay: RunningSandbox) -> None:
    """The password of SES was rotated after the device got its 250; the mail is not lost."""
    recipient = unique_address()
    with running_smart_host(relay.smtp, password="rotated") as host:
        with smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client:
            client.sendmail(
                "camera@plant.local", ["relay@site.internal"], mail_of_a_camera(recipient)
            )
        eventually(lambda: "status=deferred" in host.log, within=60)
        assert "status=bounced" not in host.log
        assert "authentication failed" in host.run("postqueue", "-p").lower()
        host.log_in_with(relay.smtp["password"])

        def flushed() -> list[bytes]:
            host.run("postqueue", "-f")  # without effect while the queue manager reloads
            return relay.mails(recipient)

        eventually(flushed)
        arrived(relay, recipient)
        assert "Mail queue is empty" in host.run("postqueue", "-p")
