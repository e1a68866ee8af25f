"""The ports in memory, named like the adapters, with their state and faults on request.

They keep the same contracts as the adapters (`tests/adapters/contracts.py` runs on both).
Every fake has `faults`: `fake.faults.order("submit", error)` makes the next `submit` raise,
before it has any effect or, with `after_effect=True`, after the effect: the lost answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from relay_core.delivery.deaths import FIRST_ATTEMPT, Attempt
from relay_core.errors import AdapterError, Conflict, PermanentError, TransientError
from relay_core.keys import AttachmentKey, MessageId, RawKey, WindowKey
from relay_core.policy.directory import EMPTY_DIRECTORY, Directory
from relay_core.ports import (
    BudgetReserve,
    FileToStore,
    ImagePreviews,
    Link,
    Notice,
    OutgoingMail,
    Ports,
    StoredManifest,
    SubmissionId,
    Version,
)
from relay_core.record.lease import Worker
from relay_core.record.manifest import Manifest
from relay_core.record.manifest_json import format_manifest, parse_manifest
from relay_core.record.report import RelayReport
from relay_core.relay import relay_message
from relay_core.settings import Settings, manual_at
from relay_core.throttling.notice_counting import CountedNotices
from tests.faults import Faults
from tests.memory_windows import (
    memory_budget_windows,
    memory_notice_windows,
    memory_sender_windows,
    memory_suppression_lists,
)
from tests.receipt import received


@dataclass(slots=True)
class MemoryIncomingMessages:
    """`IncomingMessages` in a dict. Faults: `fetch` (target: the key)."""

    messages: dict[RawKey, bytes] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def fetch(self, key: RawKey) -> bytes:
        with self.faults.around("fetch", key):
            try:
                return self.messages[key]
            except KeyError:
                raise PermanentError(call="fetch", target=key, detail="no such key") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAttachment:
    """A file in the store."""

    content: bytes
    content_type: str
    filename: str


@dataclass(slots=True)
class MemoryAttachmentStore:
    """`AttachmentStore` in a dict. Faults: `store` (target: the key)."""

    attachments: dict[AttachmentKey, MemoryAttachment] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def store_each(
        self, files: Sequence[FileToStore]
    ) -> list[TransientError | PermanentError | None]:
        return [self._try_to_store(file) for file in files]

    def _try_to_store(self, file: FileToStore) -> TransientError | PermanentError | None:
        try:
            with self.faults.around("store", file.key):
                attachment = MemoryAttachment(
                    content=b"".join(file.content),
                    content_type=file.content_type,
                    filename=file.filename,
                )
                self.attachments[file.key] = attachment
        except (TransientError, PermanentError) as error:
            return error
        return None


@dataclass(slots=True)
class MemoryAttachmentLinks:
    """`AttachmentLinks` without a target. Faults: `issue` (target: the key)."""

    clock: Callable[[], datetime]
    longest_lifetime: timedelta = timedelta(days=7)
    issued: dict[AttachmentKey, Link] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def issue(
        self, key: AttachmentKey, *, filename: str, content_type: str, lifetime: timedelta
    ) -> Link:
        with self.faults.around("issue", key):
            query = f"filename={quote(filename, safe='')}&type={quote(content_type, safe='')}"
            link = Link(
                url=f"https://links.example/{quote(key)}?{query}",
                expires_at=self.clock() + min(lifetime, self.longest_lifetime),
            )
            self.issued[key] = link
            return link


@dataclass(slots=True)
class MemoryDownloadPages:
    """`DownloadPages` without a target. Faults: `open` (target: the message id)."""

    opened: set[MessageId] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)

    def open(self, message_id: MessageId) -> None:
        with self.faults.around("open", message_id):
            self.opened.add(message_id)

    def link(self, message_id: MessageId, recipient: str, renewal: int = 0) -> str:
        counted = f".{renewal}" if renewal else ""
        token = quote(f"{message_id}.{recipient}{counted}", safe="")
        return f"https://files.example/{token}"


@dataclass(slots=True)
class MemoryManifests:
    """`Manifests` as documents in a dict. Faults: `load`, `create`, `replace` (the message id)."""

    documents: dict[MessageId, tuple[bytes, Version]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    writes: int = 0

    def load(self, message_id: MessageId) -> StoredManifest | None:
        with self.faults.around("load", message_id):
            if message_id not in self.documents:
                return None
            document, version = self.documents[message_id]
            try:
                return StoredManifest(manifest=parse_manifest(document), version=version)
            except ValueError as error:
                raise PermanentError(call="load", target=message_id, detail=str(error)) from error

    def create(self, manifest: Manifest) -> Version:
        with self.faults.around("create", manifest.message_id):
            if manifest.message_id in self.documents:
                raise Conflict(call="create", target=manifest.message_id, detail="exists already")
            return self._write(manifest)

    def replace(self, manifest: Manifest, expected: Version) -> Version:
        with self.faults.around("replace", manifest.message_id):
            _, version = self.documents.get(manifest.message_id, (b"", None))
            if version != expected:
                raise Conflict(
                    call="replace", target=manifest.message_id, detail=f"{version} is the last"
                )
            return self._write(manifest)

    def _write(self, manifest: Manifest) -> Version:
        self.writes += 1
        version = Version(f"v{self.writes}")
        self.documents[manifest.message_id] = (format_manifest(manifest), version)
        return version


@dataclass(slots=True)
class MemoryDirectories:
    """`Directories` of one directory. Faults: `current` (target: "directory")."""

    directory: Directory = EMPTY_DIRECTORY
    faults: Faults = field(default_factory=Faults)
    asked: int = 0

    def current(self) -> Directory:
        self.asked += 1
        with self.faults.around("current", "directory"):
            return self.directory


@dataclass(slots=True)
class MemorySubmission:
    """`Submission` into an outbox, one after the other. Faults: `submit` (the recipient).

    An `AdapterError` that was ordered is the answer for its mail; any other error is raised.
    """

    outbox: list[OutgoingMail] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def submit_each(self, mails: Sequence[OutgoingMail]) -> list[SubmissionId | AdapterError]:
        return [self._submit(mail) for mail in mails]

    def _submit(self, mail: OutgoingMail) -> SubmissionId | AdapterError:
        try:
            with self.faults.around("submit", mail.recipient):
                self.outbox.append(mail)
        except AdapterError as error:
            return error
        return SubmissionId(f"submission-{len(self.outbox)}")


@dataclass(slots=True)
class MemoryNotices:
    """`Notices` in a list. Faults: `publish` (target: the reason)."""

    published: list[Notice] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def publish(self, notice: Notice) -> None:
        with self.faults.around("publish", notice.reason):
            self.published.append(notice)


@dataclass(slots=True)
class MemoryReminders:
    """`Reminders` in a list. Faults: `remind` (target: the key)."""

    asked_for: list[tuple[WindowKey, timedelta]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def remind(self, key: WindowKey, after: timedelta) -> None:
        with self.faults.around("remind", key):
            self.asked_for.append((key, after))


RAW_KEY = RawKey("incoming/0abc")


class MemoryWorld:
    """All fakes together, at a time that is constant until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) -> None:
        self.now = now
        self.incoming = MemoryIncomingMessages()
        self.attachments = MemoryAttachmentStore()
        self.links = MemoryAttachmentLinks(clock=self.clock)
        self.pages = MemoryDownloadPages()
        self.manifests = MemoryManifests()
        self.submission = MemorySubmission()
        self.notices = MemoryNotices()
        self.directories = MemoryDirectories()
        self.windows = memory_sender_windows()
        self.notice_windows = memory_notice_windows()
        self.reminders = MemoryReminders()
        self.budgets = memory_budget_windows()
        self.suppressions = memory_suppression_lists()
        self.budget_reserve = BudgetReserve()
        self.previews: ImagePreviews | None = None
        self.workers = 0

    def worker(self) -> Worker:
        """A worker that begins now, as another one than all before."""
        self.workers += 1
        return Worker(
            name=f"worker-{self.workers}",
            deadline=self.now + timedelta(seconds=120),
            reserve=timedelta(seconds=40),
        )

    def clock(self) -> datetime:
        return self.now

    def counted_notices(
        self, limit: int, length: timedelta = timedelta(seconds=300)
    ) -> CountedNotices:
        """Notices of which `limit` are published at once."""
        return CountedNotices(
            notices=self.notices,
            windows=self.notice_windows,
            reminders=self.reminders,
            stack="test",
            place=manual_at("the-notices"),
            limit=limit,
            length=length,
            clock=self.clock,
        )

    @property
    def ports(self) -> Ports:
        return Ports(
            incoming=self.incoming,
            attachments=self.attachments,
            links=self.links,
            pages=self.pages,
            manifests=self.manifests,
            submission=self.submission,
            notices=self.notices,
            directories=self.directories,
            windows=self.windows,
            budgets=self.budgets,
            budget_reserve=self.budget_reserve,
            previews=self.previews,
            clock=self.clock,
        )

    def relay(
        self,
        raw: bytes,
        settings: Settings,
        *,
        key: RawKey = RAW_KEY,
        arrived_at: datetime | None = None,
        attempt: Attempt = FIRST_ATTEMPT,
    ) -> RelayReport:
        """Relay the mail under that key with a new worker, with the fields that SES adds."""
        self.incoming.messages[key] = received(raw)
        return relay_message(
            key, settings, self.ports, self.worker(), arrived_at=arrived_at, attempt=attempt
        )
