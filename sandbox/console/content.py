"""What the console shows, gathered from where it is at the moment of asking."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sandbox.outbox import Mailbox, Outbox
from sandbox.smtp_access import SmtpAccess

from .alarms import AlarmView
from .journal import Journal
from .mail import Heading, read_heading
from .queues import Depth, QueueView

_HEAD = 65_536  # bytes of a mail that a list looks at
_FRESH = 0.5  # seconds that the answer to "what is new?" is good for


class ReadsQueues(Protocol):
    """Whoever knows the queues (`queues.Queues`)."""

    def depths(self) -> Mapping[str, Depth]:
        """How much is in each."""
        ...

    def views(self) -> Sequence[QueueView]:
        """What is in each, the dead-letter queue last."""
        ...


class ReadsAlarms(Protocol):
    """Whoever knows the alarms (`alarms.Alarms`)."""

    def views(self) -> Sequence[AlarmView]:
        """Every alarm."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMail:
    """One line in a list of mails; `size` in bytes."""

    mailbox: str
    name: str
    at: datetime
    size: int
    heading: Heading


@dataclass(slots=True, kw_only=True)
class ConsoleContent:
    """What the console shows. `code` is a recipient code that the relay takes."""

    stack: Mapping[str, Any]
    outbox: Outbox
    notices: Path
    journal: Journal
    queues: ReadsQueues
    alarms: ReadsAlarms
    smtp: SmtpAccess
    code: str
    _topics: Mapping[str, str] = field(default_factory=dict)
    _topics_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mailboxes(self) -> list[Mailbox]:
        """Every mailbox, the one with the newest mail first."""
        return sorted(self.outbox.mailboxes(), key=lambda box: box.mails[0][0], reverse=True)

    def mailbox(self, name: str) -> Mailbox | None:
        """The mailbox with that name. It is looked for among those there are: no path is made."""
        return next((box for box in self.outbox.mailboxes() if box.name == name), None)

    def newest(self, most: int) -> list[ListedMail]:
        """The newest mails of all mailboxes."""
        mails = [(at, path, box) for box in self.outbox.mailboxes() for at, path in box.mails]
        newest = sorted(mails, reverse=True, key=lambda mail: mail[0])[:most]
        return [_listed(box, at, path) for at, path, box in newest]

    def read_notices(self) -> list[dict[str, Any]]:
        """All that was published, newest first; one that is being written is not there yet."""
        written = self.notices.read_bytes() if self.notices.exists() else b""
        return [json.loads(line) for line in reversed(written.split(b"\n")[:-1])]

    def topics(self) -> Mapping[str, str]:
        """For each thing that is shown, a word that is another one when it has changed."""
        with self._lock:
            if time.monotonic() >= self._topics_until:
                self._topics = self._look()
                self._topics_until = time.monotonic() + _FRESH
            return self._topics

    def _look(self) -> dict[str, str]:
        happened, logged = self.journal.counts()
        depths = self.queues.depths().values()
        alarms = self.alarms.views()
        boxes = [_changed_at(folder) for folder in self.outbox.directory.iterdir()]
        return {
            "activity": str(happened),
            "alarms": "/".join(f"{alarm.state} {alarm.since}" for alarm in alarms),
            "log": str(logged),
            "mail": f"{len(boxes)}/{max(boxes, default=0)}",
            "notices": str(self.notices.stat().st_size if self.notices.exists() else 0),
            "queues": "/".join(f"{d.visible} {d.in_flight} {d.delayed}" for d in depths),
        }


def _changed_at(folder: Path) -> int:
    try:
        return (folder / "new").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def list_mails(mailbox: Mailbox, mails: Iterable[tuple[int, Path]]) -> list[ListedMail]:
    """Some mails of a mailbox, each looked into."""
    return [_listed(mailbox, at, path) for at, path in mails]


def _listed(mailbox: Mailbox, at: int, path: Path) -> ListedMail:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        size = file.seek(0, 2)
    return ListedMail(
        mailbox=mailbox.name,
        name=path.name,
        at=datetime.fromtimestamp(at / 1e9, UTC),
        size=size,
        heading=read_heading(head),
    )
