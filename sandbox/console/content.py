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
from .mail_progress import IncomingMail, state_of
from .queues import Depth, QueueView

_HEAD = 65_536  # bytes of a mail that are read for a list
_FRESH = 0.5  # seconds for which `topics` are cached


class ReadsQueues(Protocol):
    """Reads the queues (`queues.Queues`)."""

    def depths(self) -> Mapping[str, Depth]:
        """The number of messages in each queue."""
        ...

    def views(self) -> Sequence[QueueView]:
        """The messages in each queue, the dead-letter queue last."""
        ...


class ReadsAlarms(Protocol):
    """Reads the alarms (`alarms.Alarms`)."""

    def views(self) -> Sequence[AlarmView]:
        """Every alarm."""
        ...


class ReadsIncoming(Protocol):
    """Reads the incoming mails (`incoming.Incoming`)."""

    def mails(self) -> Sequence[IncomingMail]:
        """The newest mails, newest first."""
        ...

    def raw(self, mail: IncomingMail) -> bytes:
        """The raw message as it was stored."""
        ...

    def downloads(self, mail: IncomingMail) -> Sequence[Download]:
        """The downloads from the mail's links, oldest first."""
        ...


class SendsSampleMails(Protocol):
    """Sends a mail as a device does (`sample_mail.SampleMailer`)."""

    def send(self, kind: str, recipient: str) -> str:
        """Send a mail of that kind; return its message id.

        Raises:
            OSError, smtplib.SMTPException: if it is not accepted.
            ValueError: if there is no such kind, or the recipient cannot be written in a code.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenItems:
    """The hidden items.

    Mails delivered until `at` (ns), the first `notices` notices, and the incoming mails with the
    ids `incoming`.
    """

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
    """The content of the console. `code` is a recipient code that the relay accepts.

    Cleared items are hidden, not deleted.
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
    cleared: HiddenItems = HiddenItems()
    _topics: Mapping[str, str] = field(default_factory=dict)
    _topics_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mailboxes(self) -> list[Mailbox]:
        """Every mailbox with a visible mail, the one with the newest first."""
        seen = [
            Mailbox(box.name, mails)
            for box in self.outbox.mailboxes()
            if (mails := tuple(mail for mail in box.mails if mail[0] > self.cleared.at))
        ]
        return sorted(seen, key=lambda box: box.mails[0][0], reverse=True)

    def mailbox(self, name: str) -> Mailbox | None:
        """The whole mailbox with that name, hidden mails included.

        The name is compared with the existing mailboxes; it is never used as a path.
        """
        return next((box for box in self.outbox.mailboxes() if box.name == name), None)

    def newest(self, most: int) -> list[ListedMail]:
        """The newest visible mails, at most `most`."""
        mails = [(at, path, box) for box in self.mailboxes() for at, path in box.mails]
        newest = sorted(mails, reverse=True, key=lambda mail: mail[0])[:most]
        return [_listed(box, at, path) for at, path, box in newest]

    def incoming_mails(self) -> list[IncomingMail]:
        """The visible incoming mails, newest first."""
        return [
            mail for mail in self.incoming.mails() if mail.message_id not in self.cleared.incoming
        ]

    def clear(self) -> None:
        """Hide delivered mail, notices, events and log lines.

        Incoming mails that are not finished remain visible.
        """
        now = datetime.now(UTC)
        self.cleared = HiddenItems(
            at=time.time_ns(),
            notices=self._count_notices(),
            incoming=frozenset(
                mail.message_id for mail in self.incoming.mails() if state_of(mail, now).is_over
            ),
        )
        self.journal.clear()

    def _count_notices(self) -> int:
        return self.notices.read_bytes().count(b"\n") if self.notices.exists() else 0

    def read_notices(self) -> list[dict[str, Any]]:
        """The visible notices, newest first. An incomplete last line is left out.

        `at` is None where the file is from an older sandbox, which wrote no time.
        """
        written = self.notices.read_bytes() if self.notices.exists() else b""
        lines = written.split(b"\n")[self.cleared.notices : -1]
        return [_with_time(json.loads(line)) for line in reversed(lines)]

    def topics(self) -> Mapping[str, str]:
        """For each kind of content, a string that changes when the content changes."""
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
        """The number of faults that are left; an unreadable faults file counts as one."""
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
    """The list entries of some mails of a mailbox; reads each file's head."""
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
