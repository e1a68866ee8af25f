"""The incoming mails, with what is known of each.

Raw messages and manifests are read from their buckets, messages from the queues, events from the
journal. Nothing is read twice: a raw message never changes, and a changed manifest has another
ETag. Only the newest mails are read, because a sandbox under load has thousands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from adapters.aws.downloads import Download, parse_download
from adapters.aws.errors import error_code
from relay_core.keys import (
    DOWNLOADS_PREFIX,
    INCOMING_PREFIX,
    MessageId,
    RawKey,
    downloads_prefix,
    manifest_prefix,
    message_id_in,
    message_id_of,
)
from relay_core.record.manifest import Manifest
from relay_core.record.manifest_json import parse_manifest

from .journal import Journal
from .mail import Heading, read_heading
from .mail_progress import IncomingMail, Opening
from .queues import Queues

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

MAX_LISTED = 500
"""How many of the newest mails are shown and searched."""

_SETUP = "AMAZON_SES_SETUP_NOTIFICATION"
_HEAD = 65_536  # bytes of a mail that are read for a list
_AT_ONCE = 8

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Incoming:
    """Reads the mails. Safe for threads. Raises boto3's errors."""

    s3: S3Client
    incoming_bucket: str
    attachments_bucket: str
    queues: Queues
    journal: Journal
    _headings: dict[str, Heading] = field(default_factory=dict)
    _manifests: dict[str, tuple[str, Manifest | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mails(self) -> Sequence[IncomingMail]:
        """The newest mails, newest first."""
        raw = self._newest()
        queued = self.queues.queued()
        opened = self._openings()
        manifests = self._find_manifests(set(map(_id_of, raw)))
        headings = dict(zip(raw, self._each(self._heading, list(raw)), strict=True))
        return [
            IncomingMail(
                message_id=_id_of(key),
                raw_key=key,
                stored_at=found["LastModified"],
                size=found["Size"],
                heading=headings[key],
                manifest=manifests.get(_id_of(key)),
                queued=queued.get(key),
                trace=self.journal.trace(_id_of(key)),
                opened=opened.get(_id_of(key)),
            )
            for key, found in raw.items()
        ]

    def raw(self, mail: IncomingMail) -> bytes:
        """The raw message, byte for byte as it was stored."""
        answer = self.s3.get_object(Bucket=self.incoming_bucket, Key=mail.raw_key)
        return answer["Body"].read()

    def downloads(self, mail: IncomingMail) -> Sequence[Download]:
        """The downloads from the mail's links, oldest first."""
        prefix = downloads_prefix(MessageId(mail.message_id))
        keys = [found["Key"] for found in self._listed(self.attachments_bucket, prefix)]
        return sorted(self._each(self._download, keys), key=lambda one: one.at)

    def _download(self, key: str) -> Download:
        answer = self.s3.get_object(Bucket=self.attachments_bucket, Key=key)
        return parse_download(answer["Body"].read())

    def _newest(self) -> Mapping[str, ObjectTypeDef]:
        found = [
            one
            for one in self._listed(self.incoming_bucket, INCOMING_PREFIX)
            if _id_of(one["Key"]) != _SETUP
        ]

        def age(one: ObjectTypeDef) -> tuple[datetime, datetime]:
            # S3's times have whole seconds; the journal orders mails of the same second.
            at = one["LastModified"]
            seen = self.journal.trace(_id_of(one["Key"])).received_at
            return at, seen or at

        found.sort(key=age, reverse=True)
        return {one["Key"]: one for one in found[:MAX_LISTED]}

    def _heading(self, key: str) -> Heading:
        with self._lock:
            known = self._headings.get(key)
        if known is None:
            answer = self.s3.get_object(
                Bucket=self.incoming_bucket, Key=key, Range=f"bytes=0-{_HEAD - 1}"
            )
            known = read_heading(answer["Body"].read())
            with self._lock:
                self._headings[key] = known
        return known

    def _find_manifests(self, ids: set[str]) -> Mapping[str, Manifest]:
        listed = {
            str(message_id): (one["Key"], one["ETag"])
            for one in self._listed(self.attachments_bucket, manifest_prefix())
            if (message_id := message_id_in(one["Key"])) in ids
        }
        with self._lock:
            known = {one: kept for one, kept in self._manifests.items() if one in listed}
        stale = [one for one, (_, tag) in listed.items() if known.get(one, ("",))[0] != tag]
        read = self._each(lambda one: self._manifest(listed[one][0]), stale)
        fresh = {one: (listed[one][1], found) for one, found in zip(stale, read, strict=True)}
        with self._lock:
            self._manifests = {**known, **fresh}
        return {one: found for one, (_, found) in {**known, **fresh}.items() if found}

    def _manifest(self, key: str) -> Manifest | None:
        try:
            answer = self.s3.get_object(Bucket=self.attachments_bucket, Key=key)
            return parse_manifest(answer["Body"].read())
        except ValueError:  # written in a newer schema
            return None
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None

    def _openings(self) -> Mapping[str, Opening]:
        times: dict[str, list[datetime]] = {}
        for one in self._listed(self.attachments_bucket, DOWNLOADS_PREFIX):
            message_id = one["Key"].removeprefix(DOWNLOADS_PREFIX).partition("/")[0]
            times.setdefault(message_id, []).append(one["LastModified"])
        return {one: Opening(at=min(found), count=len(found)) for one, found in times.items()}

    def _listed(self, bucket: str, prefix: str) -> Iterator[ObjectTypeDef]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", ())

    @staticmethod
    def _each(read: Callable[[str], T], keys: Sequence[str]) -> list[T]:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(read, keys))


def _id_of(key: str) -> str:
    return message_id_of(RawKey(key))
