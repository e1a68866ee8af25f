"""The ports: what the core needs of the world, a verb and a noun each.

Adapters implement them over AWS; `tests/fakes.py` implements them in memory; one contract
suite a port runs on both. Every method may raise `TransientError` or `PermanentError` and
nothing else. All of them are idempotent where a redelivery may repeat them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NewType, Protocol, TypeVar

from .errors import AdapterError, PermanentError, Reason, Refusal, TransientError
from .keys import AttachmentKey, MessageId, RawKey, WindowKey
from .limits.budget import BudgetWindow
from .limits.sender_limit import SenderWindow
from .limits.window import WindowRecord
from .policy.directory import Directory
from .record.manifest import Manifest

Version = NewType("Version", str)
"""Which version of a record was read; compare-and-swap succeeds only against the last one."""


class IncomingMessages(Protocol):
    """Where raw messages wait."""

    def fetch(self, key: RawKey) -> bytes:
        """The raw message, exactly as it was received.

        Raises:
            PermanentError: if there is no such message.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileToStore:
    """An attachment's decoded content, in chunks, and what a download is to be called."""

    key: AttachmentKey
    content: Iterable[bytes]
    content_type: str
    filename: str


class AttachmentStore(Protocol):
    """Where detached attachments are kept until their retention ends."""

    def store_each(
        self, files: Sequence[FileToStore]
    ) -> Sequence[TransientError | PermanentError | None]:
        """Store some files, all at the same time; an answer for each, in their order.

        It is None where the file is stored, and the error where it is not. Each `content` is
        consumed once, chunk by chunk; an error of its own is raised. A key that exists already is
        written over, so that its retention begins again: one key means one content.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A URL that leads to one attachment, and the last moment it is good for (UTC)."""

    url: str
    expires_at: datetime


class AttachmentLinks(Protocol):
    """What turns a stored attachment into a link."""

    def issue(
        self, key: AttachmentKey, *, filename: str, content_type: str, lifetime: timedelta
    ) -> Link:
        """A link to the attachment that downloads it under `filename`.

        The link's `expires_at` is what it can truly keep, which may be sooner than
        `lifetime` from now.
        """
        ...


class DownloadPages(Protocol):
    """The pages on which recipients find their files: one link a recipient of a message."""

    def open(self, message_id: MessageId) -> None:
        """Make the links of a message valid, for as long as a file is kept from now on.

        Before this call they have no target.
        """
        ...

    def link(self, message_id: MessageId, recipient: str, renewal: int = 0) -> str:
        """The URL for one recipient, the same at every time until the key is rotated.

        `renewal` counts the links that were issued to the recipient after the first.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest with the version it was read at."""

    manifest: Manifest
    version: Version


class Manifests(Protocol):
    """The ledger of messages, changed only by compare-and-swap."""

    def load(self, message_id: MessageId) -> StoredManifest | None:
        """The manifest as last written, or None if the message has none yet."""
        ...

    def create(self, manifest: Manifest) -> Version:
        """Write the first version.

        Raises:
            Conflict: if the message has a manifest already.
        """
        ...

    def replace(self, manifest: Manifest, expected: Version) -> Version:
        """Write the next version.

        Raises:
            Conflict: if `expected` is not the version last written.
        """
        ...


Window = TypeVar("Window", bound=WindowRecord)


@dataclass(frozen=True, slots=True)
class StoredWindow(Generic[Window]):
    """A window's record with the version it was read at."""

    window: Window
    version: Version


class Windows(Protocol[Window]):
    """What happened in each window of time; changed by compare-and-swap."""

    def load(self, key: WindowKey) -> StoredWindow[Window] | None:
        """The record as last written, or None if there is none yet."""
        ...

    def create(self, window: Window) -> Version:
        """Write the first version.

        Raises:
            Conflict: if the window is there already.
        """
        ...

    def replace(self, window: Window, expected: Version) -> Version:
        """Write the next version.

        Raises:
            Conflict: if `expected` is not the version last written.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A small picture that was made of an image: a JPEG file, and its size in pixels."""

    content: bytes
    width: int
    height: int


class ImagePreviews(Protocol):
    """What makes small pictures of images. Raises nothing."""

    def make(self, content: bytes, *, max_bytes: int) -> Picture | None:
        """A picture of the image, of so many bytes at most; None if none can be made."""
        ...


@dataclass(slots=True, kw_only=True)
class BudgetReserve:
    """What one container has of an hour's budget: it is the only part of `Ports` that it owns.

    `left` recipients are reserved and not spent yet, and `spent` are, of the hour as `seen` last.
    """

    left: int = 0
    spent: int = 0
    seen: StoredWindow[BudgetWindow] | None = None

    def seen_of(self, hour: BudgetWindow) -> StoredWindow[BudgetWindow] | None:
        """That hour's record as it was seen last; None if none was. Another hour ends here."""
        if self.seen is not None and self.seen.window.key != hour.key:
            self.left, self.spent, self.seen = 0, 0, None
        return self.seen


class Directories(Protocol):
    """Where the recipient directory is kept, which an operator changes at any time."""

    def current(self) -> Directory:
        """The directory, no older than what the settings allow, or the last that was readable.

        Raises:
            TransientError: if no readable one was ever found. Going by an empty one instead
                would refuse mail that is in order.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """One mail to one recipient: SMTP's envelope and the exact bytes to send.

    `sender` and `recipient` are addr-specs; `raw` is a whole message, 7-bit clean.
    """

    sender: str
    recipient: str
    raw: bytes


SubmissionId = NewType("SubmissionId", str)
"""What the mail service calls a mail that it took."""


class Submission(Protocol):
    """The mail service that takes outgoing mail."""

    def submit_each(self, mails: Sequence[OutgoingMail]) -> Sequence[SubmissionId | AdapterError]:
        """Hand over some mails, all at the same time; an answer for each, in their order.

        Unlike the other ports it raises nothing for a mail, whose neighbours may be under way.
        An answer is a `LostAnswer` where the mail may have been taken, a `SendingStopped` where
        no mail of this account would be, another `TransientError` where this one may be taken
        later, or a `PermanentError` where it never will be.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the operator reads about a mail that was not (wholly) relayed.

    `subject` is one line and `text` what a person reads; the other fields say the same to a
    machine. `reason` and `sender` let subscribers filter; `sender` is None where the mail names
    none. `refusals` are those that `text` lists, `more_refusals` counts the others.
    `relayed_to` counts the recipients who get the mail.
    """

    reason: Reason
    sender: str | None
    subject: str
    text: str
    message_id: MessageId
    raw_key: RawKey
    mail_subject: str
    refusals: tuple[Refusal, ...]
    more_refusals: int = 0
    relayed_to: int = 0


class Notices(Protocol):
    """The fallback channel to the operator."""

    def publish(self, notice: Notice) -> None:
        """Tell the operator, in words and for machines; cut to what the channel carries."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything the shell needs. `clock` returns an aware datetime in UTC.

    `windows` are those of senders. `budget_reserve` is what this container has of the hour's
    budget. `previews` is None where mails have no pictures.
    """

    incoming: IncomingMessages
    attachments: AttachmentStore
    links: AttachmentLinks
    pages: DownloadPages
    manifests: Manifests
    submission: Submission
    notices: Notices
    directories: Directories
    windows: Windows[SenderWindow]
    budgets: Windows[BudgetWindow]
    budget_reserve: BudgetReserve
    clock: Callable[[], datetime]
    previews: ImagePreviews | None = None
