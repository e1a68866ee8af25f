"""Fetching files, one by one or all of them, scanned or not."""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zipfile import ZipFile

import boto3
import pytest

from adapters.download_function import compose
from relay_core.links.download import MAX_FETCH_TIME
from sandbox.emulator.running import Emulator
from tests.adapters.download_function.page_visitor import (
    FILES,
    FORM,
    SECOND,
    Visitor,
    answered,
    event,
    follow,
    records,
)
from tests.adapters.stored_message import ANNA, BEN, NOW, File, StoredMessage, store_message


def filename(header: Message) -> str:
    """The name under which a browser saves it (RFC 6266 section 4.3)."""
    exact = re.search(r"filename\*=UTF-8''(\S+)", header["Content-Disposition"])
    return unquote(exact.group(1)) if exact else str(header.get_filename())


class TestFetching:
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_a_file_comes_byte_for_byte_under_its_name(
        self, visitor: Visitor, message: StoredMessage, number: int
    ) -> None:
        file = FILES[number - 1]
        content, header = follow(visitor.post(message.path(), number))
        assert file.content == content
        assert file.name == filename(header)
        assert "attachment" == header.get_content_disposition()
        assert file.type == header.get_content_type()

    def test_the_url_lives_for_minutes_and_never_longer_than_the_link(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        for left, lives in (
            (timedelta(hours=36), MAX_FETCH_TIME),
            (MAX_FETCH_TIME, MAX_FETCH_TIME),
            (timedelta(seconds=42), timedelta(seconds=42)),
            (SECOND, SECOND),
        ):
            visitor.now = message.manifest.expires_at - left
            for wished in (1, "all"):
                location = visitor.post(message.path(), wished).headers["Location"]
                query = parse_qs(urlsplit(location).query)
                assert [str(int(lives.total_seconds()))] == query["X-Amz-Expires"]
                assert ["AWS4-HMAC-SHA256"] == query["X-Amz-Algorithm"]

    def test_the_page_lets_its_form_lead_to_where_files_are(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        url = urlsplit(visitor.post(message.path(), 1).headers["Location"])
        policy = visitor.get(message.path()).headers["Content-Security-Policy"]
        assert f"form-action 'self' {url.scheme}://{url.netloc};" in policy

    def test_on_aws_files_are_at_the_buckets_own_host(
        self, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        on_aws = compose(
            resources=replace(visitor.resources, attachments_bucket="files-of-the-plant"),
            session=boto3.Session(),
            clock=lambda: NOW,
            telemetry=visitor.function.telemetry,
        )
        assert "https://files-of-the-plant.s3.eu-central-1.amazonaws.com" == on_aws.origin

    def test_all_files_come_as_one_archive(self, visitor: Visitor, message: StoredMessage) -> None:
        for made in (1, 0):
            visitor.calls.take()
            content, header = follow(visitor.post(message.path(), "all"))
            assert "Alarm_ Tür offen.zip" == filename(header)
            assert "application/zip" == header.get_content_type()
            with ZipFile(io.BytesIO(content)) as packed:
                assert [file.name for file in FILES] == packed.namelist()
                assert [file.content for file in FILES] == [
                    packed.read(name) for name in packed.namelist()
                ]
            # the record of the download, and at the first time the archive
            assert 1 + made == Counter(visitor.calls.take())["s3.PutObject"]

    def test_an_archive_that_is_made_after_a_file_was_taken_back_is_without_it(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        follow(visitor.post(message.path(), "all"))
        message.change_file(3, revoked_at=NOW)
        content, _ = follow(visitor.post(message.path(), "all"))
        with ZipFile(io.BytesIO(content)) as packed:
            assert ["pressure.csv", "Tür 3.png"] == packed.namelist()

    def test_names_in_an_archive_are_unique_and_stay_in_their_folder(
        self, emulator: Emulator, visitor: Visitor, bucket: str
    ) -> None:
        names = ["../../etc/passwd", "/etc/passwd", "C:\\x\\passwd", "..", "passwd", "日本語.txt"]
        message = store_message(
            emulator, bucket, [File(name=name, content=name.encode()) for name in names]
        )
        content, _ = follow(visitor.post(message.path(), "all"))
        with ZipFile(io.BytesIO(content)) as packed:
            inside = packed.namelist()
            assert names == [packed.read(name).decode() for name in inside]
        assert len(names) == len(set(inside))
        assert "日本語.txt" in inside
        for name in inside:
            assert not set(name) & set("/\\:")
            assert name not in {".", ".."}

    @pytest.mark.parametrize(
        ("changes", "status", "title"),
        [
            ({"revoked_at": NOW}, 410, "This file has been withdrawn"),
            ({"failure": "EntityTooLarge"}, 410, "This file is not available"),
        ],
    )
    def test_a_file_that_is_not_to_be_had_says_why(
        self,
        visitor: Visitor,
        message: StoredMessage,
        changes: dict[str, Any],
        status: int,
        title: str,
    ) -> None:
        message.change_file(2, **changes)
        answer = visitor.post(message.path(), 2)
        assert (status, title) == (answer.status, answer.title)
        assert 404 == visitor.get(f"{message.path()}/preview/2").status
        assert 303 == visitor.post(message.path(), 1).status
        page = visitor.get(message.path()).text
        assert "/preview/2" not in page
        assert 'value="2"' not in page

    def test_a_file_that_is_gone_from_the_store_is_a_page_and_no_xml(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        message.s3.delete_object(Bucket=message.bucket, Key=message.key(2))
        for answer in (visitor.post(message.path(), 2), visitor.post(message.path(), "all")):
            assert (410, "This file is not available") == (answer.status, answer.title)
        assert 404 == visitor.get(f"{message.path()}/preview/2").status
        assert [] == records(message)

    @pytest.mark.parametrize(
        "wished", ["0", "4", "-1", "01", "1.0", "1 ", "", "ALL", "٣", "9" * 400, "1\0", "../1"]
    )
    def test_a_file_that_was_never_there_is_refused(
        self, visitor: Visitor, message: StoredMessage, wished: str
    ) -> None:
        answer = visitor.post(message.path(), wished)
        assert (400, "This file does not exist") == (answer.status, answer.title)

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            (FORM, b""),
            (FORM, b"file=1&file=2"),
            (FORM, b"file=1&pad=" + b"x" * 2000),
            (FORM, b"\xff\xfe"),
            ("multipart/form-data; boundary=x", b"file=1"),
            ("application/json", b'{"file": 1}'),
            ("", b"file=1"),
        ],
    )
    def test_what_is_no_form_of_the_page_is_refused(
        self, visitor: Visitor, message: StoredMessage, content_type: str, body: bytes
    ) -> None:
        headers = {"content-type": content_type}
        answer = visitor.ask("POST", message.path(), body=body, headers=headers)
        assert 400 == answer.status
        assert [] == records(message)

    def test_a_form_may_also_come_as_text(self, visitor: Visitor, message: StoredMessage) -> None:
        request = event("POST", message.path(), headers={"content-type": f"{FORM}; charset=UTF-8"})
        request.update(body="file=1", isBase64Encoded=False)
        assert 303 == answered(visitor.function(request)).status

    def test_each_download_is_recorded(self, visitor: Visitor, message: StoredMessage) -> None:
        visitor.post(message.path(ANNA), 2)
        visitor.now += SECOND
        visitor.post(message.path(BEN), "all")
        by_anna, by_ben = records(message)
        assert (ANNA, 2, "Tür 3.png", NOW, "Mozilla/5.0 (test)") == (
            by_anna.recipient,
            by_anna.file,
            by_anna.filename,
            by_anna.at,
            by_anna.user_agent,
        )
        assert (BEN, None) == (by_ben.recipient, by_ben.file)

    def test_a_download_that_cannot_be_recorded_works_all_the_same(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        lost = replace(visitor.function.downloads, bucket="no-such-bucket-4711")
        visitor.function = replace(visitor.function, downloads=lost)
        content, _ = follow(visitor.post(message.path(), 1))
        assert FILES[0].content == content
        (line,) = [one for one in visitor.lines() if one["level"] == "ERROR"]
        assert "NoSuchBucket" in line["cause"]

    def test_an_archive_that_took_until_the_end_is_not_handed_out(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        visitor.now = message.manifest.expires_at - SECOND
        clock = iter([visitor.now, visitor.now + SECOND])
        function = replace(visitor.function, clock=lambda: next(clock))
        form = event("POST", message.path(), body=b"file=all", headers={"content-type": FORM})
        assert 410 == answered(function(form)).status


class TestScanned:
    @pytest.mark.parametrize(
        ("word", "status", "title"),
        [
            (None, 409, "This file is being checked"),
            ("THREATS_FOUND", 403, "Malware was found in this file"),
            ("UNSUPPORTED", 403, "This file could not be checked for malware"),
            ("ACCESS_DENIED", 403, "This file could not be checked for malware"),
            ("FAILED", 403, "This file could not be checked for malware"),
        ],
    )
    def test_only_what_was_found_clean_is_handed_out(
        self,
        guarded: Visitor,
        message: StoredMessage,
        word: str | None,
        status: int,
        title: str,
    ) -> None:
        message.tag(1, "NO_THREATS_FOUND")
        if word is not None:
            message.tag(2, word)
        answer = guarded.post(message.path(), 2)
        assert (status, title) == (answer.status, answer.title)
        assert 404 == guarded.get(f"{message.path()}/preview/2").status
        page = guarded.get(message.path()).text
        assert 'value="1"' in page
        assert 'value="2"' not in page
        assert "/preview/2" not in page
        content, _ = follow(guarded.post(message.path(), "all"))
        with ZipFile(io.BytesIO(content)) as packed:
            assert ["pressure.csv"] == packed.namelist()

    def test_a_file_comes_once_it_is_found_clean(
        self, guarded: Visitor, message: StoredMessage
    ) -> None:
        assert "Refresh" in guarded.get(message.path()).headers
        assert 409 == guarded.post(message.path(), "all").status
        for number in (1, 2, 3):
            message.tag(number, "NO_THREATS_FOUND")
        assert "Refresh" not in guarded.get(message.path()).headers
        assert FILES[1].content == guarded.get(f"{message.path()}/preview/2").body
        assert FILES[1].content == follow(guarded.post(message.path(), 2))[0]

    def test_a_view_asks_once_about_each_file_that_it_shows(
        self, guarded: Visitor, message: StoredMessage
    ) -> None:
        guarded.get(message.path())
        guarded.calls.take()
        guarded.get(message.path())
        assert {"s3.GetObject": 2, "s3.GetObjectTagging": 3} == Counter(guarded.calls.take())

    def test_where_nothing_is_ready_all_of_it_is_no_file(
        self, guarded: Visitor, message: StoredMessage
    ) -> None:
        for number in (1, 2, 3):
            message.tag(number, "THREATS_FOUND")
        assert 400 == guarded.post(message.path(), "all").status

    def test_a_file_that_is_gone_is_not_one_that_is_scanned(
        self, guarded: Visitor, message: StoredMessage
    ) -> None:
        message.s3.delete_object(Bucket=message.bucket, Key=message.key(2))
        assert 410 == guarded.post(message.path(), 2).status
