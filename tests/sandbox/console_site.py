"""A console over contents that a test chooses, and a client that sends exactly what it is told."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sandbox.console import ConsoleContent, ConsoleServer
from sandbox.console.alarms import AlarmView
from sandbox.console.forwarding import AnswersPages
from sandbox.console.journal import Journal
from sandbox.console.queues import Depth, QueueView, WaitingMessage
from sandbox.events import Trouble
from sandbox.outbox import Outbox
from sandbox.smtp_access import SmtpAccess

NOW = datetime(2026, 5, 27, 9, 48, 4, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedQueues:
    """A queue and a dead-letter queue, each with one message that says `text` everywhere."""

    text: str

    def depths(self) -> Mapping[str, Depth]:
        return {view.name: view.depth for view in self.views()}

    def views(self) -> Sequence[QueueView]:
        message = WaitingMessage(
            message_id=self.text,
            subject=self.text,
            reason=self.text,
            sent_at=NOW,
            tries=3,
            is_visible=True,
            body=self.text,
        )
        return [
            QueueView(
                name=name,
                url=self.text,
                is_dead_letter=name != "queue",
                depth=Depth(visible=1, in_flight=0, delayed=0),
                messages=[message],
            )
            for name in ("queue", "dead-letter queue")
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedAlarms:
    """One alarm that sounds, and says `text` everywhere."""

    text: str

    def views(self) -> Sequence[AlarmView]:
        alarm = AlarmView(
            name=self.text,
            state="ALARM",
            condition=self.text,
            description=self.text,
            reason=self.text,
            since=NOW,
        )
        return [alarm]


def make_content(folder: Path, text: str = "words") -> ConsoleContent:
    """Contents that say `text` wherever something from outside is shown, but for the mails."""
    outbox, notices = Outbox(folder / "outbox"), folder / "notices.jsonl"
    outbox.directory.mkdir(parents=True, exist_ok=True)
    notice = {
        "topic": text,
        "subject": text,
        "message": text,
        "attributes": {"reason": text},
        "document": {"text": text},
    }
    notices.write_text(json.dumps(notice) + "\n")
    journal = Journal(clock=lambda: NOW)
    journal(Trouble(text=text))
    log_line = {"message": text, "level": text, "timestamp": NOW.isoformat(), text: text}
    metric = {
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [
                {"Namespace": text, "Dimensions": [["d"]], "Metrics": [{"Name": "m"}]}
            ],
        },
        "d": text,
        "m": 1,
    }
    journal.read_log(text, [json.dumps(log_line), text, json.dumps(metric)])
    return ConsoleContent(
        stack={"dnsRecords": [text], "logGroup": text},
        outbox=outbox,
        notices=notices,
        journal=journal,
        queues=FixedQueues(text=text),
        alarms=FixedAlarms(text=text),
        smtp=SmtpAccess(
            host="127.0.0.1",
            port=25,
            username=text,
            password=text,
            mail_from=text,
            rcpt_to=text,
            ca_file=Path("ca.pem"),
        ),
        code=text,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `headers` keeps all, in their order; names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site by its port. Nothing is changed in a target on its way."""

    port: int

    def ask(
        self,
        target: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        host: str | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or f"127.0.0.1:{self.port}")
            for name, value in headers:
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(
                status=answer.status,
                headers=tuple((name.lower(), value) for name, value in answer.getheaders()),
                body=answer.read(),
            )
        finally:
            connection.close()


@contextmanager
def served(content: ConsoleContent, pages: AnswersPages | None = None) -> Iterator[Site]:
    """The site for as long as the context lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = ConsoleServer(listening=listening, content=content, pages=pages)
    try:
        yield Site(port=listening.getsockname()[1])
    finally:
        server.close()


class Elements(HTMLParser):
    """The elements of a page, as a browser sees them: (tag, attributes) in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(page: str) -> list[tuple[str, dict[str, Any]]]:
    """Every element of a page."""
    parser = Elements()
    parser.feed(page)
    parser.close()
    return parser.found
