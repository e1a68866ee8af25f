"""The fields that the smart host of docs/smart-host changes in a mail, and those that it keeps."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from relay_core.mime.parsing import parse_message
from relay_core.policy.author import find_author
from sandbox.ses_verdicts import Envelope
from sandbox.smtp.server import AccessKeys, SmtpFront
from sandbox.smtp.tls import make_server_context
from tests.sandbox.smart_host import SmartHost, running_smart_host
from tests.waiting import eventually

SENDER = "relay@mail.example.com"


@dataclass
class Endpoint:
    """A stand-in for SES: refuses every recipient permanently, until it is switched to accept."""

    takes: bool = False
    raws: list[bytes] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)

    def accepts(self, _recipient: str) -> bool:
        return self.takes

    def receive(self, raw: bytes, envelope: Envelope) -> str:
        self.raws.append(raw)
        self.envelopes.append(envelope)
        return "id"

    @property
    def mails(self) -> list[Message]:
        return [message_from_bytes(raw) for raw in self.raws]


@contextmanager
def submitting_to(endpoint: Endpoint, folder: Path) -> Iterator[SmartHost]:
    """A smart host that submits to the stand-in."""
    ca_file = folder / "ca.pem"
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        front = SmtpFront(
            listening=listening,
            tls=make_server_context(ca_file),
            logins=AccessKeys(passwords={"AKIA": "secret"}),
            receiving=endpoint,
            listener=lambda _event: None,
        )
        smtp = {
            "port": listening.getsockname()[1],
            "mail_from": SENDER,
            "rcpt_to": "devices@in.example.com",
            "ca_file": ca_file,
            "username": "AKIA",
            "password": "secret",
        }
        with closing(front), running_smart_host(smtp) as host:
            yield host


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Endpoint, SmartHost]]:
    endpoint = Endpoint(takes=True)
    with submitting_to(endpoint, tmp_path_factory.mktemp("endpoint")) as host:
        yield endpoint, host


@pytest.fixture
def host(running: tuple[Endpoint, SmartHost]) -> SmartHost:
    return running[1]


@pytest.fixture
def endpoint(running: tuple[Endpoint, SmartHost]) -> Endpoint:
    running[0].raws.clear()
    running[0].envelopes.clear()
    return running[0]


def send(
    host: SmartHost,
    header: str,
    *,
    sender: str = "camera",
    recipient: str = "relay@site.internal",
) -> None:
    """Send a mail without a body."""
    with smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client:
        client.sendmail(sender, [recipient], f"{header}\r\n".encode())


def test_a_mail_that_is_refused_for_good_is_kept_and_its_bytes_are_not_changed(
    tmp_path: Path,
) -> None:
    body = b"h\xe4llo\r\n" + b"=" * 5000 + b"\r\n..\r\n\x00\t \r\n"
    endpoint = Endpoint()
    with submitting_to(endpoint, tmp_path) as host:
        with smtplib.SMTP("127.0.0.1", host.port, timeout=60) as client:
            client.sendmail("c@plant.local", ["relay@site.internal"], b"\r\n" + body)
        eventually(lambda: "status=deferred" in host.log, within=60)
        assert "550" in host.run("postqueue", "-p")
        endpoint.takes = True
        host.run("postqueue", "-f")
        eventually(lambda: endpoint.raws, within=60)
    (raw,) = endpoint.raws
    assert body == raw.partition(b"\r\n\r\n")[2]


def test_a_mail_that_expired_leaves_nothing_in_the_queue(tmp_path: Path) -> None:
    """Postfix returns it to the relay's sender address, to which SES does not let it send."""
    with submitting_to(Endpoint(), tmp_path) as host:
        host.run("postconf", "maximal_queue_lifetime = 0")
        host.run("postfix", "reload")
        send(host, "Subject: Motion\r\n")
        eventually(lambda: "status=expired" in host.log, within=60)
        eventually(lambda: "Mail queue is empty" in host.run("postqueue", "-p"), within=60)
        assert 1 == host.log.count("sender non-delivery notification")


FROM = {
    # What a device writes → the name that recipients see; the address is that of the relay
    "camera-7@plant.local": '"camera-7" ',
    "<camera-7@192.168.1.7>": '"camera-7" ',
    "camera-7@[192.168.1.7]": '"camera-7" ',
    "camera-7@x.y <camera-7@x.y>": '"camera-7" ',
    "<camera>": '"camera" ',
    "camera-7@x.y (Hall 3)": '"Hall 3" ',
    '"Camera 7" <x@y>': '"Camera 7" ',
    'Camera "7" <x@y>': 'Camera "7" ',
    "Camera 7 <x@y> (north)": "Camera 7 ",
    "Camera [7] <x@y>": '"Camera [7]" ',
    r"PLANT\camera <x@y>": r'"PLANT\\camera" ',
    "Camera @ 7 <x@y>": '"Camera @ 7" ',
    '"Camera 7" <>': '"Camera 7" ',
    "IPC_1 <IPC_1>": "IPC_1 ",
    "Camera 7": "Camera 7 ",
    '"Camera 7"': '"Camera 7" ',
    "camera": "camera ",
    "=?utf-8?q?K=C3=BChler?=": "=?utf-8?q?K=C3=BChler?= ",
    "=?utf-8?q?K=C3=BChler?= <x@y>": "=?utf-8?q?K=C3=BChler?= ",
    "<>": "",
    "": "",
    'Camera "7 <x@y>': "",
    # A comma in a name
    "Hall 3,\r\n north <x@y>": '"Hall 3,  north" ',
    '"Hall 3, north" <x@y>': '"Hall 3, north" ',
    r'"Hall \"3\", north" <x@y>': r'"Hall \"3\", north" ',
    "Hall 3, north <x@y>": '"Hall 3, north" ',
    "Hall 3, north": '"Hall 3, north" ',
    # Several mailboxes: the first, as the relay does
    "a@b.local, c@d.local": '"a" ',
    "<a@b.local>, <c@d.local>": '"a" ',
    '"Pump 1" <a@b>, "Pump 2" <c@d>': '"Pump 1" ',
    "Pump 1 <a@b>, Pump 2 <c@d>": "Pump 1 ",
    # A group: its name, and that of its first mailbox
    "Pumps: Pump 1 <a@b>, Pump 2 <c@d>;": '"Pumps: Pump 1" ',
    'Pumps: "Pump 1" <a@b>;': '"Pumps: Pump 1" ',
    '"Hall 3: pumps": "Pump 1" <a@b>;': '"Hall 3: pumps: Pump 1" ',
    '"Hall 3: pumps": a@b;': '"Hall 3: pumps" ',
    'Pumps: a@b.local, "Pump 2" <c@d>;': "Pumps ",
    "Pumps:a@b.local;": "Pumps ",
    "Pumps: <a@b.local>;": "Pumps ",
    "Pumps:;": "Pumps ",
    "=?utf-8?q?K=C3=BChler?=: a@b.local;": "=?utf-8?q?K=C3=BChler?= ",
    "Hall 3: Pump 1 <a@b>": '"Hall 3: Pump 1" ',
    "00:11:22:33:44:55@b.local": '"00:11:22:33:44:55" ',
    "camera@[IPv6:::1]": '"camera" ',
}


def test_whatever_from_a_device_writes_has_one_address_that_ses_knows(
    endpoint: Endpoint, host: SmartHost
) -> None:
    for sender in FROM:
        send(host, f"X-Sent: {sender}\r\nFROM: {sender}\r\n")
    eventually(lambda: len(endpoint.raws) == len(FROM), within=60)
    found = {mail["X-Sent"]: [*mail.get_all("From", ())] for mail in endpoint.mails}
    assert found == {sender: [f"{name}<{SENDER}>"] for sender, name in FROM.items()}
    assert {SENDER} == {find_author(parse_message(raw).header) for raw in endpoint.raws}


def test_bytes_beyond_ascii_in_a_name_stay(endpoint: Endpoint, host: SmartHost) -> None:
    send(host, "From: Kühler 3, north <x@y>\r\n")
    eventually(lambda: endpoint.raws, within=60)
    assert f'From: "Kühler 3, north" <{SENDER}>'.encode() in endpoint.raws[0]


def test_of_the_other_fields_with_addresses_only_sender_is_changed(
    endpoint: Endpoint, host: SmartHost
) -> None:
    fields = {
        "To": "Relay <relay@example.com>",
        "Cc": "boss@example.com",
        "Reply-To": "Ops <ops@example.com>",
        "Errors-To": "camera@plant.local",
        "Disposition-Notification-To": "camera@plant.local",
    }
    others = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    send(host, f"From: camera@plant.local\r\nSender: camera@plant.local\r\n{others}")
    eventually(lambda: endpoint.raws, within=60)
    (mail,) = endpoint.mails
    assert fields == {name: mail[name] for name in fields}
    assert "Sender" not in mail


@pytest.mark.parametrize("sender", ["camera@plant.local", ""])
def test_a_mail_without_from_is_from_the_relays_sender(
    endpoint: Endpoint, host: SmartHost, sender: str
) -> None:
    send(host, "Subject: Motion\r\n", sender=sender)
    eventually(lambda: endpoint.raws, within=60)
    assert [SENDER] == [mail["From"] for mail in endpoint.mails]


def test_mail_for_postmaster_goes_to_the_relay(endpoint: Endpoint, host: SmartHost) -> None:
    send(host, "Subject: Motion\r\n", recipient="Postmaster")
    eventually(lambda: endpoint.envelopes, within=60)
    assert [("devices@in.example.com",)] == [one.recipients for one in endpoint.envelopes]
