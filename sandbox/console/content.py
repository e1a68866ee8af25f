"""The content of the console, collected when a page is requested."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from adapters.aws.downloads import Download
from sandbox.ses.errors import SesError
from sandbox.ses.faults import Faults
from sandbox.ses.outbox import Mailbox, Outbox
from sandbox.smtp.access import SmtpAccess

from .alarms import AlarmView
from .journal import Journal
from .mail import Heading, read_heading
from .queues import Depth, QueueView
from .way import IncomingMail, fate_of

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


class ReadsIncoming(Protocol):
    """Whoever knows the mails that came in (`incoming.Incoming`)."""

    def mails(self) -> Sequence[IncomingMail]:
        """The newest mails, newest first."""
        ...

    def raw(self, mail: IncomingMail) -> bytes:
        """The raw message as it was stored."""
        ...

    def downloads(self, mail: IncomingMail) -> Sequence[Download]:
        """What was downloaded from its links, oldest first."""
        ...


class SendsSampleMails(Protocol):
    """Whoever hands over a mail as a device does (`sample_mail.SampleMailer`)."""

    def send(self, kind: str, recipient: str) -> str:
        """Hand over a mail of that kind; its message id.

        Raises:
            OSError, smtplib.SMTPException: if it is not taken.
            ValueError: if there is no such kind, or the recipient cannot stand in a code.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What is out of sight: mails delivered until `at` (ns), so many notices, these incoming."""

    at: int = 0
    notices: int = 0
    incoming: frozenset[str] = frozenset()


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
    """What the console shows. `code` is a recipient code that the relay takes.

    What was cleared is out of sight, and nothing of it is deleted.
    """

    stack: Mapping[str, Any]
    outbox: Outbox
    notices: Path
    journal: Journal
    queues: ReadsQueues
    alarms: ReadsAlarms
    incoming: ReadsIncoming
    faults: Faults
    mailer: SendsSampleMails
    smtp: SmtpAccess
    code: str
    cleared: Cleared = Cleared()
    _topics: Mapping[str, str] = field(default_factory=dict)
    _topics_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mailboxes(self) -> list[Mailbox]:
        """Every mailbox with a mail in sight, the one with the newest first."""
        seen = [
            Mailbox(box.name, mails)
            for box in self.outbox.mailboxes()
            if (mails := tuple(mail for mail in box.mails if mail[0] > self.cleared.at))
        ]
        return sorted(seen, key=lambda box: box.mails[0][0], reverse=True)

    def mailbox(self, name: str) -> Mailbox | None:
        """The whole mailbox with that name.

        It is looked for among those there are: no path is made.
        """
        return next((box for box in self.outbox.mailboxes() if box.name == name), None)

    def newest(self, most: int) -> list[ListedMail]:
        """The newest mails in sight."""
        mails = [(at, path, box) for box in self.mailboxes() for at, path in box.mails]
        newest = sorted(mails, reverse=True, key=lambda mail: mail[0])[:most]
        return [_listed(box, at, path) for at, path, box in newest]

    def incoming_mails(self) -> list[IncomingMail]:
        """The mails that came in and are in sight, newest first."""
        return [
            mail for mail in self.incoming.mails() if mail.message_id not in self.cleared.incoming
        ]

    def clear(self) -> None:
        """Put delivered mail, notices, events and log lines out of sight.

        Of the mails that came in those stay that are not at their end.
        """
        now = datetime.now(UTC)
        self.cleared = Cleared(
            at=time.time_ns(),
            notices=self._count_notices(),
            incoming=frozenset(
                mail.message_id for mail in self.incoming.mails() if fate_of(mail, now).is_over
            ),
        )
        self.journal.clear()

    def _count_notices(self) -> int:
        return self.notices.read_bytes().count(b"\n") if self.notices.exists() else 0

    def read_notices(self) -> list[dict[str, Any]]:
        """The notices in sight, newest first; one that is being written is not there yet.

        `at` is None where the file, of an older sandbox, tells no time.
        """
        written = self.notices.read_bytes() if self.notices.exists() else b""
        lines = written.split(b"\n")[self.cleared.notices : -1]
        return [_with_time(json.loads(line)) for line in reversed(lines)]

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
        cleared = self.cleared.at
        return {
            "activity": str(happened),
            "alarms": "/".join(f"{alarm.state} {alarm.since}" for alarm in alarms),
            "faults": self._look_at_faults(),
            "log": str(logged),
            "mail": f"{len(boxes)}/{max(boxes, default=0)}/{cleared}",
            "notices": f"{self.notices.stat().st_size if self.notices.exists() else 0}/{cleared}",
            "queues": "/".join(f"{d.visible} {d.in_flight} {d.delayed}" for d in depths),
        }

    def count_faults(self) -> int:
        """How many faults SES has left; a file that cannot be read is one."""
        try:
            return len(self.faults.left())
        except SesError:
            return 1

    def _look_at_faults(self) -> str:
        try:
            return "/".join(
                f"{one.kind} {one.times} {one.recipient}" for one in self.faults.left()
            )
        except SesError as error:
            return error.message


def _with_time(notice: dict[str, Any]) -> dict[str, Any]:
    at = notice.get("at")
    return {**notice, "at": datetime.fromisoformat(at) if at else None}


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
