"""Sample mails of a device for the console's test button, some of which fail."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from sandbox.ses_verdicts import EICAR, GTUBE
from sandbox.smtp.access import SmtpAccess

_TIMEOUT = 60.0  # seconds
_UNRELATED_ADDRESS = "somebody@elsewhere.invalid"
_RECIPIENT = re.compile(r"[^\s@:,;<>\"]+@[^\s@:,;<>\"]+")
_TAKEN_AS = re.compile(rb"Ok ([a-z0-9]+)")


def _with_files(mail: EmailMessage, code: str) -> None:
    mail.set_content(f"Pump 7: pressure above the limit.\n\n{code}\n")
    readings = "time;bar\n" + "".join(
        f"{hour:02}:00;{hour % 7}.{hour % 5}\n" for hour in range(24)
    )
    mail.add_attachment(readings.encode(), maintype="text", subtype="csv", filename="pressure.csv")
    mail.add_attachment(
        bytes(range(256)) * 256,
        maintype="application",
        subtype="octet-stream",
        filename="Prüfprotokoll.bin",
    )


def _without_files(mail: EmailMessage, code: str) -> None:
    mail.set_content(f"Pump 7 is back to normal.\n\n{code}\n")


def _in_subject(mail: EmailMessage, code: str) -> None:
    mail.replace_header("Subject", f"{mail['Subject']} {code}")
    mail.set_content("Motion detected.\n")


def _without_code(mail: EmailMessage, _code: str) -> None:
    mail.set_content("Pump 7: pressure above the limit.\n")


def _to_somebody_else(mail: EmailMessage, code: str) -> None:
    mail.set_content(
        f"Pump 7: pressure above the limit.\n\n{_RECIPIENT.sub(_UNRELATED_ADDRESS, code)}\n"
    )


def _partly(mail: EmailMessage, code: str) -> None:
    both = _RECIPIENT.sub(lambda found: f"{found[0]},{_UNRELATED_ADDRESS}", code)
    mail.set_content(f"Pump 7: pressure above the limit.\n\n{both}\n")


def _with_virus(mail: EmailMessage, code: str) -> None:
    mail.set_content(f"Pump 7.\n\n{code}\n")
    mail.add_attachment(
        EICAR, maintype="application", subtype="octet-stream", filename="eicar.com"
    )


def _spam(mail: EmailMessage, code: str) -> None:
    mail.set_content(f"{GTUBE.decode()}\n\n{code}\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of test mail: its label with the expected outcome, its subject, and its body."""

    label: str
    subject: str
    fill: Callable[[EmailMessage, str], None]


KINDS = {
    "files": Kind(label="With two files", subject="Grenzwert überschritten", fill=_with_files),
    "plain": Kind(label="Without a file", subject="Back to normal", fill=_without_files),
    "subject": Kind(label="With the code in the Subject", subject="Gate opened", fill=_in_subject),
    "no-code": Kind(
        label="Without a recipient code: refused", subject="Without recipients", fill=_without_code
    ),
    "not-allowed": Kind(
        label="To a recipient who is not allowed: refused",
        subject="For somebody else",
        fill=_to_somebody_else,
    ),
    "partly": Kind(
        label="To one recipient who is allowed and one who is not",
        subject="For one of two",
        fill=_partly,
    ),
    "virus": Kind(label="With a test virus (EICAR): refused", subject="A virus", fill=_with_virus),
    "spam": Kind(label="With the test words of spam (GTUBE): refused", subject="Spam", fill=_spam),
}
"""The kinds by name, the one without an error first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMailer:
    """Sends mails by SMTP. `code` is a recipient code that the relay accepts."""

    access: SmtpAccess
    code: str

    def send(self, kind: str, recipient: str) -> str:
        """See `SendsSampleMails.send`. An empty `recipient` means the one in `code`."""
        if kind not in KINDS:
            raise ValueError(f"there is no kind of test mail {kind!r}")
        if recipient and not _RECIPIENT.fullmatch(recipient):
            raise ValueError(f"{recipient!r} is not an address that a recipient code can contain")
        chosen, code = KINDS[kind], self.code
        if recipient:
            code = _RECIPIENT.sub(lambda _: recipient, code)
        mail = EmailMessage()
        mail["From"] = f"Pump 7 <{self.access.mail_from}>"
        mail["To"], mail["Subject"] = self.access.rcpt_to, chosen.subject
        chosen.fill(mail, code)
        return self._hand_over(mail.as_bytes())

    def _hand_over(self, raw: bytes) -> str:
        with smtplib.SMTP(self.access.host, self.access.port, timeout=_TIMEOUT) as client:
            client.starttls(context=ssl.create_default_context(cafile=self.access.ca_file))
            client.login(self.access.username, self.access.password)
            client.mail(self.access.mail_from)
            code, answer = client.rcpt(self.access.rcpt_to)
            if code == 250:
                code, answer = client.data(raw)
        if code != 250 or not (taken := _TAKEN_AS.match(answer)):
            raise smtplib.SMTPResponseException(code, answer)
        return taken[1].decode()
