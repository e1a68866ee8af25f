"""What a download link shows, decided from the manifest at the moment of the click.

A link shows its message's files until the manifest's `expires_at`, unless an operator has revoked
it: the link of a recipient, or a file for all recipients. A recipient's renewed link has an end of
its own, and all earlier links of that recipient are expired. Whether a file may be fetched is
checked again at the fetch.

All ready files can be downloaded together as an archive. The archive's name is a digest of its
content: after a file is revoked, no new download has an archive with that file.
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
    """The status of a link. An unknown link may be forged, or its message was deleted."""

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
    """The malware scan's result for a stored file; the adapter maps GuardDuty's values.

    `GONE`: the object was deleted.
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
    """What a link shows: files only if it is available, its recipient if it has expired.

    If the link is available, `expires_at` of the manifest in the view is this link's own end.
    """

    status: LinkStatus
    recipient: str | None = None
    manifest: Manifest | None = None
    files: tuple[OfferedFile, ...] = ()


def shown_sender(manifest: Manifest) -> str | None:
    """The sender that recipients see; None if it is unknown, or is a secret address."""
    return None if manifest.sender is None or MARK in manifest.sender else manifest.sender


def view_link(claim: TokenClaim, manifest: Manifest | None, now: datetime) -> LinkView:
    """What a genuine token shows now, before the results of scans are read."""
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
    """The file with the status that its scan's result gives."""
    if file.status is not FileStatus.READY:
        return file
    return OfferedFile(
        number=file.number, attachment=file.attachment, status=_STATUS_OF_SCAN[scan]
    )


MAX_FETCH_TIME = timedelta(minutes=5)
"""The lifetime of the URL that a click on a download button redirects to."""


MAX_PLAY_TIME = timedelta(minutes=15)
"""The same for a recording that is played: the browser requests one range after another."""


def fetch_lifetime(
    manifest: Manifest, now: datetime, longest: timedelta = MAX_FETCH_TIME
) -> timedelta:
    """How long the URL of a fetch is valid: minutes, and at most until the link's end."""
    return min(longest, manifest.expires_at - now)


MAX_ARCHIVE_BYTES = 64_000_000
"""Above the files of any one mail, as SES accepts 40 MB. Larger sets have no archive."""

MAX_ARCHIVE_FILES = 500
"""So many files are read and packed well within the function's timeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveMember:
    """A file and its name in the archive."""

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
    """The archive of the ready files; None if there are none, or if it would be too large."""
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
    """The file name of an archive of a mail's files: its subject, made safe as a file name."""
    stem = _SEPARATORS.sub("_", subject).strip() or "attachments"
    return safe_name(f"{stem}.zip", "application/zip", 1)


_SEPARATORS = re.compile(r"[/\\]")


def unique_names(filenames: Sequence[str]) -> tuple[str, ...]:
    """The names, with a number in each repeated one: `a.log`, `a (2).log`.

    Names count as equal if a file system may treat them as equal: letter case and the Unicode
    normalization of accents make no difference.
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
