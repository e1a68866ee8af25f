"""Raw messages, attachments, links, manifests and windows in Amazon S3.

Two buckets: raw messages in the incoming bucket, everything else in the attachments bucket.
S3's conditional writes do the rest (S3 User Guide, "Conditional requests"):

* `If-None-Match: *` writes only if the key is new, else 412; so a message has one first manifest.
* `If-Match: <ETag>` writes only over the version that was read, else 412, or 404 if the
  object is gone meanwhile; so two workers cannot overwrite each other's manifest.
* Both may answer 409 `ConditionalRequestConflict` if another write is under way.

S3 tells that a key is absent (404 `NoSuchKey`) only to a caller who may list the bucket,
and answers 403 `AccessDenied` to others (S3 API, "GetObject", permissions): the function's
role needs `s3:ListBucket` on the attachments bucket, or no first manifest is ever written.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

from botocore.credentials import Credentials

from relay_core.errors import PermanentError, TransientError
from relay_core.keys import (
    ADDRESS_USE_PREFIX,
    SUPPRESSION_PREFIX,
    WINDOWS_PREFIX,
    AttachmentKey,
    MessageId,
    RawKey,
    WindowKey,
    manifest_key,
    window_key,
)
from relay_core.limits.address_use import (
    AddressRecord,
    format_address_record,
    parse_address_record,
)
from relay_core.limits.budget import BudgetWindow, format_budget, parse_budget
from relay_core.limits.notice_window import (
    NoticeWindow,
    format_notice_window,
    parse_notice_window,
)
from relay_core.limits.sender_limit import SenderWindow, format_window, parse_window
from relay_core.limits.suppression import (
    SuppressionList,
    format_suppressions,
    parse_suppressions,
)
from relay_core.limits.window import WindowRecord
from relay_core.ports import FileToStore, Link, StoredManifest, StoredWindow, Version
from relay_core.record.manifest import Manifest
from relay_core.record.manifest_json import format_manifest, parse_manifest

from .concurrent_calls import call_concurrently
from .content_disposition import format_attachment_disposition
from .errors import aws_call
from .json_records import JsonRecords

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client

SPOOL_MEMORY = 1024 * 1024
"""Bytes of an attachment held in memory; what is longer goes to a temporary file."""

MAX_LIFETIME_OF_KEYS = timedelta(days=7)
"""SigV4's limit for a presigned URL (S3 User Guide, "Sharing objects with presigned URLs")."""

MAX_LIFETIME_OF_SESSION = timedelta(hours=12)
"""A URL ends with the session that signed it; a role's session lasts at most 12 hours."""

_DEFAULT_CONTENT_TYPE = "application/octet-stream"
# type "/" subtype, each a restricted-name (RFC 6838 section 4.2)
_RESTRICTED_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE = re.compile(f"{_RESTRICTED_NAME}/{_RESTRICTED_NAME}")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3IncomingMessages:
    """`IncomingMessages` in a bucket that SES writes to."""

    client: S3Client
    bucket: str

    def fetch(self, key: RawKey) -> bytes:
        """See `IncomingMessages.fetch`."""
        with aws_call(call="s3:GetObject", target=key):
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3AttachmentStore:
    """`AttachmentStore` in a bucket, in bounded memory.

    The length of an attachment is known only once it is decoded, and S3 wants it first. So
    the content is spooled, in memory up to `SPOOL_MEMORY` and from there on disk, and then
    uploaded in one request that can be repeated from its start. `threads` are as many as files may
    be stored at the same time.
    """

    client: S3Client
    bucket: str
    threads: Executor

    def store_each(
        self, files: Sequence[FileToStore]
    ) -> list[TransientError | PermanentError | None]:
        """See `AttachmentStore.store_each`."""
        return call_concurrently(self.threads, self._try_to_store, files)

    def _try_to_store(self, file: FileToStore) -> TransientError | PermanentError | None:
        try:
            self._store(file)
        except (TransientError, PermanentError) as error:
            return error
        return None

    def _store(self, file: FileToStore) -> None:
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY) as spool:
            for chunk in file.content:
                spool.write(chunk)
            spool.seek(0)
            with aws_call(call="s3:PutObject", target=file.key):
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=file.key,
                    Body=spool,
                    ContentType=_media_type(file.content_type),
                    ContentDisposition=format_attachment_disposition(file.filename),
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class S3AttachmentLinks:
    """`AttachmentLinks` as presigned URLs (SigV4, GET).

    A presigned URL ends when the credentials that signed it end. `lifetime` is therefore
    capped, at `MAX_LIFETIME_OF_SESSION` for a role's credentials (those with a session
    token) and at `MAX_LIFETIME_OF_KEYS` for a user's. A warm container may hold a session
    that ends earlier still, which nothing tells it: a link that must keep a promise needs
    the download page.
    """

    client: S3Client
    bucket: str
    credentials: Credentials
    clock: Callable[[], datetime]

    def issue(
        self, key: AttachmentKey, *, filename: str, content_type: str, lifetime: timedelta
    ) -> Link:
        """See `AttachmentLinks.issue`. Whole seconds, at least one (SigV4's unit)."""
        cap = MAX_LIFETIME_OF_SESSION if self.credentials.token else MAX_LIFETIME_OF_KEYS
        seconds = max(1, int(min(lifetime, cap).total_seconds()))
        # read before the signature is made, and rounded down: never later than the truth
        now = self.clock().replace(microsecond=0)
        with aws_call(call="s3:GetObject (presigned)", target=key):
            url = self.client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self.bucket,
                    "Key": key,
                    "ResponseContentDisposition": format_attachment_disposition(filename),
                    "ResponseContentType": _media_type(content_type),
                },
                ExpiresIn=seconds,
                HttpMethod="GET",
            )
        return Link(url=url, expires_at=now + timedelta(seconds=seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Manifests:
    """`Manifests` as one JSON object a message; its ETag is the version."""

    client: S3Client
    bucket: str

    def load(self, message_id: MessageId) -> StoredManifest | None:
        """See `Manifests.load`.

        Raises:
            PermanentError: also if the object under the key is no manifest.
        """
        record = self._records.read(manifest_key(message_id), parse_manifest)
        return record and StoredManifest(*record)

    def create(self, manifest: Manifest) -> Version:
        """See `Manifests.create`."""
        return self._put(manifest, None)

    def replace(self, manifest: Manifest, expected: Version) -> Version:
        """See `Manifests.replace`."""
        return self._put(manifest, expected)

    def _put(self, manifest: Manifest, expected: Version | None) -> Version:
        key = manifest_key(manifest.message_id)
        return self._records.write(key, format_manifest(manifest), expected)

    @property
    def _records(self) -> JsonRecords:
        return JsonRecords(client=self.client, bucket=self.bucket)


_Window = TypeVar("_Window", bound=WindowRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Windows(Generic[_Window]):
    """`Windows` as one JSON object a window; its ETag is the version.

    `format` and `parse` are how a record is written and read, `prefix` what keys begin with.
    Nobody deletes them: they end with the bucket's lifecycle, where it is about that prefix.
    """

    client: S3Client
    bucket: str
    format: Callable[[_Window], bytes]
    parse: Callable[[bytes], _Window]
    prefix: str = WINDOWS_PREFIX

    def load(self, key: WindowKey) -> StoredWindow[_Window] | None:
        """See `Windows.load`.

        Raises:
            PermanentError: also if the object under the key is no such record.
        """
        record = self._records.read(self._key(key), self.parse)
        return record and StoredWindow(*record)

    def create(self, window: _Window) -> Version:
        """See `Windows.create`."""
        return self._records.write(self._key(window.key), self.format(window), None)

    def replace(self, window: _Window, expected: Version) -> Version:
        """See `Windows.replace`."""
        return self._records.write(self._key(window.key), self.format(window), expected)

    def _key(self, key: WindowKey) -> str:
        return window_key(key, self.prefix)

    @property
    def _records(self) -> JsonRecords:
        return JsonRecords(client=self.client, bucket=self.bucket)


def sender_windows(client: S3Client, bucket: str) -> S3Windows[SenderWindow]:
    """The store of sender windows: which mails of each sender were let through."""
    return S3Windows(client=client, bucket=bucket, format=format_window, parse=parse_window)


def notice_windows(client: S3Client, bucket: str) -> S3Windows[NoticeWindow]:
    """The store of notice windows: published notices, and those left for a summary."""
    return S3Windows(
        client=client, bucket=bucket, format=format_notice_window, parse=parse_notice_window
    )


def budget_windows(client: S3Client, bucket: str) -> S3Windows[BudgetWindow]:
    """The store of budget windows: the reserved recipients of each hour."""
    return S3Windows(client=client, bucket=bucket, format=format_budget, parse=parse_budget)


def address_records(client: S3Client, incoming_bucket: str) -> S3Windows[AddressRecord]:
    """The store of who used a previous address or a closed label: one object.

    It is in the incoming bucket, beside the raw mail, where no retention ends it: a week without
    mail may be followed by many.
    """
    return S3Windows(
        client=client,
        bucket=incoming_bucket,
        format=format_address_record,
        parse=parse_address_record,
        prefix=ADDRESS_USE_PREFIX,
    )


def suppression_lists(client: S3Client, incoming_bucket: str) -> S3Windows[SuppressionList]:
    """The store of suppressed addresses: one object in the incoming bucket.

    What lies beside the raw mail there has no end, unlike everything in the attachments bucket.
    """
    return S3Windows(
        client=client,
        bucket=incoming_bucket,
        format=format_suppressions,
        parse=parse_suppressions,
        prefix=SUPPRESSION_PREFIX,
    )


def _media_type(content_type: str) -> str:
    """The media type without parameters; an invalid one becomes application/octet-stream.

    It becomes an HTTP header: letting nothing else through keeps a mail's Content-Type from
    adding headers of its own.
    """
    media_type = content_type.partition(";")[0].strip()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else _DEFAULT_CONTENT_TYPE
