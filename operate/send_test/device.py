"""Submitting a mail as a device does.

SES guide, "Using the Amazon SES SMTP interface to send email": STARTTLS on port 587, then AUTH
with the credentials of the region.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from operate.messages.redelivery import NotDone

if TYPE_CHECKING:  # boto3 is slow to import
    from operate.stack.submission import Login, Server

TEST_FIELD = "X-Relay-Test"
_SECONDS = 30.0  # for each answer of the server


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMail:
    """The test mail. `recipient` is in the recipient code, `inbound_address` in the envelope.

    `token` identifies this mail; `attachment` is a file's name and content.
    """

    __test__ = False  # pytest takes classes of such names for its own

    sender: str
    inbound_address: str
    recipient: str
    marker: str
    token: str
    attachment: tuple[str, bytes]

    def to_bytes(self) -> bytes:
        """The message."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = self.inbound_address
        message["Subject"] = f"Test of the relay ({self.token[:8]})"
        message[TEST_FIELD] = self.token
        message.set_content(
            "relayctl send-test sent this mail through the relay.\n"
            f":{self.marker}:{self.recipient}:{self.marker}:\n"
        )
        name, content = self.attachment
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
        return message.as_bytes()


def submit(server: Server, login: Login, mail: TestMail) -> str:
    """Submit the mail. Returns the server's answer: 250 and an id.

    Raises:
        NotDone: if the server rejects it, with the server's answer.
    """
    where = f"{server.host}:{server.port}"
    context = ssl.create_default_context(cafile=server.ca_file)
    try:
        with smtplib.SMTP(server.host, server.port, timeout=_SECONDS) as client:
            client.starttls(context=context)
            client.login(login.username, login.password)
            words: bytes | str
            code, words = client.mail(mail.sender)
            if code == 250:
                code, words = client.rcpt(mail.inbound_address)
            if code == 250:
                code, words = client.data(mail.to_bytes())
    except smtplib.SMTPResponseException as error:
        code, words = error.smtp_code, error.smtp_error
    except (smtplib.SMTPException, OSError) as error:
        raise NotDone(
            f"{where} cannot be reached: {error}; see docs/operating.md, 'A device cannot send'"
        ) from error
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    if code != 250:
        raise NotDone(
            f"{where} answered {code} {said}; see docs/operating.md, 'A device cannot send'"
        )
    return f"{code} {said}"
