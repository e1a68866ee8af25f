"""Mails of devices, identified by their subjects."""

from __future__ import annotations

import secrets

from tests.sandbox.running import (
    RunningSandbox,
)
from tests.waiting import eventually


def device() -> str:
    return f"device-{secrets.token_hex(6)}@mail.example.com"


def mail(sender: str, subject: str, body: str) -> bytes:
    return f"From: Device <{sender}>\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


def send(relay: RunningSandbox, body: str, *, sender: str | None = None) -> str:
    """Send a mail; return its subject, which is unique."""
    subject, sender = f"subject {secrets.token_hex(6)}", sender or device()
    relay.send(mail(sender, subject, body))
    return subject


def subjects(relay: RunningSandbox, recipient: str) -> list[str]:
    """The subjects in a mailbox."""
    return [
        line.removeprefix("Subject: ")
        for raw in relay.mails(recipient)
        for line in raw.decode().partition("\r\n\r\n")[0].split("\r\n")
        if line.startswith("Subject: ")
    ]


def await_subject(relay: RunningSandbox, recipient: str, subject: str) -> None:
    eventually(lambda: subject in subjects(relay, recipient), within=60)
