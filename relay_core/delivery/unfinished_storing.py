"""Storing that did not finish: what is stored is recorded for the next delivery."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from relay_core.ports import Ports, StoredManifest
from relay_core.record.manifest import Manifest, ManifestState
from relay_core.record.report import Outcome, RelayReport, Retry

from .ledger import write_manifest
from .storing import Storing


def record_unfinished_storing(
    storing: Storing, before: Manifest, stored: StoredManifest | None, ports: Ports
) -> RelayReport:
    """Write down which files are stored already, for the next delivery.

    `before` is the manifest with them, under no lease.

    Raises:
        TransientError: if it is one that ended the storing, or this cannot be written.
    """
    if storing.error is not None and not storing.new:
        raise storing.error
    total = f"{len(before.attachments)} attachments are stored; there was no time for the others"
    open_states = {ManifestState.RELAYING, ManifestState.RELEASED}
    manifest = replace(
        before,
        state=stored.manifest.state
        if stored is not None and stored.manifest.state in open_states
        else ManifestState.FAILING,
        is_dead=False,
        detail=storing.error.detail if storing.error else total,
    )
    write_manifest(manifest, stored, ports.manifests)
    if storing.error is not None:
        raise storing.error
    return RelayReport(
        message_id=before.message_id,
        outcome=Outcome.UNFINISHED,
        detail=total,
        attachments=len(storing.new),
        attachment_bytes=sum(attachment.size for attachment in storing.new),
        retry=Retry(after=timedelta(0), failed_try=not storing.new),
    )
