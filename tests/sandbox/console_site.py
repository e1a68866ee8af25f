"""A console with contents that a test chooses, and a client that sends exact bytes."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from adapters.aws.downloads import Download
from relay_core.errors import Reason, Refusal
from relay_core.keys import MessageId, RawKey
from relay_core.record.lease import Lease
from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest, ManifestState
from sandbox.console import ConsoleContent, ConsoleServer
from sandbox.console.alarms import AlarmView
from sandbox.console.forwarding import AnswersPages
from sandbox.console.journal import Journal
from sandbox.console.mail import Heading
from sandbox.console.mail_progress import IncomingMail, InQueue, Opening, Trace
from sandbox.console.queues import Depth, QueueView, WaitingMessage
from sandbox.events import SandboxFailure
from sandbox.ses.faults import Faults
from sandbox.ses.outbox import Outbox
from sandbox.smtp.access import SmtpAccess

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
    """One alarm in the state ALARM, with `text` in every field."""

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


@dataclass(slots=True, kw_only=True)
class FixedIncoming:
    """The mails that a test chooses, all of them with the same raw text."""

    found: list[IncomingMail]
    content: bytes

    def mails(self) -> Sequence[IncomingMail]:
        return self.found

    def raw(self, _mail: IncomingMail) -> bytes:
        return self.content

    def downloads(self, mail: IncomingMail) -> Sequence[Download]:
        if mail.opened is None:
            return []
        text = mail.heading.subject
        one = Download(
            message_id=MessageId(mail.message_id),
            recipient=text,
            file=1,
            filename=text,
            at=mail.opened.at,
            user_agent=text,
        )
        return [one]


@dataclass(slots=True, kw_only=True)
class RecordingMailer:
    """Records the mails to be sent."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    def send(self, kind: str, recipient: str) -> str:
        if kind == "none":
            raise ValueError(f"there is no kind {kind}")
        self.sent.append((kind, recipient))
        return "m" * 40


def incoming_mail(text: str, state: ManifestState | None = None, **changes: Any) -> IncomingMail:
    """A mail that says `text` everywhere; with a manifest if `state` is given."""
    message_id = changes.pop("message_id", "a1")
    manifest = state and Manifest(
        message_id=MessageId(message_id),
        raw_key=RawKey(f"incoming/{message_id}"),
        sender=text,
        subject=text,
        created_at=NOW,
        expires_at=NOW,
        state=state,
        **{"attachments": (), "deliveries": (), **changes.pop("manifest", {})},
    )
    return IncomingMail(
        message_id=message_id,
        raw_key=f"incoming/{message_id}",
        stored_at=NOW,
        size=2048,
        heading=Heading(subject=text, sender=text, recipient=text, date=""),
        manifest=manifest or None,
        **changes,
    )


def one_of_each(text: str) -> list[IncomingMail]:
    """A mail of each outcome, whose id is the outcome's name, and one that was opened."""
    served = DeliveryRecord(
        recipient=text, state=DeliveryState.SUBMITTED, at=NOW, submission_id=text
    )
    waits = DeliveryRecord(recipient=text, failure=text, at=NOW)
    refusal = Refusal(reason=Reason.RECIPIENT_NOT_ALLOWED, detail=text)
    dead = InQueue(is_dead_letter=True, sent_at=NOW, tries=3, is_visible=True)
    lease = Lease(holder=text, until=datetime(9999, 1, 1, tzinfo=UTC))
    state = ManifestState
    return [
        incoming_mail(text, message_id="waiting"),
        incoming_mail(
            text,
            state.RELAYING,
            message_id="working",
            manifest={"lease": lease, "deliveries": (waits,)},
        ),
        incoming_mail(text, state.FAILING, message_id="retrying", manifest={"detail": text}),
        incoming_mail(
            text,
            state.RELAYING,
            message_id="parked",
            manifest={"deliveries": (waits, served)},
            trace=Trace(outcome="parked", begun_at=NOW, received_at=NOW, envelope=text),
        ),
        incoming_mail(text, state.HELD, message_id="held", manifest={"detail": text}),
        incoming_mail(text, state.FAILING, message_id="dead", queued=dead),
        incoming_mail(
            text,
            state.RELAYING,
            message_id="delivered",
            manifest={"deliveries": (served,)},
            opened=Opening(at=NOW, count=2),
        ),
        incoming_mail(
            text,
            state.RELAYING,
            message_id="partly",
            manifest={"deliveries": (served,), "refusals": (refusal,)},
        ),
        incoming_mail(
            text,
            state.RELAYING,
            message_id="failed",
            manifest={"deliveries": (replace(waits, state=DeliveryState.FAILED),)},
        ),
        incoming_mail(
            text,
            state.REFUSED,
            message_id="refused",
            manifest={"reason": Reason.NO_RECIPIENT_CODE, "detail": text},
        ),
        incoming_mail(text, state.IGNORED, message_id="ignored"),
    ]


def make_content(folder: Path, text: str = "words") -> ConsoleContent:
    """Contents with `text` wherever external text is shown, except in the mails."""
    outbox, notices = Outbox(folder / "outbox"), folder / "notices.jsonl"
    outbox.directory.mkdir(parents=True, exist_ok=True)
    notice = {
        "topic": text,
        "subject": text,
        "message": text,
        "attributes": {"reason": text},
        "at": NOW.isoformat(),
        "document": {"text": text, "message_id": "refused"},
    }
    notices.write_text(json.dumps(notice) + "\n")
    journal = Journal(clock=lambda: NOW)
    journal(SandboxFailure(text=text))
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
    about_mail = {**log_line, "correlation_id": "refused", "outcome": "refused"}
    lines = (log_line, about_mail, metric)
    journal.read_log(text, [text, *map(json.dumps, lines)])
    return ConsoleContent(
        stack={"dnsRecords": [text], "logGroup": text},
        outbox=outbox,
        notices=notices,
        journal=journal,
        queues=FixedQueues(text=text),
        alarms=FixedAlarms(text=text),
        incoming=FixedIncoming(found=one_of_each(text), content=text.encode()),
        faults=Faults(folder / "ses-faults.json"),
        mailer=RecordingMailer(),
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
    """An answer. `headers` are all header fields in order, with names in lower case."""

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
    """A site on a port. Request targets are sent unchanged."""

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
