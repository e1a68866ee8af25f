"""Each mail has exactly one outcome, whatever its content, and nothing of it is lost."""

from __future__ import annotations

import email
import email.policy
import json
import secrets
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from sandbox.ses_verdicts import EICAR, GTUBE
from tests.sandbox.running import (
    MARKER,
    RunningSandbox,
    files_behind,
    recipient_code,
    unique_address,
)
from tests.waiting import eventually


def body_of(raw: bytes) -> str:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    assert body is not None
    content: str = body.get_content()
    return content


def mail_from(relay: RunningSandbox, subject: str = "test") -> EmailMessage:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"], mail["To"], mail["Subject"] = relay.device, relay.smtp["rcpt_to"], subject
    return mail


# --- delivered mails ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "before", "charset"),
    [
        ("", "Plain text.", "ascii"),
        ("Content-Type: text/html", "<p>Only <b>HTML</b>.</p>", "ascii"),
        ("Content-Type: text/plain; charset=iso-8859-1", "Überdruck: 3 µbar", "iso-8859-1"),
        ("Content-Type: text/plain; charset=cp1251", "Давление", "cp1251"),
        ("", "Never labelled: Ünïcödé", "utf-8"),
        ("Subject:", "", "ascii"),
    ],
    ids=["text", "html", "latin-1", "cyrillic", "unlabelled", "empty but for the code"],
)
def test_single_part_mails_arrive(
    relay: RunningSandbox, header: str, before: str, charset: str
) -> None:
    recipient = unique_address()
    head = "\r\n".join(filter(None, [f"From: {relay.device}", header]))
    text = f"{head}\r\n\r\n{before}\r\n{recipient_code(recipient)}\r\n"
    relay.send(text.encode(charset))
    body = body_of(relay.await_mail(recipient))
    assert before in body
    assert MARKER not in body


def test_attachments_of_one_name_and_of_none_all_arrive(relay: RunningSandbox) -> None:
    recipient = unique_address()
    mail = mail_from(relay)
    mail.set_content(f"Three files.\n{recipient_code(recipient)}\n")
    for content in (b"first", b"second"):
        mail.add_attachment(content, maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment(b"third", maintype="application", subtype="octet-stream")
    relay.send(mail.as_bytes())
    body = body_of(relay.await_mail(recipient))
    assert files_behind(body) == [b"first", b"second", b"third"]


def test_a_mail_of_25_megabytes(relay: RunningSandbox) -> None:
    recipient, content = unique_address(), secrets.token_bytes(18_500_000)
    mail = mail_from(relay)
    mail.set_content(recipient_code(recipient) + "\n")
    mail.add_attachment(content, maintype="video", subtype="mp4", filename="camera.mp4")
    raw = mail.as_bytes()
    assert len(raw) > 25_000_000
    relay.send(raw)
    [found] = files_behind(body_of(relay.await_mail(recipient)))
    assert content == found


# --- notices to the operator --------------------------------------------------------------------


def test_a_mail_without_a_code(relay: RunningSandbox) -> None:
    subject = f"no code {unique_address()}"
    relay.send(f"From: {relay.device}\r\nSubject: {subject}\r\n\r\nHello.\r\n".encode())
    notice = relay.await_notice(subject)
    assert notice["topic"] == "fallback"
    assert notice["attributes"]["reason"] == "no-recipient-code"


def test_a_mail_without_any_body(relay: RunningSandbox) -> None:
    subject = f"no body {unique_address()}"
    relay.send(f"From: {relay.device}\r\nSubject: {subject}\r\n\r\n".encode())
    assert relay.await_notice(subject)["attributes"]["reason"] == "no-recipient-code"


def test_a_recipient_that_is_not_allowed(relay: RunningSandbox) -> None:
    stranger = unique_address("elsewhere.test")
    relay.send(f"From: {relay.device}\r\n\r\n{recipient_code(stranger)}\r\n".encode())
    assert relay.await_notice(stranger)["attributes"]["reason"] == "recipient-not-allowed"
    assert relay.mails(stranger) == []


def test_a_virus_is_refused_and_its_attachment_is_not_stored(relay: RunningSandbox) -> None:
    recipient, name = unique_address(), f"virus-{secrets.token_hex(4)}.com"
    mail = mail_from(relay, f"virus {recipient}")
    mail.set_content(recipient_code(recipient))
    mail.add_attachment(EICAR, maintype="application", subtype="octet-stream", filename=name)
    assert EICAR not in mail.as_bytes()
    relay.send(mail.as_bytes())
    assert relay.await_notice(recipient)["attributes"]["reason"] == "virus"
    assert not [key for key in relay.stored_attachments() if name in key]
    assert relay.mails(recipient) == []


def test_spam_is_refused(relay: RunningSandbox) -> None:
    recipient = unique_address()
    text = f"From: {relay.device}\r\nSubject: {recipient}\r\n\r\n{recipient_code(recipient)}\r\n"
    relay.send(text.encode() + GTUBE + b"\r\n")
    assert relay.await_notice(recipient)["attributes"]["reason"] == "spam"
    assert relay.mails(recipient) == []


def test_a_sender_who_fails_authentication_is_refused(relay: RunningSandbox) -> None:
    recipient, forged = unique_address(), "boss@forged.invalid"
    text = f"From: {forged}\r\nSubject: {recipient}\r\n\r\n{recipient_code(recipient)}\r\n"
    relay.send(text.encode())
    assert relay.await_notice(recipient)["attributes"]["reason"] == "authentication-failed"


# SES's results for mail that claims to be from plant.example without authentication.
FORGED: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("mx.evil.example", {}),
    "softfail": ("mx.evil.example", {"spf": "softfail"}),
    "dmarc": ("mx.evil.example", {"spf": "pass", "dmarc": "fail"}),
    "another": ("mx.evil.example", {"spf": "pass", "dkim": [["pass", "evil.example"]]}),
    "broken": ("mx.evil.example", {"spf": "none", "dkim": [["fail", "plant.example"]]}),
    "greeting": ("a;dkim=pass header.i=@plant.example;dmarc=pass header.from=plant.example", {}),
    "blanks": ("a; dkim=pass header.i=@plant.example; dmarc=pass header.from=plant.example", {}),
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_stranger_who_writes_a_devices_address_is_refused(
    relay: RunningSandbox, forged: str
) -> None:
    recipient, (greeting, results) = unique_address(), FORGED[forged]
    # A different sender for each: only the first mails of a sender have notices of their own.
    sender = f"{secrets.token_hex(4)}@plant.example"
    text = f"From: {sender}\r\nSubject: {recipient}\r\n\r\n{recipient_code(recipient)}"
    relay.send_from_outside(
        f"{text}\r\n".encode(),
        mail_from="x@evil.example",
        greeting=f"{secrets.token_hex(4)}.{greeting}",
        results=results,
    )
    assert relay.await_notice(recipient)["attributes"]["reason"] == "authentication-failed"
    assert relay.mails(recipient) == []


@pytest.mark.parametrize(
    "results",
    [{"dkim": [["pass", "plant.example"]]}, {"spf": "pass"}, {"dmarc": "pass"}],
    ids=["dkim", "spf", "dmarc"],
)
def test_mail_from_anywhere_that_proves_its_author_is_relayed(
    relay: RunningSandbox, results: dict[str, Any]
) -> None:
    recipient = unique_address()
    relay.send_from_outside(
        f"From: boiler@plant.example\r\n\r\n{recipient_code(recipient)}\r\n".encode(),
        mail_from="bounce@mail.plant.example",
        greeting=f"{secrets.token_hex(4)}.plant.example",
        results=results,
    )
    [reply_to] = email.message_from_bytes(relay.await_mail(recipient)).get_all("Reply-To", [])
    assert reply_to == "boiler@plant.example"


# --- answers of SES -----------------------------------------------------------------------------


@pytest.fixture
def faultless(relay: RunningSandbox) -> Iterator[RunningSandbox]:
    yield relay
    relay.set_faults()


def test_a_throttled_mail_is_delivered_in_the_end_and_once(faultless: RunningSandbox) -> None:
    relay, recipient, other = faultless, unique_address(), unique_address()
    # More often than one invocation tries, so that the queue has to deliver again.
    relay.set_faults({"error": "SendingPausedException", "times": 2, "recipient": recipient})
    code = recipient_code(other, recipient)
    relay.send(f"From: {relay.device}\r\n\r\nHello. {code}\r\n".encode())
    relay.await_mail(recipient)
    queue = relay.client("sqs")

    def is_settled() -> bool:
        answer = queue.get_queue_attributes(
            QueueUrl=relay.ready["stack"]["queueUrl"], AttributeNames=["All"]
        )["Attributes"]
        return not any(int(v) for k, v in answer.items() if k.startswith("ApproximateNumber"))

    eventually(is_settled, within=60)
    assert [1, 1] == [len(relay.mails(address)) for address in (recipient, other)]


def test_one_rejected_recipient_of_three(faultless: RunningSandbox) -> None:
    relay = faultless
    first, rejected, last = unique_address(), unique_address(), unique_address()
    relay.set_faults({"error": "MessageRejected", "times": 1000, "recipient": rejected})
    code = recipient_code(first, rejected, last)
    relay.send(f"From: {relay.device}\r\n\r\nHello. {code}\r\n".encode())
    relay.await_mail(first)
    relay.await_mail(last)
    assert relay.await_notice(rejected)["attributes"]["reason"] == "submission-failed"
    assert relay.mails(rejected) == []


def test_mail_that_an_operator_sends_comes_into_the_outbox(relay: RunningSandbox) -> None:
    recipient = unique_address()
    raw = f"From: {relay.smtp['mail_from']}\r\nSubject: by hand\r\n\r\nHello.\r\n".encode()
    relay.client("sesv2").send_email(
        Destination={"ToAddresses": [recipient]}, Content={"Raw": {"Data": raw}}
    )
    assert [raw] == relay.mails(recipient)


# --- mails stored by SES ------------------------------------------------------------------------


def test_the_stored_mail_is_ses_header_and_the_exact_bytes(relay: RunningSandbox) -> None:
    before = relay.raw_keys()
    raw = (
        b"Subject: bytes\r\n.leading dot\r\n\r\n..two dots\r\nbare \n and \r, 8 bit \xff\xfe\r\n"
        + secrets.token_hex(16).encode()
        + b"x" * 100_000
        + b"\r\n"
    )
    relay.send(raw)
    bucket, s3 = relay.ready["stack"]["incomingBucket"], relay.client("s3")

    def stored() -> list[bytes]:
        new = relay.raw_keys() - before
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in new]
        return [body for body in bodies if body.endswith(raw)]

    [content] = eventually(stored)
    header = content.removesuffix(raw).decode()
    assert header.startswith(f"Return-Path: <{relay.device}>\r\nReceived: from ")


def test_ses_tries_out_its_rule_and_the_relay_ignores_that(relay: RunningSandbox) -> None:
    assert "incoming/AMAZON_SES_SETUP_NOTIFICATION" in relay.raw_keys()
    assert not [n for n in relay.notices() if "SETUP_NOTIFICATION" in json.dumps(n)]
