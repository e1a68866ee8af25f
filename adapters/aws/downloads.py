"""Downloads from Amazon S3: scan results, previews, archives, and a record of each download.

All of it lies in the attachments bucket and ends with its lifecycle:

* `attachments/…`: a file is asked about before it is handed out: its tag, where files are scanned
  (GuardDuty user guide, "Malware Protection for S3", S3 object tags), else whether it is there.
  A presigned URL tells nobody: whoever follows it into nothing reads S3's XML.
* `archives/<message id>/<digest>.zip`: made at the first wish for all files at once. The digest
  stands for the set of files, so what is there under a key is what is wanted. Files are stored
  as they are: photographs and logs of devices are small, and time is what a person waits for.
* `downloads/<message id>/<time>-<random>.json`: written at each wish to download, never at a look.
  One object each: nobody has to read and change what another writes.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Protocol
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from botocore.exceptions import ClientError

from relay_core.errors import PermanentError
from relay_core.keys import AttachmentKey, MessageId, archive_key, downloads_prefix
from relay_core.links.download import Archive, Scan
from relay_core.links.preview import MAX_PREVIEW_BYTES, ImageFormat, preview_format
from relay_core.record.manifest import Manifest

from .errors import aws_call, error_code, http_status
from .s3 import SPOOL_MEMORY

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 8
"""Calls that are under way together; botocore keeps ten connections open for a client."""


class FileGone(PermanentError):
    """The object with this key does not exist any more."""


class Scans(Protocol):
    """The scan results of stored files."""

    def scan(self, key: AttachmentKey) -> Scan:
        """Whether the file may be downloaded."""
        ...

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        """The same of many, as far as it is worth knowing before anybody asks for one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UnscannedFiles:
    """`Scans` of a stack without scans: a file that exists may be downloaded."""

    client: S3Client
    bucket: str

    def scan(self, key: AttachmentKey) -> Scan:
        """See `Scans.scan`."""
        with aws_call(call="s3:HeadObject", target=key):
            return Scan.NOT_REQUIRED if _is_there(self.client, self.bucket, key) else Scan.GONE

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        """See `Scans.scan_each`. Makes no call."""
        return [Scan.NOT_REQUIRED] * len(keys)


SCAN_TAG = "GuardDutyMalwareScanStatus"

_SCAN_OF_TAG = {
    "NO_THREATS_FOUND": Scan.CLEAN,
    "THREATS_FOUND": Scan.MALICIOUS,
    "UNSUPPORTED": Scan.FAILED,
    "ACCESS_DENIED": Scan.FAILED,
    "FAILED": Scan.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFiles:
    """`Scans` by the tag that GuardDuty puts on each object once it has scanned it."""

    client: S3Client
    bucket: str

    def scan(self, key: AttachmentKey) -> Scan:
        """See `Scans.scan`. An unknown result of GuardDuty blocks the file."""
        with aws_call(call="s3:GetObjectTagging", target=key):
            try:
                tags = self.client.get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"]
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return Scan.GONE
        words = [tag["Value"] for tag in tags if tag["Key"] == SCAN_TAG]
        return _SCAN_OF_TAG.get(words[0], Scan.FAILED) if words else Scan.UNDER_WAY

    def scan_each(self, keys: Sequence[AttachmentKey]) -> Sequence[Scan]:
        """See `Scans.scan_each`."""
        if len(keys) < 2:
            return [self.scan(key) for key in keys]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            return list(threads.map(self.scan, keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An image, and its media type by its bytes."""

    content: bytes
    format: ImageFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Previews:
    """Previews of stored files that are images."""

    client: S3Client
    bucket: str

    def fetch(self, key: AttachmentKey) -> Preview | None:
        """The file as an image that is safe to show, or None."""
        with aws_call(call="s3:GetObject", target=key):
            try:
                answer = self.client.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            with answer["Body"] as body:
                if answer["ContentLength"] > MAX_PREVIEW_BYTES:
                    return None
                content = body.read()
        image_format = preview_format(content)
        return None if image_format is None else Preview(content=content, format=image_format)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Archives:
    """Archives of all files of a message; each is made once and stored."""

    client: S3Client
    bucket: str

    def provide(self, archive: Archive, manifest: Manifest) -> tuple[AttachmentKey, bool]:
        """The key of the archive, and whether it had to be made.

        Raises:
            FileGone: if one of its files is not there any more.
        """
        key = archive_key(manifest.message_id, archive.digest)
        with aws_call(call="s3:HeadObject", target=key):
            if _is_there(self.client, self.bucket, key):
                return key, False
        with tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY) as spool:
            self._write(spool, archive, manifest.created_at)
            self._keep(spool, key)
        return key, True

    def _write(self, file: IO[bytes], archive: Archive, at: datetime) -> None:
        keys = [member.attachment.key for member in archive.members]
        with ZipFile(file, "w", ZIP_STORED) as packed:
            for member, content in zip(archive.members, self._contents(keys), strict=True):
                packed.writestr(_entry(member.name, at), content)

    def _contents(self, keys: Sequence[AttachmentKey]) -> Iterator[bytes]:
        """The files in order; some are under way while the one before is packed."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for start in range(0, len(keys), _AT_ONCE):
                yield from threads.map(self._content, keys[start : start + _AT_ONCE])

    def _content(self, key: AttachmentKey) -> bytes:
        with aws_call(call="s3:GetObject", target=key):
            try:
                return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                raise FileGone(
                    call="s3:GetObject", target=key, detail="the file no longer exists"
                ) from error

    def _keep(self, file: IO[bytes], key: AttachmentKey) -> None:
        for last in (False, True):
            file.seek(0)
            with aws_call(call="s3:PutObject", target=key):
                try:
                    self.client.put_object(
                        Bucket=self.bucket,
                        Key=key,
                        Body=file,
                        ContentType="application/zip",
                        IfNoneMatch="*",
                    )
                except ClientError as error:
                    # Somebody else made the same one, or is about to.
                    if error_code(error) == "PreconditionFailed":
                        return
                    if error_code(error) != "ConditionalRequestConflict" or last:
                        raise
                else:
                    return


_FIRST_YEAR, _LAST_YEAR = 1980, 2107  # of the times in a zip file (APPNOTE.TXT section 4.4.6)


def _entry(name: str, at: datetime) -> ZipInfo:
    """An entry that anybody may read; the same archive is the same bytes at every time."""
    moment = at.astimezone(UTC)
    year = min(max(moment.year, _FIRST_YEAR), _LAST_YEAR)
    entry = ZipInfo(
        name, (year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    )
    entry.create_system = 3  # Unix, whose permissions follow
    entry.external_attr = 0o644 << 16
    return entry


def _is_there(client: S3Client, bucket: str, key: str) -> bool:
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # An answer to HEAD has no body that could name the error (S3 API, "HeadObject").
        if http_status(error) != 404:
            raise
        return False
    return True


MAX_USER_AGENT = 200
"""Characters of a client's name for itself that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One request to download. `file` counts from 1, and is None for all of them together."""

    message_id: MessageId
    recipient: str
    file: int | None
    filename: str
    at: datetime
    user_agent: str


def format_download(download: Download) -> bytes:
    """The record of a download as JSON, UTF-8."""
    document = {
        "message_id": download.message_id,
        "recipient": download.recipient,
        "file": download.file,
        "filename": download.filename,
        "at": download.at.isoformat(),
        "user_agent": download.user_agent[:MAX_USER_AGENT],
    }
    return json.dumps(document, indent=1).encode()


def parse_download(document: bytes) -> Download:
    """The inverse of `format_download`.

    Raises:
        ValueError: if it is no record of a download.
    """
    try:
        data = json.loads(document)
        return Download(
            message_id=MessageId(data["message_id"]),
            recipient=data["recipient"],
            file=data["file"],
            filename=data["filename"],
            at=datetime.fromisoformat(data["at"]),
            user_agent=data["user_agent"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no record of a download: {error!r}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Downloads:
    """The records of downloads."""

    client: S3Client
    bucket: str

    def record(self, download: Download) -> None:
        """Store the record of a download.

        Raises:
            AdapterError: if it cannot be written; the download may go on.
        """
        moment = download.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        key = f"{downloads_prefix(download.message_id)}{moment}-{secrets.token_hex(4)}.json"
        with aws_call(call="s3:PutObject", target=key):
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=format_download(download),
                ContentType="application/json",
            )
