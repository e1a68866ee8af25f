"""Until when the links of a message are good.

A link lives from its submission, as long as the configuration says, however long the mail waited
before. All links of a message end at the same time, because they show the same files. Each
submission moves the end, and only to a later time. So no link ends before the time in its mail.

No link outlives its files. S3 deletes an object so many days after it was stored, at the midnight
(UTC) after that (S3 User Guide, "Lifecycle configuration elements"). So files are there until
`attachment_retention` after the manifest's `stored_since` or longer. Where that is too soon for
a mail that goes out now, they are stored again (`relay_core.delivery.storing`).
"""

from __future__ import annotations

from datetime import datetime

from relay_core.record.lease import Worker
from relay_core.record.manifest import Manifest
from relay_core.settings import Settings


def links_until(manifest: Manifest, settings: Settings, worker: Worker) -> datetime:
    """Until when the links are good in the mails that a worker submits.

    It counts from the worker's deadline: all that it submits is submitted before. Later where an
    operator has extended them already, sooner where the files do not last so long.
    """
    end = max(manifest.expires_at, worker.deadline + settings.link_expiry)
    return min(end, manifest.files_until(settings.attachment_retention))
