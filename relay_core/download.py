"""What a download link shows, decided from the manifest at the moment of the click.

A link shows its message's files until the manifest's `expires_at`, and not a second longer,
unless an operator has taken it back: from its recipient, or one of the files from everybody.
Whether a file may be fetched is asked again at the fetch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .manifest import Manifest, ManifestState, StoredAttachment
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
    """What the malware scan says of a stored file; the adapter maps GuardDuty's words."""

    NOT_REQUIRED = "not-required"
    UNDER_WAY = "under-way"
    CLEAN = "clean"
    MALICIOUS = "malicious"
    FAILED = "failed"


_STATUS_OF_SCAN = {
    Scan.NOT_REQUIRED: FileStatus.READY,
    Scan.UNDER_WAY: FileStatus.SCANNING,
    Scan.CLEAN: FileStatus.READY,
    Scan.MALICIOUS: FileStatus.MALICIOUS,
    Scan.FAILED: FileStatus.UNSCANNABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedFile:
    """One file on the page. `number` counts from 1 and names it in requests."""

    number: int
    attachment: StoredAttachment
    status: FileStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What a link shows. All but `status` is None or empty unless it is available."""

    status: LinkStatus
    recipient: str | None = None
    manifest: Manifest | None = None
    files: tuple[OfferedFile, ...] = ()


def view_link(claim: TokenClaim, manifest: Manifest | None, now: datetime) -> LinkView:
    """What a genuine token shows now, before any scan is asked about."""
    delivery = next(
        (
            one
            for one in (manifest.deliveries if manifest else ())
            if recipient_tag(one.recipient) == claim.recipient_tag
        ),
        None,
    )
    if manifest is None or delivery is None or manifest.state is not ManifestState.RELAYING:
        return LinkView(status=LinkStatus.UNKNOWN)
    if delivery.revoked_at is not None:
        return LinkView(status=LinkStatus.REVOKED)
    if now >= manifest.expires_at:
        return LinkView(status=LinkStatus.EXPIRED)
    return LinkView(
        status=LinkStatus.AVAILABLE,
        recipient=delivery.recipient,
        manifest=manifest,
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


def fetch_lifetime(manifest: Manifest, now: datetime) -> timedelta:
    """How long the URL of a fetch may live: minutes, and not beyond the link."""
    return min(LONGEST_FETCH, manifest.expires_at - now)
