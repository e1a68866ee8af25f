"""Every SMTP client that a device or a person may use, against the running sandbox."""

from __future__ import annotations

import base64
import email
import email.policy
import shutil
import smtplib
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.sandbox.running import (
    MARKER,
    RunningSandbox,
    files_behind,
    recipient_code,
    unique_address,
)

# The session of the customer's instructions, unchanged except for what is in
# brackets: the boundary holds a space, the attachment part has no blank line after its
# header, the code has brackets and lacks its first colon, and nothing closes the multipart.
TRANSCRIPT = """\
EHLO amazonses.com
AUTH LOGIN
{username}
{password}
MAIL FROM:{mail_from}
RCPT TO:{rcpt_to}
DATA
Subject: Demo from openssl
MIME-Version: 1.0
Content-Type: multipart/mixed;
 boundary="XXXXboundary text"

This is a multipart message in MIME format.

--XXXXboundary text
Content-Type: text/plain

Line1:This is a Test email sent to coded list of email addresses using the Amazon SES SMTP \
interface from openssl SMTP client.
Line2:Email_Rxers_Code:[{recipients}]:Email_Rxers_Code:
Line3:Last line.

--XXXXboundary text
Content-Type: text/plain;
Content-Transfer-Encoding: Base64
Content-Disposition: attachment; filename="demo64.txt"
Y29udGVudAo=
--XXXXboundary text
.
QUIT
"""


def require_program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def text_of(raw: bytes) -> str:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    assert body is not None
    content: str = body.get_content()
    return content


def test_the_customers_openssl_session_works_as_it_stands(relay: RunningSandbox) -> None:
    recipients = [unique_address(), unique_address("example.net"), unique_address("example.org")]
    session = TRANSCRIPT.format(
        username=base64.b64encode(relay.smtp["username"].encode()).decode(),
        password=base64.b64encode(relay.smtp["password"].encode()).decode(),
        mail_from=relay.smtp["mail_from"],
        rcpt_to=relay.smtp["rcpt_to"],
        recipients=",".join(recipients),
    )
    server = f"{relay.smtp['host']}:{relay.smtp['port']}"
    openssl = [require_program("openssl"), "s_client", "-crlf", "-quiet", "-starttls", "smtp"]

    result = subprocess.run(
        [*openssl, "-connect", server, "-CAfile", relay.smtp["ca_file"]],
        input=session.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert b"\n250 Ok " in result.stdout, result.stdout
    for recipient in recipients:
        text = text_of(relay.await_mail(recipient))
        assert MARKER not in text
        assert "Line1:This is a Test email" in text
        assert "Line3:Last line." in text
        assert files_behind(text) == [b"content\n"]


def test_swaks(relay: RunningSandbox, tmp_path: Path) -> None:
    swaks, recipient = require_program("swaks"), unique_address()
    attachment = tmp_path / "values.csv"
    attachment.write_bytes(b"12.7;10.0\r\n")
    smtp = relay.smtp

    result = subprocess.run(
        [
            *(swaks, "--server", f"{smtp['host']}:{smtp['port']}", "--tls"),
            *("--auth", "LOGIN", "--auth-user", smtp["username"]),
            *("--auth-password", smtp["password"]),
            *("--from", relay.device, "--to", smtp["rcpt_to"]),
            *("--header", "Subject: by swaks", "--body", f"Hello. {recipient_code(recipient)}"),
            *("--attach", f"@{attachment}"),
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stdout
    assert files_behind(text_of(relay.await_mail(recipient))) == [b"12.7;10.0\r\n"]


def test_curl(relay: RunningSandbox, tmp_path: Path) -> None:
    curl, recipient = require_program("curl"), unique_address()
    mail = tmp_path / "mail"
    mail.write_bytes(
        f"From: {relay.device}\r\nSubject: by curl\r\n\r\n{recipient_code(recipient)}\r\n".encode()
    )

    result = subprocess.run(
        [
            *(curl, "--silent", "--show-error", "--ssl-reqd", "--cacert", relay.smtp["ca_file"]),
            *("--user", f"{relay.smtp['username']}:{relay.smtp['password']}"),
            *("--mail-from", relay.device, "--mail-rcpt", relay.smtp["rcpt_to"]),
            *("--upload-file", str(mail), f"smtp://localhost:{relay.smtp['port']}/sensor"),
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert b"Subject: by curl" in relay.await_mail(recipient)


def test_smtplib_with_text_html_and_attachments(relay: RunningSandbox) -> None:
    recipient = unique_address()
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"] = relay.device, relay.smtp["rcpt_to"]
    mail["Subject"] = "Grenzwert überschritten"
    mail.set_content(f"Zu hoch.\n{recipient_code(recipient)}\n")
    mail.add_alternative(f"<p>Zu hoch.</p><p>{recipient_code(recipient)}</p>", subtype="html")
    mail.add_attachment(b"\x00\x01", maintype="image", subtype="png", filename="Kühler.png")

    with relay.logged_in() as client:
        client.send_message(mail, relay.device, [relay.smtp["rcpt_to"]])

    raw = relay.await_mail(recipient)
    assert MARKER.encode() not in raw
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "Grenzwert überschritten"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        assert files_behind(body.get_content()) == [b"\x00\x01"]


def test_the_relays_own_sender_address_may_send(relay: RunningSandbox) -> None:
    """By the customer's instructions, devices send from the verified sender address itself."""
    recipient, own = unique_address(), relay.smtp["mail_from"]
    body = f"Hello. {recipient_code(recipient)}\r\n"
    relay.send(f"From: {own}\r\nSubject: own\r\n\r\n{body}".encode(), mail_from=own)
    assert b"Subject: own" in relay.await_mail(recipient)


def test_who_is_not_verified_is_refused_in_ses_words(relay: RunningSandbox) -> None:
    with relay.logged_in() as client, pytest.raises(smtplib.SMTPDataError) as caught:
        client.sendmail("camera@elsewhere.test", [relay.smtp["rcpt_to"]], b"Subject: x\r\n\r\n")
    assert caught.value.smtp_code == 554
    assert caught.value.smtp_error == (
        b"Message rejected: Email address is not verified. The following identities failed the"
        b" check in region EU-CENTRAL-1: camera@elsewhere.test"
    )


def test_a_wrong_password_is_refused(relay: RunningSandbox) -> None:
    with smtplib.SMTP(relay.smtp["host"], relay.smtp["port"]) as client:
        client.starttls(context=relay.tls_context())
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login(relay.smtp["username"], "wrong")
    assert caught.value.smtp_code == 535


def test_an_unknown_recipient_is_refused_and_a_known_one_beside_it_is_served(
    relay: RunningSandbox,
) -> None:
    recipient, unknown = unique_address(), "somebody@elsewhere.test"
    raw = f"From: {relay.device}\r\n\r\n{recipient_code(recipient)}\r\n".encode()
    with relay.logged_in() as client:
        refused = client.sendmail(relay.device, [unknown, relay.smtp["rcpt_to"]], raw)
        assert [550] == [code for code, _ in refused.values()]
        assert {unknown} == set(refused)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail(relay.device, [unknown], raw)
    relay.await_mail(recipient)
