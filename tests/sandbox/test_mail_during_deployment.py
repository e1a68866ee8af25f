"""Mail that arrives during a deployment is refused or relayed, never lost.

SES accepts mail as soon as the receipt rule is in the active set, whatever else of the stack
exists. On AWS a bucket's notification is created a minute or more after the bucket, because the
provider waits for the queue. Here it waits until devices have tried for a while.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from typing import Any

import pytest

import sandbox.deploy.mocked as deployer
from sandbox.app import running
from sandbox.emulator.running import Emulator
from sandbox.interface import Options
from sandbox.ses.receipt import Receiving
from sandbox.ses_verdicts import Envelope
from tests.sandbox.running import recipient_code, unique_address
from tests.waiting import eventually

INTERVAL = 0.1  # seconds between two mails
TRIED_MEANWHILE = 20  # mails, while the notification is being set
TAKEN_AT_LEAST = 5


class Device(threading.Thread):
    """Sends mails at intervals, without SMTP, whose server starts only after a deployment."""

    def __init__(self, emulator: Emulator, address: str) -> None:
        super().__init__(daemon=True)
        self.recipient = unique_address()
        self.refused = self.taken = 0
        self._address = address
        self._receiving = Receiving(
            ses=emulator.client("ses"),
            s3=emulator.client("s3"),
            region=emulator.region,
            listener=lambda _event: None,
        )
        self._end = threading.Event()

    @property
    def tried(self) -> int:
        return self.refused + self.taken

    def run(self) -> None:
        while not self._end.wait(INTERVAL):
            if self._receiving.accepts(self._address):
                self._send()
                self.taken += 1
            else:
                self.refused += 1

    def stop(self) -> None:
        self._end.set()
        self.join()

    def _send(self) -> None:
        sender = "sensor@mail.example.com"
        self._receiving.receive(
            (
                f"From: {sender}\r\nTo: {self._address}\r\nSubject: {self.taken}\r\n\r\n"
                f"{recipient_code(self.recipient)}\r\n"
            ).encode(),
            Envelope(
                mail_from=sender,
                recipients=(self._address,),
                helo="sensor",
                client_ip="127.0.0.1",
            ),
        )


def test_mail_during_a_deployment_is_refused_or_relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[Device] = []
    deploy = deployer.deploy

    def deploy_under_mail(
        emulator: Emulator, config: Mapping[str, object], **options: Any
    ) -> dict[str, object]:
        device = Device(emulator, str(config["mail-relay:recipientEmail"]))
        devices.append(device)

        def wait_for_mails(**_: object) -> None:
            before = device.tried
            eventually(lambda: device.tried >= before + TRIED_MEANWHILE, within=60)

        emulator.client("s3").meta.events.register(
            "before-call.s3.PutBucketNotificationConfiguration", wait_for_mails
        )
        device.start()
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(device.stop)
            exports = deploy(emulator, config, **options)
            eventually(lambda: device.taken >= TAKEN_AT_LEAST, within=60)
        return exports

    monkeypatch.setattr(deployer, "deploy", deploy_under_mail)
    with running(Options(), listener=lambda _event: None) as sandbox:
        (device,) = devices
        assert device.refused >= TRIED_MEANWHILE
        mailbox = sandbox.outbox.directory / device.recipient / "new"
        eventually(lambda: len([*mailbox.glob("*")]) >= device.taken, within=150)
        assert len([*mailbox.glob("*")]) == device.taken
