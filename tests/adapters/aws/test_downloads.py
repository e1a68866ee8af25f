"""Scans, previews, archives and records, over the emulator's S3."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import boto3
import pytest
from botocore.exceptions import ClientError

from adapters.aws.clients import PageClients, make_page_clients
from adapters.aws.downloads import (
    MAX_USER_AGENT,
    Download,
    FileGone,
    S3Archives,
    S3Downloads,
    S3Previews,
    ScannedFiles,
    UnscannedFiles,
    parse_download,
)
from relay_core.errors import TransientError
from relay_core.keys import AttachmentKey, MessageId, downloads_prefix
from relay_core.links.download import Archive, FileStatus, OfferedFile, Scan, plan_archive
from relay_core.links.preview import MAX_PREVIEW_BYTES, ImageFormat
from sandbox.emulator.running import Emulator
from tests.adapters.stored_message import (
    ANNA,
    NOW,
    Calls,
    File,
    StoredMessage,
    png,
    store_message,
)

FILES = (
    File(name="a.log", content=b"one"),
    File(name="A.log", content=bytes(range(256)) * 400),
    File(name="Tür_München.txt", content="Tür\n".encode()),
    File(name="empty", content=b""),
)


@pytest.fixture(scope="module")
def one_session(emulator: Emulator) -> boto3.Session:
    """A session for all tests, which reads the services' models once."""
    return boto3.Session(
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
        region_name=emulator.region,
    )


@pytest.fixture
def session(
    one_session: boto3.Session,
    aws_environment: None,  # noqa: ARG001 - a fixture used for its effect
) -> boto3.Session:
    return one_session


@pytest.fixture
def clients(session: boto3.Session) -> PageClients:
    return make_page_clients(session)


@pytest.fixture
def message(emulator: Emulator, bucket: str) -> StoredMessage:
    return store_message(emulator, bucket, FILES)


@pytest.fixture
def archive(message: StoredMessage) -> Archive:
    planned = plan_archive(
        [
            OfferedFile(number=number, attachment=one, status=FileStatus.READY)
            for number, one in enumerate(message.manifest.attachments, 1)
        ]
    )
    assert planned is not None
    return planned


class TestScans:
    @pytest.mark.parametrize(
        ("word", "scan"),
        [
            ("NO_THREATS_FOUND", Scan.CLEAN),
            ("THREATS_FOUND", Scan.MALICIOUS),
            ("UNSUPPORTED", Scan.FAILED),
            ("ACCESS_DENIED", Scan.FAILED),
            ("FAILED", Scan.FAILED),
            ("no_threats_found", Scan.FAILED),
            ("A_NEW_WORD", Scan.FAILED),
            (None, Scan.UNDER_WAY),
        ],
    )
    def test_guard_dutys_word_decides(
        self, clients: PageClients, message: StoredMessage, word: str | None, scan: Scan
    ) -> None:
        if word is not None:
            message.tag(1, word)
        scans = ScannedFiles(client=clients.s3, bucket=message.bucket)
        assert scan is scans.scan(AttachmentKey(message.key(1)))

    def test_another_tag_is_no_word_of_guard_duty(
        self, clients: PageClients, message: StoredMessage
    ) -> None:
        message.s3.put_object_tagging(
            Bucket=message.bucket,
            Key=message.key(1),
            Tagging={"TagSet": [{"Key": "Status", "Value": "NO_THREATS_FOUND"}]},
        )
        scans = ScannedFiles(client=clients.s3, bucket=message.bucket)
        assert Scan.UNDER_WAY is scans.scan(AttachmentKey(message.key(1)))

    def test_many_are_asked_about_together_and_answered_in_their_order(
        self, clients: PageClients, message: StoredMessage
    ) -> None:
        message.tag(1, "NO_THREATS_FOUND")
        message.tag(3, "THREATS_FOUND")
        scans = ScannedFiles(client=clients.s3, bucket=message.bucket)
        keys = [AttachmentKey(message.key(number)) for number in (1, 2, 3)]
        assert [Scan.CLEAN, Scan.UNDER_WAY, Scan.MALICIOUS] == list(scans.scan_each(keys))
        assert [] == list(scans.scan_each([]))

    def test_without_a_scanner_a_file_that_is_there_is_good(
        self, clients: PageClients, message: StoredMessage
    ) -> None:
        scans = UnscannedFiles(client=clients.s3, bucket=message.bucket)
        assert Scan.NOT_REQUIRED is scans.scan(AttachmentKey(message.key(1)))

    @pytest.mark.parametrize("kind", [ScannedFiles, UnscannedFiles])
    def test_a_file_that_is_gone_is_gone(
        self, clients: PageClients, bucket: str, kind: Callable[..., Any]
    ) -> None:
        scans = kind(client=clients.s3, bucket=bucket)
        assert Scan.GONE is scans.scan(AttachmentKey("attachments/m/1"))

    @pytest.mark.parametrize("kind", [ScannedFiles, UnscannedFiles])
    def test_trouble_lets_no_file_out(
        self, session: boto3.Session, kind: Callable[..., Any]
    ) -> None:
        client = make_page_clients(session).s3
        client.meta.events.register("before-send", _denied)
        with pytest.raises(TransientError):
            kind(client=client, bucket="b").scan(AttachmentKey("attachments/m/1"))


def _denied(**_: object) -> None:
    raise ClientError(
        {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}},  # type: ignore[typeddict-item] # as much of it as is read
        "any",
    )


class TestPreviews:
    def test_an_image_comes_as_it_is(
        self, emulator: Emulator, clients: PageClients, bucket: str
    ) -> None:
        content = png()
        message = store_message(emulator, bucket, [File(name="a.jpg", content=content)])
        preview = S3Previews(client=clients.s3, bucket=bucket).fetch(AttachmentKey(message.key(1)))
        assert preview is not None
        assert (content, ImageFormat.PNG) == (preview.content, preview.format)

    @pytest.mark.parametrize("content", [b"", b"<svg/>", png() + bytes(MAX_PREVIEW_BYTES)])
    def test_anything_else_does_not(
        self, emulator: Emulator, clients: PageClients, bucket: str, content: bytes
    ) -> None:
        message = store_message(emulator, bucket, [File(name="a.png", content=content)])
        previews = S3Previews(client=clients.s3, bucket=bucket)
        assert previews.fetch(AttachmentKey(message.key(1))) is None

    def test_what_is_gone_does_not(self, clients: PageClients, bucket: str) -> None:
        previews = S3Previews(client=clients.s3, bucket=bucket)
        assert previews.fetch(AttachmentKey("attachments/m/1")) is None


class TestArchives:
    def made(self, message: StoredMessage, key: str) -> bytes:
        content: bytes = message.s3.get_object(Bucket=message.bucket, Key=key)["Body"].read()
        return content

    def test_it_holds_every_file_byte_for_byte_under_a_name_of_its_own(
        self, clients: PageClients, message: StoredMessage, archive: Archive
    ) -> None:
        archives = S3Archives(client=clients.s3, bucket=message.bucket)
        key, is_new = archives.provide(archive, message.manifest)
        assert is_new
        assert f"archives/{message.manifest.message_id}/{archive.digest}.zip" == key
        with ZipFile(io.BytesIO(self.made(message, key))) as packed:
            assert packed.testzip() is None
            names = packed.namelist()
            assert ["a.log", "A (2).log", "Tür_München.txt", "empty"] == names
            assert [file.content for file in FILES] == [packed.read(name) for name in names]
            for entry in packed.infolist():
                assert ZIP_STORED == entry.compress_type
                assert (2026, 11, 25, 12, 0, 0) == entry.date_time
                assert 0o644 == entry.external_attr >> 16
                is_ascii = entry.filename.isascii()
                assert is_ascii is not bool(entry.flag_bits & 0x800)  # bit 11: UTF-8

    def test_it_is_made_once(
        self, session: boto3.Session, message: StoredMessage, archive: Archive
    ) -> None:
        calls = Calls()
        client = make_page_clients(session).s3
        archives = S3Archives(client=client, bucket=message.bucket)
        first = archives.provide(archive, message.manifest)
        client.meta.events.register("before-send", calls.note)
        assert (first[0], False) == archives.provide(archive, message.manifest)
        assert ["s3.HeadObject"] == calls.take()

    def test_of_two_who_make_it_at_the_same_time_both_get_it(
        self, clients: PageClients, message: StoredMessage, archive: Archive
    ) -> None:
        archives = S3Archives(client=clients.s3, bucket=message.bucket)
        key, _ = archives.provide(archive, message.manifest)
        before = self.made(message, key)

        late = S3Archives(client=_StaleClient(clients.s3), bucket=message.bucket)  # type: ignore[arg-type] # as much as is called
        assert (key, True) == late.provide(archive, message.manifest)
        assert before == self.made(message, key)

    def test_a_file_that_is_gone_makes_none(
        self, clients: PageClients, message: StoredMessage, archive: Archive
    ) -> None:
        message.s3.delete_object(Bucket=message.bucket, Key=message.key(2))
        with pytest.raises(FileGone, match=message.key(2)):
            S3Archives(client=clients.s3, bucket=message.bucket).provide(archive, message.manifest)
        listed = message.s3.list_objects_v2(Bucket=message.bucket, Prefix="archives/")
        assert 0 == listed["KeyCount"]

    @pytest.mark.parametrize("year", [1970, 2999])
    def test_times_that_a_zip_file_does_not_know_do_no_harm(
        self, clients: PageClients, message: StoredMessage, archive: Archive, year: int
    ) -> None:
        manifest = replace(message.manifest, created_at=datetime(year, 1, 2, tzinfo=UTC))
        key, _ = S3Archives(client=clients.s3, bucket=message.bucket).provide(archive, manifest)
        with ZipFile(io.BytesIO(self.made(message, key))) as packed:
            assert packed.testzip() is None


class _StaleClient:
    """A client whose look-up finds nothing, as if it came before the first write."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def head_object(self, **_: object) -> None:
        raise ClientError(
            {"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}},  # type: ignore[typeddict-item] # as much of it as is read
            "HeadObject",
        )


class TestRecords:
    DOWNLOAD = Download(
        message_id=MessageId("m1"),
        recipient=ANNA,
        file=2,
        filename="Tür.txt",
        at=NOW,
        user_agent="Mozilla/5.0",
    )

    def test_each_is_an_object_of_its_own_and_says_who_requested_what_when(
        self, emulator: Emulator, clients: PageClients, bucket: str
    ) -> None:
        downloads = S3Downloads(client=clients.s3, bucket=bucket)
        later = replace(self.DOWNLOAD, file=None, filename="a.zip", at=NOW + timedelta(days=1))
        for download in (later, self.DOWNLOAD, self.DOWNLOAD):
            downloads.record(download)
        s3 = emulator.client("s3")
        prefix = downloads_prefix(MessageId("m1"))
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
        documents = [s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed]
        assert [self.DOWNLOAD, self.DOWNLOAD, later] == list(map(parse_download, documents))
        assert {
            "message_id": "m1",
            "recipient": ANNA,
            "file": 2,
            "filename": "Tür.txt",
            "at": "2026-11-25T12:00:00+00:00",
            "user_agent": "Mozilla/5.0",
        } == json.loads(documents[0])

    def test_what_a_client_calls_itself_is_cut(
        self, emulator: Emulator, clients: PageClients, bucket: str
    ) -> None:
        wordy = replace(self.DOWNLOAD, user_agent="\ud800" + "x" * 10_000)
        S3Downloads(client=clients.s3, bucket=bucket).record(wordy)
        s3 = emulator.client("s3")
        (listed,) = s3.list_objects_v2(Bucket=bucket, Prefix="downloads/")["Contents"]
        document = s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
        assert MAX_USER_AGENT == len(parse_download(document).user_agent)

    @pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"message_id": "m"}', b"null"])
    def test_what_is_no_record_is_an_error(self, document: bytes) -> None:
        with pytest.raises(ValueError, match=r".+"):
            parse_download(document)
