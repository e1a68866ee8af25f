"""The SMTP server, with devices that follow SMTP and others that do not."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import LoginPassword
from botocore.exceptions import EndpointConnectionError

from sandbox.events import Event, MailRejected, SandboxFailure
from sandbox.ses.identities import NotVerified
from sandbox.ses_verdicts import Envelope
from sandbox.smtp.server import MAX_MESSAGE, AccessKeys, Credentials, SmtpFront
from sandbox.smtp.tls import make_server_context

KNOWN = "devices@in.example.com"
CREDENTIALS = Credentials(username="AKIADEVICE", password="secret/+word")


@dataclass
class FakeReceiving:
    """SES email receiving for one address, which records what it gets."""

    received: list[tuple[bytes, Envelope]] = field(default_factory=list)
    broken: bool = False

    def accepts(self, recipient: str) -> bool:
        return recipient == KNOWN

    def receive(self, raw: bytes, envelope: Envelope) -> str:
        if self.broken:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
        self.received.append((raw, envelope))
        return "message-id"


class OneDomain:
    """The identities of an account that may send from every domain except elsewhere.test."""

    def require(self, *addresses: str) -> tuple[str, ...]:
        if others := [one for one in addresses if one.endswith("@elsewhere.test")]:
            raise NotVerified(f"not verified: {', '.join(others)}")
        return ("example.com",)


@dataclass
class Front:
    port: int
    tls: ssl.SSLContext
    receiving: FakeReceiving
    events: list[Event]

    def connect(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, timeout=30)

    def logged_in(self) -> smtplib.SMTP:
        client = self.connect()
        client.starttls(context=self.tls)
        client.login(CREDENTIALS.username, CREDENTIALS.password)
        return client


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    return make_server_context(ca_file), ca_file


@pytest.fixture
def front(server_tls: tuple[ssl.SSLContext, Path]) -> Iterator[Front]:
    context, ca_file = server_tls
    receiving, events = FakeReceiving(), list[Event]()
    listening = socket.create_server(("127.0.0.1", 0))
    stand_in: Any = receiving  # with the two methods that the server calls
    server = SmtpFront(
        listening=listening,
        tls=context,
        logins=CREDENTIALS,
        receiving=stand_in,
        listener=events.append,
        identities=OneDomain(),
    )
    try:
        yield Front(
            port=listening.getsockname()[1],
            tls=ssl.create_default_context(cafile=ca_file),
            receiving=receiving,
            events=events,
        )
    finally:
        server.close()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_access_keys_log_in_as_long_as_they_are_good() -> None:
    passwords = {"AKIAOLD": "old"}
    keys = AccessKeys(passwords=passwords)

    def match(name: str, password: str) -> bool:
        return keys.match(LoginPassword(name.encode(), password.encode()))

    assert match("AKIAOLD", "old")
    assert not match("AKIANEW", "new")
    passwords["AKIANEW"] = "new"
    assert match("AKIAOLD", "old")
    assert match("AKIANEW", "new")
    assert not match("AKIANEW", "old")
    del passwords["AKIAOLD"]
    assert not match("AKIAOLD", "old")


def test_the_bytes_and_the_envelope_come_through(front: Front) -> None:
    raw = b"Subject: x\r\n\r\n.\r\n..\r\nbare \n here, 8 bit \xff\r\n"
    with front.logged_in() as client:
        client.sendmail("sensor@example.com", [KNOWN], raw, mail_options=["BODY=8BITMIME"])
    [(received, envelope)] = front.receiving.received
    assert received == raw
    assert (envelope.mail_from, envelope.recipients) == ("sensor@example.com", (KNOWN,))


def test_nothing_is_taken_without_starttls(front: Front) -> None:
    with front.connect() as client:
        client.ehlo()
        assert "auth" not in client.esmtp_features
        assert client.docmd("MAIL FROM:<a@example.com>")[0] == 530
        assert client.docmd("AUTH PLAIN", b64("\0user\0password"))[0] == 538


def test_nothing_is_taken_without_a_login(front: Front) -> None:
    with front.connect() as client:
        client.starttls(context=front.tls)
        client.ehlo()
        assert client.docmd("MAIL FROM:<a@example.com>")[0] == 530


@pytest.mark.parametrize("command", ["AUTH LOGIN", "auth login", "AUTH Login"])
def test_login_in_three_lines(front: Front, command: str) -> None:
    with front.connect() as client:
        client.starttls(context=front.tls)
        client.ehlo()
        assert client.docmd(command) == (334, b64("Username:").encode())
        assert client.docmd(b64(CREDENTIALS.username)) == (334, b64("Password:").encode())
        assert client.docmd(b64(CREDENTIALS.password))[0] == 235


def test_login_with_the_user_name_on_the_same_line(front: Front) -> None:
    with front.connect() as client:
        client.starttls(context=front.tls)
        client.ehlo()
        assert client.docmd(f"AUTH LOGIN {b64(CREDENTIALS.username)}")[0] == 334
        assert client.docmd(b64(CREDENTIALS.password))[0] == 235


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize("username", [CREDENTIALS.username, "somebody"])
def test_wrong_credentials(front: Front, mechanism: str, username: str) -> None:
    with front.connect() as client:
        client.starttls(context=front.tls)
        client.ehlo()
        client.user, client.password = username, "wrong"
        authenticate = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login}[mechanism]
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.auth(mechanism, authenticate)
    assert caught.value.smtp_code == 535
    assert [MailRejected] == [type(event) for event in front.events]


@pytest.mark.parametrize("greeting", ["HELO sensor", "HELO", "EHLO", "helo "])
def test_greetings(front: Front, greeting: str) -> None:
    with front.connect() as client:
        assert client.docmd(greeting)[0] == 250
        assert client.docmd("STARTTLS")[0] == 220
        assert client.sock is not None
        client.sock = front.tls.wrap_socket(client.sock, server_hostname="127.0.0.1")
        client.file = None
        assert client.docmd(greeting)[0] == 250
        assert (
            client.docmd("AUTH PLAIN", b64(f"\0{CREDENTIALS.username}\0{CREDENTIALS.password}"))[0]
            == 235
        )
        assert client.docmd("MAIL FROM:<a@example.com>")[0] == 250


@pytest.mark.parametrize(
    ("argument", "reverse_path"),
    [
        ("<>", ""),
        ("<sensor@example.com>", "sensor@example.com"),
        (" <sensor@example.com>", "sensor@example.com"),
        ("sensor@example.com", "sensor@example.com"),
        ("<AppName>", "AppName"),
        ("<My App>", '"My App"'),
        ("AppName", "AppName"),
        ("<sensor@[10.0.0.7]>", "sensor@[10.0.0.7]"),
        ("<sensor@host_name>", "sensor@host_name"),
        ("<a..b@example.com>", "a..b@example.com"),
    ],
)
def test_reverse_paths(front: Front, argument: str, reverse_path: str) -> None:
    with front.logged_in() as client:
        assert client.docmd(f"MAIL FROM:{argument}")[0] == 250
        assert client.rcpt(KNOWN)[0] == 250
        assert client.data(b"Subject: x\r\n\r\n") == (250, b"Ok message-id")
    [(_, envelope)] = front.receiving.received
    assert envelope.mail_from == reverse_path


def test_a_login_leaves_nothing_in_the_log(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    with front.logged_in() as client:
        assert client.noop()[0] == 250
    assert [] == caplog.messages


def test_an_unknown_recipient_among_known_ones(front: Front) -> None:
    with front.logged_in() as client:
        refused = client.sendmail("a@example.com", ["nobody@example.com", KNOWN], b"\r\n")
    assert {"nobody@example.com": 550} == {to: code for to, (code, _) in refused.items()}
    assert [(KNOWN,)] == [envelope.recipients for _, envelope in front.receiving.received]


def test_a_sender_that_is_not_verified_is_rejected_after_data_and_nothing_is_stored(
    front: Front,
) -> None:
    with front.logged_in() as client:
        assert client.mail("camera@elsewhere.test")[0] == 250
        assert client.rcpt(KNOWN)[0] == 250
        answer = client.data(b"Subject: x\r\n\r\n")
        # The session continues after the error.
        client.sendmail("sensor@example.com", [KNOWN], b"\r\n")
    assert (554, b"Message rejected: not verified: camera@elsewhere.test") == answer
    assert ["sensor@example.com"] == [one.mail_from for _, one in front.receiving.received]
    [rejected] = front.events
    assert isinstance(rejected, MailRejected)
    assert "camera@elsewhere.test" in rejected.about


def test_a_line_of_two_million_bytes(front: Front) -> None:
    raw = b"Subject: x\r\n\r\n" + b"QUJD" * 500_000 + b"\r\n"
    with front.logged_in() as client:
        client.sendmail("a@example.com", [KNOWN], raw)
    assert [raw] == [received for received, _ in front.receiving.received]


def test_more_than_40_megabytes_announced(front: Front) -> None:
    with front.logged_in() as client:
        assert client.docmd(f"MAIL FROM:<a@example.com> SIZE={MAX_MESSAGE + 1}")[0] == 552


def test_more_than_40_megabytes_sent_all_the_same(front: Front) -> None:
    line = b"x" * 1_000_000 + b"\r\n"
    with front.logged_in() as client:
        client.mail("a@example.com")
        client.rcpt(KNOWN)
        assert client.data(line * 42)[0] == 552
    assert front.receiving.received == []


def test_a_mail_that_could_not_be_stored_is_never_confirmed(front: Front) -> None:
    front.receiving.broken = True
    with front.logged_in() as client:
        client.mail("a@example.com")
        client.rcpt(KNOWN)
        assert client.data(b"Subject: x\r\n\r\n")[0] == 451
        front.receiving.broken = False
        client.mail("a@example.com")
        client.rcpt(KNOWN)
        assert client.data(b"Subject: x\r\n\r\n")[0] == 250
    assert [SandboxFailure] == [type(event) for event in front.events]
