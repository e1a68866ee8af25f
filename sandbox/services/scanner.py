"""GuardDuty Malware Protection for S3, as far as the relay sees it: tags on objects.

GuardDuty is notified of each new object of a protected bucket, scans it, and tags it with the
result (GuardDuty User Guide, "Malware Protection for S3", "Tagging objects based on scan
results"). A new version of an object is scanned again; until then it has no tag. Other tags stay.

The plans are those that the program declares. The only known threat is EICAR's test file, anywhere
in the content. Archives are not unpacked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.create import MalwarePlan
from sandbox.events import AttachmentScanned, Listener, SandboxFailure
from sandbox.ses_verdicts import EICAR

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

STATUS_TAG = "GuardDutyMalwareScanStatus"

_INTERVAL = 0.3  # seconds between two checks of the buckets
_CHUNK = 1024 * 1024  # bytes


class ScanStatus(StrEnum):
    """GuardDuty's results; GuardDuty has three more, for objects that it cannot scan."""

    CLEAN = "NO_THREATS_FOUND"
    THREAT = "THREATS_FOUND"


def find_threat(chunks: Iterable[bytes]) -> ScanStatus:
    """The result for a content in chunks, wherever it is split."""
    end = b""
    for chunk in chunks:
        if EICAR in end + chunk:
            return ScanStatus.THREAT
        end = (end + chunk)[-len(EICAR) + 1 :]
    return ScanStatus.CLEAN


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of an object."""

    bucket: str
    key: str
    etag: str


@dataclass(slots=True, kw_only=True)
class MalwareScanner:
    """Scans the objects of the plans, on a separate thread from `start` to `close`.

    `delay` is the least time before an object is scanned, counted from when it was first seen.
    """

    s3: S3Client
    plans: Iterable[MalwarePlan]
    listener: Listener
    delay: timedelta = timedelta()
    clock: Callable[[], float] = time.monotonic
    _seen: dict[_Version, float] = field(default_factory=dict)
    _scanned: set[_Version] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread. Plans may be added and removed meanwhile."""
        self._thread = threading.Thread(target=self._run, name="malware-scan", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop scanning."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL):
            try:
                self.scan()
            except (ClientError, BotoCoreError) as error:
                if not self._stopping.is_set():
                    self.listener(
                        SandboxFailure(text=f"malware scan: {type(error).__name__}: {error}")
                    )

    def scan(self) -> None:
        """Scan and tag every object that is due.

        Raises:
            ClientError, BotoCoreError: if a call fails; the remaining objects stay due.
        """
        now = self.clock()
        present = set(self._versions())
        for version in sorted(present - self._scanned, key=lambda one: (one.bucket, one.key)):
            first_seen = self._seen.setdefault(version, now)
            if self._stopping.is_set():
                return
            if now - first_seen >= self.delay.total_seconds():
                self._scan(version)
                self._scanned.add(version)
        # Deleted and overwritten versions are removed.
        self._scanned &= present
        self._seen = {one: at for one, at in self._seen.items() if one in present}

    def _versions(self) -> Iterator[_Version]:
        for plan in tuple(self.plans):
            if plan.tags_objects:
                for prefix in plan.prefixes or ("",):
                    pages = self.s3.get_paginator("list_objects_v2").paginate(
                        Bucket=plan.bucket, Prefix=prefix
                    )
                    for page in pages:
                        for item in page.get("Contents", ()):
                            yield _Version(plan.bucket, item["Key"], item["ETag"])

    def _scan(self, version: _Version) -> None:
        try:
            answer = self.s3.get_object(
                Bucket=version.bucket, Key=version.key, IfMatch=version.etag
            )
            status = find_threat(answer["Body"].iter_chunks(_CHUNK))
            tags = self.s3.get_object_tagging(Bucket=version.bucket, Key=version.key)["TagSet"]
            kept: list[TagTypeDef] = [tag for tag in tags if tag["Key"] != STATUS_TAG]
            self.s3.put_object_tagging(
                Bucket=version.bucket,
                Key=version.key,
                Tagging={"TagSet": [*kept, {"Key": STATUS_TAG, "Value": status.value}]},
            )
        except ClientError as error:
            # Deleted or overwritten meanwhile: the next check sees the new state.
            if error.response["Error"]["Code"] not in {"NoSuchKey", "PreconditionFailed"}:
                raise
            return
        self.listener(AttachmentScanned(key=version.key, status=status.value))
