"""What a download link shows, decided from the manifest at the moment of the click.

A link shows its message's files until the manifest's `expires_at`, and not a second longer,
unless an operator has taken it back: from its recipient, or one of the files from everybody. A
recipient's renewed link has an end of its own, and all that they had before are over.
Whether a file may be fetched is asked again at the fetch.

All ready files can be had at once, as an archive under a name that is made of what is in it: a
file that is revoked meanwhile is in no archive that is handed out after that.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from relay_core.addresses.secrecy import MARK
from relay_core.attachments.safe_name import safe_name
from relay_core.record.manifest import Manifest, ManifestState, StoredAttachment

from .renewal import link_end
from .tokens import TokenClaim, recipient_tag


class LinkStatus(StrEnum):
    """What a link leads to. An unknown one may be forged, or its message deleted."""

    AVAILABLE = "available"
    EXPIRED = "expired"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class FileStatus(StrEnum):
    """Whether a file of an available link may be fetched."""

    READY = "ready"
    SCANNING = "scanning"
    MALICIOUS = "malicious"
    UNSCANNABLE = "unscannable"
    REVOKED = "revoked"
    LOST = "lost"


class Scan(StrEnum):
    """What the malware scan says of a stored file; the adapter maps GuardDuty's words.

    `GONE`: there is nothing under the file's key any more.
    """

    NOT_REQUIRED = "not-required"
    UNDER_WAY = "under-way"
    CLEAN = "clean"
    MALICIOUS = "malicious"
    FAILED = "failed"
    GONE = "gone"


_STATUS_OF_SCAN = {
    Scan.NOT_REQUIRED: FileStatus.READY,
    Scan.UNDER_WAY: FileStatus.SCANNING,
    Scan.CLEAN: FileStatus.READY,
    Scan.MALICIOUS: FileStatus.MALICIOUS,
    Scan.FAILED: FileStatus.UNSCANNABLE,
    Scan.GONE: FileStatus.LOST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFile:
    """One file on the page. `number` counts from 1 and names it in requests."""

    number: int
    attachment: StoredAttachment
    status: FileStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What a link shows: files only if it is available, whose it was if it has expired.

    The `expires_at` of the manifest of one that is available is this link's own end.
    """

    status: LinkStatus
    recipient: str | None = None
    manifest: Manifest | None = None
    files: tuple[OfferedFile, ...] = ()


def shown_sender(manifest: Manifest) -> str | None:
    """Who sent a mail, for its recipients; None if that is not known, or is a secret address."""
    return None if manifest.sender is None or MARK in manifest.sender else manifest.sender


def view_link(claim: TokenClaim, manifest: Manifest | None, now: datetime) -> LinkView:
    """What a genuine token shows now, before any scan is asked about."""
    delivery, renewal = next(
        (
            (one, renewal)
            for one in (manifest.deliveries if manifest else ())
            for renewal in range(one.renewals + 1)
            if recipient_tag(one.recipient, renewal) == claim.recipient_tag
        ),
        (None, 0),
    )
    if manifest is None or delivery is None or manifest.state is not ManifestState.RELAYING:
        return LinkView(status=LinkStatus.UNKNOWN)
    if delivery.revoked_at is not None:
        return LinkView(status=LinkStatus.REVOKED)
    end = link_end(delivery, manifest)
    if now >= end or renewal < delivery.renewals:
        return LinkView(status=LinkStatus.EXPIRED, recipient=delivery.recipient, manifest=manifest)
    return LinkView(
        status=LinkStatus.AVAILABLE,
        recipient=delivery.recipient,
        manifest=replace(manifest, expires_at=end),
        files=tuple(
            OfferedFile(number=number, attachment=one, status=_status(one))
            for number, one in enumerate(manifest.attachments, 1)
        ),
    )


def _status(attachment: StoredAttachment) -> FileStatus:
    if attachment.revoked_at is not None:
        return FileStatus.REVOKED
    return FileStatus.READY if attachment.failure is None else FileStatus.LOST


def scanned(file: OfferedFile, scan: Scan) -> OfferedFile:
    """The file as its scan allows it."""
    if file.status is not FileStatus.READY:
        return file
    return OfferedFile(
        number=file.number, attachment=file.attachment, status=_STATUS_OF_SCAN[scan]
    )


LONGEST_FETCH = timedelta(minutes=5)
"""How long a URL is good for that a click on a button leads to."""


LONGEST_PLAY = timedelta(minutes=15)
"""The same of a recording that is played, whose browser asks for a piece at a time."""


def fetch_lifetime(
    manifest: Manifest, now: datetime, longest: timedelta = LONGEST_FETCH
) -> timedelta:
    """How long the URL of a fetch may live: minutes, and not beyond the link."""
    return min(longest, manifest.expires_at - now)


MAX_ARCHIVE_BYTES = 64_000_000
"""More than the files of one mail can have: SES takes 40 MB. What is more is had one by one."""

MAX_ARCHIVE_FILES = 500
"""As many as are read and packed well within the function's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """A file under the name that it has in the archive."""

    name: str
    attachment: StoredAttachment


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """All files that are ready. `digest` names this set of files: 32 hexadecimal digits."""

    members: tuple[ArchiveMember, ...]
    digest: str

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(member.attachment.size for member in self.members)


def plan_archive(files: Sequence[OfferedFile]) -> Archive | None:
    """The archive of those that are ready; None if there is none, or if it would be too large."""
    ready = [file.attachment for file in files if file.status is FileStatus.READY]
    total = sum(one.size for one in ready)
    if not 0 < len(ready) <= MAX_ARCHIVE_FILES or total > MAX_ARCHIVE_BYTES:
        return None
    names = unique_names(
        [safe_name(one.filename, one.content_type, number) for number, one in enumerate(ready, 1)]
    )
    identity = [(name, one.key, one.sha256) for name, one in zip(names, ready, strict=True)]
    return Archive(
        members=tuple(
            ArchiveMember(name=name, attachment=one)
            for name, one in zip(names, ready, strict=True)
        ),
        digest=sha256(json.dumps(identity).encode()).hexdigest()[:32],
    )


def archive_name(subject: str) -> str:
    """The file name of an archive of a mail's files: its subject, as far as a disk takes it."""
    stem = _SEPARATORS.sub("_", subject).strip() or "attachments"
    return safe_name(f"{stem}.zip", "application/zip", 1)


_SEPARATORS = re.compile(r"[/\\]")


def unique_names(filenames: Sequence[str]) -> tuple[str, ...]:
    """The same names, those that were there before numbered: `a.log`, `a (2).log`.

    Names are the same that a disk may take for the same, whatever their letter case and however
    their accents are composed.
    """
    taken: set[str] = set()
    next_number: dict[str, int] = {}
    names = []
    for filename in filenames:
        name, first = filename, _on_disk(filename)
        while _on_disk(name) in taken:
            number = next_number[first] = next_number.get(first, 1) + 1
            stem, dot, extension = filename.rpartition(".")
            name = f"{stem} ({number}){dot}{extension}" if stem else f"{filename} ({number})"
        taken.add(_on_disk(name))
        names.append(name)
    return tuple(names)


def _on_disk(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
