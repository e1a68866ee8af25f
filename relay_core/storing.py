"""The detached files of a mail on their way into the store: some at the same time, while it lasts.

A mail may have hundreds of files, and storing one takes a call. So they go in groups, and before
each the worker looks at the clock. What is stored is written down where the mail has to come
again, so that the next delivery goes on with the file after it, and reads none a second time.

One file that can never be kept does not stop the words of an alarm: it is recorded as lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from .attachment import content_of
from .errors import PermanentError, TransientError
from .lease import Worker
from .manifest import Manifest, ManifestState, StoredAttachment
from .measured import Measured
from .plan import RelayPlan, Upload
from .ports import FileToStore, Ports

FILES_AT_ONCE = 8
"""How many files are stored at the same time.

A call to S3 takes some 30 ms, most of them spent waiting: eight of them keep a worker's share of a
processor busy. Each holds a megabyte in memory at most (`adapters.s3.SPOOL_MEMORY`), and a group's
longest call ends within the time that a worker keeps back for its end.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """How far it came: `attachments` are those stored or lost, in the order of the plan.

    `new` of them were not known before. `trouble` is an error that ended it before all were done.
    """

    attachments: tuple[StoredAttachment, ...]
    new: tuple[StoredAttachment, ...]
    is_finished: bool
    trouble: TransientError | None = None


def known_files(manifest: Manifest | None) -> tuple[StoredAttachment, ...]:
    """The files of a mail that promises nothing yet, as earlier tries left them."""
    if manifest is None or manifest.state not in {ManifestState.FAILING, ManifestState.RELEASED}:
        return ()
    return manifest.attachments


def store_files(
    plan: RelayPlan, known: Sequence[StoredAttachment], ports: Ports, worker: Worker
) -> Storing:
    """Store the files of a plan that are not `known` yet, for as long as there is time.

    Raises nothing of a store: a transient error is in the result, a permanent one in a record.
    """
    done = {one.key: one for one in known}
    left = iter([upload for upload in plan.uploads if upload.key not in done])
    new: dict[str, StoredAttachment] = {}
    trouble: TransientError | None = None
    is_finished = True
    while group := list(islice(left, FILES_AT_ONCE)):
        if trouble is not None or not worker.has_time(ports.clock()):
            is_finished = False
            break
        contents = [Measured(content_of(plan.message, upload.attachment)) for upload in group]
        answers = ports.attachments.store_each(list(map(_file, group, contents)))
        for upload, content, answer in zip(group, contents, answers, strict=True):
            if isinstance(answer, TransientError):
                trouble = answer
            else:
                new[upload.key] = _record(upload, content, answer)
    return Storing(
        attachments=_in_order(plan, {**done, **new}),
        new=tuple(new.values()),
        is_finished=is_finished and trouble is None,
        trouble=trouble,
    )


def _in_order(
    plan: RelayPlan, done: Mapping[str, StoredAttachment]
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
