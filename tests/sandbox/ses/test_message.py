from __future__ import annotations

import pytest

from sandbox.ses.errors import SesError
from sandbox.ses.message import MAX_MESSAGE, check_recipients, read_message

HEAD = b"From: Relay <relay@example.com>\r\nTo: a@example.org, B <b@example.net>\r\nSubject: x\r\n"


def test_what_ses_reads() -> None:
    message = read_message(HEAD + b"\r\nSubject: not this one\r\n")
    assert (message.from_display_name, message.from_address) == ("Relay", "relay@example.com")
    assert message.recipients == ("a@example.org", "b@example.net")
    assert message.subject == "x"


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b"Subject: x\r\n\r\n", "BadRequestException", "Missing required header 'From'."),
        (HEAD + b"From: c@example.com\r\n\r\n", "BadRequestException", "Duplicate header 'From'."),
        (
            HEAD + b"content-type: a/b\r\nContent-Type: a/b\r\n\r\n",
            "BadRequestException",
            "Duplicate header 'content-type'.",
        ),
        (b"From: nobody\r\n\r\n", "BadRequestException", "Missing final '@domain'"),
        (HEAD + b": x\r\n\r\n", "BadRequestException", "Empty header names are illegal."),
        (HEAD + b"\r\n\xe9", "BadRequestException", "byte 0xe9 at offset"),
        (HEAD + b"\r\n" + b"x" * 999 + b"\r\n", "BadRequestException", "Line longer than 1000"),
        (HEAD + b"\r\n" + b"\r\n" * (MAX_MESSAGE // 2), "BadRequestException", "Message length"),
    ],
)
def test_what_ses_would_not_take(raw: bytes, code: str, words: str) -> None:
    with pytest.raises(SesError) as caught:
        read_message(raw)
    assert caught.value.code == code
    assert words in caught.value.message


def test_what_may_come_twice_and_the_longest_line() -> None:
    read_message(HEAD + b"Received: a\r\nReceived: b\r\n\r\n" + b"x" * 998 + b"\r\n")


@pytest.mark.parametrize(
    ("recipients", "code"),
    [
        ((), "BadRequestException"),
        (("nobody",), "BadRequestException"),
        (tuple(f"r{n}@example.org" for n in range(51)), "MessageRejected"),
    ],
)
def test_recipients_that_ses_would_not_take(recipients: tuple[str, ...], code: str) -> None:
    with pytest.raises(SesError) as caught:
        check_recipients(recipients)
    assert caught.value.code == code


def test_fifty_recipients() -> None:
    check_recipients(tuple(f"r{n}@example.org" for n in range(50)))
