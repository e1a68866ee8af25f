"""The end of a message's links.

A link is valid for the configured time after its submission; the time that the mail waited before
does not count. All links of a message end at the same time, because they show the same files. A
submission can only move that end to a later time, so no link ends before the time in its mail.

No link is valid for longer than its files exist. S3 deletes an object at the first midnight (UTC)
after its retention in days has passed (S3 User Guide, "Lifecycle configuration elements"). So
files exist at least until `attachment_retention` after the manifest's `stored_since`. Where that
is too early for a mail that is sent now, they are stored again (`relay_core.delivery.storing`).
"""

from __future__ import annotations

from datetime import datetime

from relay_core.record.lease import Worker
from relay_core.record.manifest import Manifest
from relay_core.settings import Settings


def links_until(manifest: Manifest, settings: Settings, worker: Worker) -> datetime:
    """The end of the links in the mails that a worker submits.

    It is computed from the worker's deadline, since each of its submissions is before that. It is
    later if an operator has extended the links, and earlier if the files are deleted before.
    """
    end = max(manifest.expires_at, worker.deadline + settings.link_expiry)
    return min(end, manifest.files_until(settings.attachment_retention))
