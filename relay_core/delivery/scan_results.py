"""Malware scan results of files that were delivered: checked, reported and recorded.

The scan takes seconds, and no mail waits for it. Its recipient learns of malware at the click; the
operator, who has to look at the device, would not. So the scan's results are looked at after a
mail went out, again and again until each file has one, for an hour or two. That a file was never
scanned or cannot be is reported as well: nobody can fetch it.

The results may be read twice. What is recorded is not reported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from relay_core.errors import Reason, Refusal
from relay_core.keys import AttachmentKey, MessageId
from relay_core.links.download import Scan
from relay_core.notices.notice import compose_notice
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Ports
from relay_core.record.manifest import DeliveryState, Manifest, StoredAttachment, Threat
from relay_core.settings import Settings

from .ledger import Ledger

MAX_CHECKS = 10
"""How often the results are looked at; each time, it is waited twice as long as before."""

_OPEN = frozenset({Scan.UNDER_WAY, Scan.FAILED})


class ScanResults(Protocol):
    """The scan results of stored files."""

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        """The result for each file, in order. Raises an `AdapterError` if one cannot be read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanCheck:
    """The result of a check: how many `malicious` files were reported, and if it `is_last`."""

    malicious: int
    is_last: bool


def check_scans(
    message_id: MessageId, number: int, results: ScanResults, settings: Settings, ports: Ports
) -> ScanCheck:
    """Check the results for a mail's files, for the `number`-th time from 1, and report malware.

    Raises:
        AdapterError: if something cannot be read, published or written; check again.
    """
    stored = ports.manifests.load(message_id)
    if stored is None:  # its retention is over
        return ScanCheck(malicious=0, is_last=True)
    manifest = stored.manifest
    known = {one.key: one.is_malware for one in manifest.threats}
    # One that was reported as not scanned may be found to hold malware later.
    files = [one for one in manifest.attachments if one.failure is None and not known.get(one.key)]
    scans = results.scan_each([one.key for one in files])
    is_last = number >= MAX_CHECKS or _OPEN.isdisjoint(scans)
    reported = [
        (one, scan)
        for one, scan in zip(files, scans, strict=True)
        if scan is Scan.MALICIOUS or (scan in _OPEN and is_last and one.key not in known)
    ]
    if reported:
        _report(manifest, reported, settings, ports)
        threats = tuple(
            Threat(key=one.key, at=ports.clock(), is_malware=scan is Scan.MALICIOUS)
            for one, scan in reported
        )
        Ledger(ports.manifests, manifest, stored).update(
            lambda found: replace(found, threats=_with(threats, found.threats))
        )
    malicious = sum(scan is Scan.MALICIOUS for _, scan in reported)
    return ScanCheck(malicious=malicious, is_last=is_last)


def _with(new: Sequence[Threat], known: Sequence[Threat]) -> tuple[Threat, ...]:
    """One a file: malware counts more than what was not scanned, then the first report."""
    threats = {one.key: one for one in known}
    for one in new:
        if one.key not in threats or (one.is_malware and not threats[one.key].is_malware):
            threats[one.key] = one
    return tuple(threats.values())


def _report(
    manifest: Manifest,
    reported: Sequence[tuple[StoredAttachment, Scan]],
    settings: Settings,
    ports: Ports,
) -> None:
    served = [one.recipient for one in manifest.deliveries if one.state is DeliveryState.SUBMITTED]
    have = f"{len(served)} recipients have" if len(served) != 1 else "1 recipient has"
    mail = MailIdentity(
        message_id=manifest.message_id,
        raw_key=manifest.raw_key,
        sender=manifest.sender,
        subject=manifest.subject,
    )
    ports.notices.publish(
        compose_notice(
            mail,
            [
                Refusal(reason=Reason.VIRUS, detail=f"attachment {one.filename}: {_SAID[scan]}")
                for one, scan in reported
            ],
            settings,
            relayed_to=len(served),
            headline=f"The malware scan blocks files of a mail that {have} already.",
        )
    )


_SAID = {
    Scan.MALICIOUS: "the scan found malware in it, so it cannot be downloaded",
    Scan.FAILED: "it could not be scanned, so it cannot be downloaded",
    Scan.UNDER_WAY: "the scan has no result for it yet; until then it cannot be downloaded",
}
