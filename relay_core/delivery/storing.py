"""Storing the detached files of a mail: several at once, while the worker has time.

A mail may have hundreds of files, and storing one takes a call. So they go in groups, and before
each the worker looks at the clock. What is stored is written down where the mail has to come
again, so that the next delivery goes on with the file after it, and reads none a second time.

A mail goes out as long as its raw message exists, and its files go with it: those that S3 keeps no
longer, or not for long enough for a link, are stored again from the raw message. So is one that
only this delivery detaches, because the configuration has changed since recipients were promised.

One file that can never be kept does not stop the words of an alarm: it is recorded as lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from relay_core.attachments.attachment import content_of
from relay_core.attachments.file_key import earlier_file_key
from relay_core.errors import PermanentError, TransientError
from relay_core.keys import AttachmentKey
from relay_core.plan import RelayPlan, Upload
from relay_core.ports import FileToStore, Ports
from relay_core.record.lease import Worker
from relay_core.record.manifest import Manifest, StoredAttachment
from relay_core.settings import Settings

from .ledger import Change
from .measured import Measured

FILES_AT_ONCE = 8
"""How many files are stored at the same time.

A call to S3 takes some 30 ms, most of them spent waiting: eight of them keep a worker's share of a
processor busy. Each holds a megabyte in memory at most (`adapters.aws.s3.SPOOL_MEMORY`), and a
group's longest call ends within the time that a worker keeps back for its end.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """The result: `attachments` are those stored or lost, in the order of the plan.

    `new` of them were not known before. `error` is what ended it before all were done.
    """

    attachments: tuple[StoredAttachment, ...]
    new: tuple[StoredAttachment, ...]
    is_finished: bool
    error: TransientError | None = None


def earlier_files(
    manifest: Manifest | None, settings: Settings, now: datetime
) -> tuple[tuple[StoredAttachment, ...], datetime]:
    """The files that earlier deliveries stored and this one need not, and since when they are.

    Files that would be deleted before a new link ends are stored again; of a short retention, half
    has to be left, so that storing a mail with many files ends. What an operator has revoked is
    never stored again, and stays listed.
    """
    if manifest is None or not manifest.attachments:
        return (), now
    least = min(settings.link_expiry, settings.attachment_retention / 2)
    if now + least <= manifest.files_until(settings.attachment_retention):
        return manifest.attachments, manifest.stored_since
    return tuple(one for one in manifest.attachments if one.revoked_at is not None), now


def with_files(files: Sequence[StoredAttachment], since: datetime) -> Change:
    """The change by which a message has those files, none of them stored before `since`.

    What an operator has revoked meanwhile stays revoked.
    """

    def change(manifest: Manifest) -> Manifest:
        revoked = {one.key: one.revoked_at for one in manifest.attachments}
        return replace(
            manifest,
            attachments=tuple(
                replace(one, revoked_at=revoked.get(one.key, one.revoked_at)) for one in files
            ),
            files_since=since,
        )

    return change


def store_files(
    plan: RelayPlan, known: Sequence[StoredAttachment], ports: Ports, worker: Worker
) -> Storing:
    """Store the files of a plan that are not `known` yet, for as long as there is time.

    Raises nothing of a store: a transient error is in the result, a permanent one in a record.
    """
    stored = {one.key: one for one in known}
    done = dict(stored)
    for upload in plan.uploads:
        earlier = earlier_file_key(plan.mail.message_id, upload.attachment)
        if earlier is not None and earlier in stored:
            done.setdefault(upload.key, stored[earlier])
    left = iter([upload for upload in plan.uploads if upload.key not in done])
    new: dict[AttachmentKey, StoredAttachment] = {}
    error: TransientError | None = None
    is_finished = True
    while group := list(islice(left, FILES_AT_ONCE)):
        if error is not None or not worker.has_time(ports.clock()):
            is_finished = False
            break
        contents = [Measured(content_of(plan.message, upload.attachment)) for upload in group]
        answers = ports.attachments.store_each(list(map(_file, group, contents)))
        for upload, content, answer in zip(group, contents, answers, strict=True):
            if isinstance(answer, TransientError):
                error = answer
            else:
                new[upload.key] = _record(upload, content, answer)
    return Storing(
        attachments=_in_order(plan, {**done, **new}),
        new=tuple(new.values()),
        is_finished=is_finished and error is None,
        error=error,
    )


def _in_order(
    plan: RelayPlan, done: Mapping[AttachmentKey, StoredAttachment]
) -> tuple[StoredAttachment, ...]:
    return tuple(done[upload.key] for upload in plan.uploads if upload.key in done)


def _file(upload: Upload, content: Measured) -> FileToStore:
    return FileToStore(
        key=upload.key,
        content=content,
        content_type=upload.attachment.stored_content_type,
        filename=upload.attachment.safe_name,
    )


def _record(upload: Upload, content: Measured, error: PermanentError | None) -> StoredAttachment:
    return StoredAttachment(
        key=upload.key,
        filename=upload.attachment.safe_name,
        content_type=upload.attachment.stored_content_type,
        size=0 if error else content.size,
        sha256="" if error else content.sha256,
        failure=error.detail if error else None,
    )
