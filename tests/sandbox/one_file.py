"""A mail with one file, sent through a sandbox."""

from __future__ import annotations

from tests.sandbox.running import RunningSandbox, recipient_code, unique_address

CONTENT = b"12.7;10.0\r\n"


def deliver_one_file(relay: RunningSandbox) -> str:
    """A mail with one file, as its recipient gets it."""
    recipient = unique_address()
    relay.send(
        b"\r\n".join(
            [
                f"From: {relay.device}".encode(),
                b'Content-Type: multipart/mixed; boundary="b"',
                b"",
                b"--b",
                b"Content-Type: text/plain",
                b"",
                recipient_code(recipient).encode(),
                b"--b",
                b'Content-Disposition: attachment; filename="values.csv"',
                b"",
                CONTENT,
                b"--b--",
                b"",
            ]
        )
    )
    return relay.await_mail(recipient).decode()
