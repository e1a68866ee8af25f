"""A sandbox in its own process, started by its command line, with helpers for tests."""

from __future__ import annotations

import json
import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from relay_core.notices.quoting import quote_words
from tests.sandbox.forking import ForkedProcess, fork, sandbox_server
from tests.waiting import eventually

SandboxProcess = subprocess.Popen[bytes] | ForkedProcess
MARKER = "Email_Rxers_Code"
START_TIMEOUT = 240.0  # seconds; a few are usual, but a test machine may be busy
LINK = re.compile(r"https?://[^\s\"'<>]+")
TO_PAGE = re.compile(r"https?://[^/]+/[A-Za-z0-9_-]{40}\Z")
BUTTON = re.compile(r'<button[^>]* name="file" value="([0-9]+)"')


def unique_address(domain: str = "example.com") -> str:
    """An address that no other test uses, in a domain that mail may go to."""
    return f"r-{uuid.uuid4().hex[:12]}@{domain}"


def recipient_code(*recipients: str) -> str:
    return f":{MARKER}:{','.join(recipients)}:{MARKER}:"


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A running sandbox by its ready file, with helpers for its interfaces."""

    ready: Mapping[str, Any]
    _clients: dict[tuple[str, Config | None], Any] = field(
        default_factory=dict, compare=False, repr=False
    )

    @property
    def smtp(self) -> Mapping[str, Any]:
        smtp: Mapping[str, Any] = self.ready["smtp"]
        return smtp

    @property
    def device(self) -> str:
        """An address that a device may send from: one of the verified domain."""
        domain: str = self.smtp["mail_from"].rpartition("@")[2]
        return f"sensor@{domain}"

    def tls_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.smtp["ca_file"])

    @contextmanager
    def logged_in(self) -> Iterator[smtplib.SMTP]:
        with smtplib.SMTP(self.smtp["host"], self.smtp["port"], timeout=60) as client:
            client.starttls(context=self.tls_context())
            client.login(self.smtp["username"], self.smtp["password"])
            yield client

    def send(self, raw: bytes, *, mail_from: str | None = None, to: str | None = None) -> None:
        sender = self.device if mail_from is None else mail_from
        with self.logged_in() as client:
            client.sendmail(sender, [self.smtp["rcpt_to"] if to is None else to], raw)

    def send_from_outside(
        self, raw: bytes, *, mail_from: str, greeting: str, results: Mapping[str, Any]
    ) -> None:
        """Send a mail directly to the MX host, with these results of SES."""
        mx = self.ready["mx"]
        file = Path(mx["results"])
        found = {**json.loads(file.read_text()), greeting: results}
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(found))
        temporary.replace(file)
        with smtplib.SMTP(mx["host"], mx["port"], local_hostname=greeting, timeout=60) as client:
            client.sendmail(mail_from, [self.smtp["rcpt_to"]], raw)

    def mails(self, recipient: str) -> list[bytes]:
        """The mails of a mailbox, oldest first."""
        folder = Path(self.ready["outbox"]) / recipient / "new"
        paths = sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime_ns)
        return [path.read_bytes() for path in paths]

    def await_mail(self, recipient: str) -> bytes:
        """The first mail of a mailbox; if none comes, the assertion shows all notices."""
        try:
            return eventually(lambda: self.mails(recipient), within=60)[0]
        except AssertionError:
            messages = [notice["message"] for notice in self.notices()]
            raise AssertionError(f"no mail for {recipient}; notices: {messages}") from None

    def notices(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(self.ready["notices"]).read_text().splitlines()]

    def await_notice(self, containing: str) -> dict[str, Any]:
        """The first notice that contains `containing`, unchanged or quoted like a subject."""
        spelled = {containing, quote_words(containing, keeps_addresses=False)}

        def find() -> dict[str, Any] | None:
            notices = ((n, json.dumps(n)) for n in self.notices())
            return next((n for n, text in notices if any(one in text for one in spelled)), None)

        found = eventually(find, within=60)
        assert found is not None
        return found

    def set_faults(self, *faults: Mapping[str, Any]) -> None:
        file = Path(self.ready["ses_faults"])
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(faults))
        temporary.replace(file)

    def client(self, service: str, config: Config | None = None) -> Any:
        """The administrator's client of a service, created once."""
        if (service, config) not in self._clients:
            aws = self.ready["aws"]
            make: Any = boto3.client  # the stubs know services by literal names
            self._clients[service, config] = make(
                service,
                endpoint_url=aws["endpoint"],
                region_name=aws["region"],
                aws_access_key_id=aws["access_key_id"],
                aws_secret_access_key=aws["secret_access_key"],
                config=config,
            )
        return self._clients[service, config]

    def close(self) -> None:
        """Close the clients' connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def raw_keys(self) -> set[str]:
        bucket = self.ready["stack"]["incomingBucket"]
        listed = self.client("s3").list_objects_v2(Bucket=bucket, Prefix="incoming/")
        return {item["Key"] for item in listed.get("Contents", [])}

    def stored_attachments(self) -> list[str]:
        bucket = self.ready["stack"]["attachmentsBucket"]
        listed = self.client("s3").list_objects_v2(Bucket=bucket, Prefix="attachments/")
        return [item["Key"] for item in listed.get("Contents", [])]


def files_behind(text: str) -> list[bytes]:
    """The files of the links in a mail's body, in order; for a page, those of its buttons."""
    found: list[bytes] = []
    for link in LINK.findall(unescape(text)):
        if TO_PAGE.match(link):
            page = _fetch(link).decode()
            found += [_fetch(link, f"file={n}".encode()) for n in BUTTON.findall(page)]
        else:
            found.append(_fetch(link))
    return found


def _fetch(link: str, form: bytes | None = None) -> bytes:
    # `LINK` only matches http URLs.
    with urllib.request.urlopen(link, form, timeout=60) as answer:  # noqa: S310 (see above)
        content: bytes = answer.read()
        return content


@contextmanager
def sandbox_process(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    forked: bool = False,
) -> Iterator[SandboxProcess]:
    """`python -m sandbox` with these arguments; ended with SIGTERM if it still runs.

    `forked` takes it from a server that has imported its modules (`forking`).
    """
    start: Any = partial(fork, sandbox_server()) if forked else _start
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process: SandboxProcess = start(
            ["-m", "sandbox", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, **(environment or {})},
            cwd=Path.cwd(),
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()  # if it did not end by itself
            process.wait()


def _start(arguments: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], **options)


def await_ready(process: SandboxProcess, folder: Path, ready_file: Path) -> RunningSandbox:
    """Wait until mail can be sent."""

    def ready() -> bool:
        assert process.poll() is None, (folder / "stderr").read_text()
        return ready_file.exists()

    eventually(ready, within=START_TIMEOUT)
    return RunningSandbox(json.loads(ready_file.read_text()))


@contextmanager
def running_sandbox(
    folder: Path,
    config: Sequence[str] = (),
    more: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningSandbox]:
    """A sandbox that accepts mail, on free ports, while the context lasts.

    `more` are further command line arguments, `environment` further variables.
    """
    ready_file = folder / "ready.json"
    options = [*more, *(option for item in config for option in ("--config", item))]
    arguments = ("--data", str(folder / "data"), "--ready-file", str(ready_file), *options)
    with (
        sandbox_process(folder, *arguments, environment=environment, forked=True) as process,
        closing(await_ready(process, folder, ready_file)) as sandbox,
    ):
        yield sandbox
    assert process.returncode == 0
