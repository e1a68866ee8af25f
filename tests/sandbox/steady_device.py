"""A device that sends a mail a second, whatever is deployed meanwhile."""

from __future__ import annotations

import smtplib
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Self

from tests.sandbox.running import RunningSandbox, recipient_code, unique_address
from tests.waiting import eventually


def make_mail(relay: RunningSandbox, to: str, subject: str, body: str) -> EmailMessage:
    """A mail of a device of the stack."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = relay.device, to, subject
    mail.set_content(body)
    return mail


@dataclass
class SteadyDevice:
    """Sends a mail a second to `address`, each for another recipient, until it is stopped."""

    relay: RunningSandbox
    address: str
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name=self.address)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            recipient = unique_address()
            body = f"Too high.\n{recipient_code(recipient)}\n"
            mail = make_mail(self.relay, self.address, f"for {recipient}", body)
            mail.add_attachment(
                b"data", maintype="application", subtype="octet-stream", filename="a.bin"
            )
            try:
                self.relay.send(mail.as_bytes(), to=self.address)
            except smtplib.SMTPException as error:
                self.refused.append(f"{recipient}: {error}")
            else:
                self.accepted.append(recipient)
            self._stop.wait(1.0)

    def await_more(self) -> None:
        """Wait until it has sent another mail."""
        sent = len(self.accepted)
        eventually(lambda: len(self.accepted) > sent, within=60)
