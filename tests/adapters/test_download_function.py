"""The download page over the emulator: what every visitor gets, and what nobody gets."""

from __future__ import annotations

import base64
import io
import itertools
import json
import os
import re
import string
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import Message
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from zipfile import ZipFile

import boto3
import pytest

from adapters import download_function
from adapters.aws.downloads import Download, parse_download
from adapters.download.answering import DownloadFunction
from adapters.download.notices import Notice, notice_page
from adapters.download.page import PAGE_FILES
from adapters.download_function import compose
from adapters.telemetry.download import PageTelemetry
from relay_core.links.download import LONGEST_FETCH
from relay_core.links.tokens import LinkKeys, issue_token
from relay_core.record.manifest import ManifestState
from relay_core.resources import PageResources
from sandbox.emulator.running import Emulator
from tests.adapters.stored_message import (
    ANNA,
    BEN,
    KEYS,
    NOW,
    Calls,
    File,
    StoredMessage,
    png,
    store_keys,
    store_message,
)

FORM = "application/x-www-form-urlencoded"
ALPHABET = string.ascii_letters + string.digits + "-_"
FILES = (
    File(name="pressure.csv", content=b"7.4;bar\n" * 1000, type="text/csv"),
    File(name="Tür 3.png", content=png(), type="image/png"),
    File(name="dump.bin", content=bytes(range(256)) * 20),
)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Answered:
    """An answer of the function, as HTTP carries it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def title(self) -> str:
        found = re.search("<h1>(.*?)</h1>", self.text)
        return found.group(1) if found else ""


def event(
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A request as a function URL hands it over."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"x-forwarded-proto": "https", **(headers or {})},
        "requestContext": {"http": {"method": method, "path": path}},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def answered(answer: dict[str, Any]) -> Answered:
    json.dumps(answer)
    body = answer["body"].encode()
    return Answered(
        status=answer["statusCode"],
        headers=answer["headers"],
        body=base64.b64decode(body) if answer["isBase64Encoded"] else body,
    )


@dataclass
class Visitor:
    """Somebody who asks the function for things, at a time of the test's choosing."""

    session: boto3.Session
    resources: PageResources
    now: datetime = NOW
    calls: Calls = field(default_factory=Calls)
    log: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.calls.watch(self.session)
        self.function = self.compose(self.resources)

    def compose(self, resources: PageResources) -> DownloadFunction:
        return compose(
            resources=resources,
            session=self.session,
            clock=lambda: self.now,
            telemetry=PageTelemetry(
                {"POWERTOOLS_SERVICE_NAME": f"page-{id(self)}", "LOG_LEVEL": "DEBUG"},
                stream=self.log,
            ),
        )

    def ask(self, method: str, path: str, **request: Any) -> Answered:
        return answered(self.function(event(method, path, **request)))

    def get(self, path: str, query: str = "") -> Answered:
        return self.ask("GET", path, query=query)

    def post(self, path: str, file: object = None, **fields: str) -> Answered:
        form = fields if file is None else {"file": str(file), **fields}
        return self.ask(
            "POST",
            path,
            body=urlencode(form).encode(),
            headers={"content-type": FORM, "user-agent": "Mozilla/5.0 (test)"},
        )

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@pytest.fixture
def message(emulator: Emulator, bucket: str) -> StoredMessage:
    return store_message(emulator, bucket, FILES)


@pytest.fixture(scope="session")
def keys_parameter(emulator: Emulator) -> str:
    return store_keys(emulator)


@pytest.fixture(scope="session")
def one_session(emulator: Emulator) -> boto3.Session:
    """A session for all tests, which reads the services' models once."""
    return boto3.Session(
        aws_access_key_id=emulator.access_key_id,
        aws_secret_access_key=emulator.secret_access_key,
        region_name=emulator.region,
    )


@pytest.fixture
def visitor(
    one_session: boto3.Session,
    aws_environment: None,  # noqa: ARG001 - a fixture used for its effect
    bucket: str,
    keys_parameter: str,
) -> Visitor:
    return Visitor(
        one_session, PageResources(attachments_bucket=bucket, link_keys_parameter=keys_parameter)
    )


@pytest.fixture
def guarded(visitor: Visitor) -> Visitor:
    """A visitor of a stack whose files are scanned."""
    visitor.function = visitor.compose(replace(visitor.resources, malware_protection=True))
    return visitor


def follow(answer: Answered) -> tuple[bytes, Message]:
    """What the redirect leads to, and the header that it comes with."""
    assert 303 == answer.status
    assert b"" == answer.body
    with urllib.request.urlopen(answer.headers["Location"], timeout=10) as reply:  # noqa: S310 - a loopback URL
        return reply.read(), reply.headers


def filename(header: Message) -> str:
    """The name under which a browser saves it (RFC 6266 section 4.3)."""
    exact = re.search(r"filename\*=UTF-8''(\S+)", header["Content-Disposition"])
    return unquote(exact.group(1)) if exact else str(header.get_filename())


def records(message: StoredMessage) -> list[Download]:
    prefix = f"downloads/{message.manifest.message_id}/"
    listed = message.s3.list_objects_v2(Bucket=message.bucket, Prefix=prefix)
    return [
        parse_download(message.s3.get_object(Bucket=message.bucket, Key=one["Key"])["Body"].read())
        for one in listed.get("Contents", ())
    ]


def everything(message: StoredMessage) -> list[tuple[str, str, int, str]]:
    """All objects of the bucket, with their ETags and times."""
    pages = message.s3.get_paginator("list_objects_v2").paginate(Bucket=message.bucket)
    return [
        (one["Key"], one["ETag"], one["Size"], str(one["LastModified"]))
        for page in pages
        for one in page.get("Contents", ())
    ]


class TestPage:
    def test_it_shows_the_mail_and_its_files_to_each_recipient(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        for recipient in (ANNA, BEN):
            answer = visitor.get(message.path(recipient))
            assert 200 == answer.status
            assert "text/html; charset=utf-8" == answer.headers["Content-Type"]
            for told in ("Alarm: Tür offen", "cam@plant.example", "pressure.csv", "8.0 kB"):
                assert told in answer.text
            assert recipient not in answer.text

    def test_a_view_takes_two_calls_of_s3_and_the_keys_are_read_once(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        visitor.get(message.path())
        assert ["ssm.GetParameter", "s3.GetObject", "s3.GetObject"] == visitor.calls.take()
        for method in ("GET", "HEAD"):
            visitor.ask(method, message.path())
            assert ["s3.GetObject", "s3.GetObject"] == visitor.calls.take()

    def test_head_is_get_without_its_body(self, visitor: Visitor, message: StoredMessage) -> None:
        for path in (message.path(), f"{message.path()}/preview/2", "/", f"/{'A' * 40}"):
            get, head = visitor.get(path), visitor.ask("HEAD", path)
            assert (get.status, get.headers, b"") == (head.status, head.headers, head.body)

    @pytest.mark.parametrize("lasts", [timedelta(hours=36), timedelta(seconds=90)])
    def test_it_is_there_until_its_last_second_and_not_a_second_longer(
        self, emulator: Emulator, visitor: Visitor, bucket: str, lasts: timedelta
    ) -> None:
        message = store_message(emulator, bucket, FILES, lasts=lasts)
        visitor.now = message.manifest.expires_at - SECOND
        assert 200 == visitor.get(message.path()).status
        assert 303 == visitor.post(message.path(), 1).status
        assert 200 == visitor.get(f"{message.path()}/preview/2").status
        visitor.now = message.manifest.expires_at
        for answer in (
            visitor.get(message.path()),
            visitor.post(message.path(), 1),
            visitor.post(message.path(), "all"),
            visitor.get(f"{message.path()}/preview/2"),
        ):
            assert 410 == answer.status
            assert "This link has expired" == answer.title
        assert 1 == len(records(message))

    def test_an_operator_who_gives_more_time_opens_it_again(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        visitor.now = message.manifest.expires_at
        assert 410 == visitor.get(message.path()).status
        message.write(replace(message.manifest, expires_at=visitor.now + SECOND))
        assert 200 == visitor.get(message.path()).status

    def test_one_whose_link_is_taken_back_is_shut_out_and_the_others_are_not(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        message.revoke(ANNA)
        for answer in (
            visitor.get(message.path(ANNA)),
            visitor.post(message.path(ANNA), 1),
            visitor.post(message.path(ANNA), "all"),
            visitor.get(f"{message.path(ANNA)}/preview/2"),
        ):
            assert 410 == answer.status
            assert "This link has been taken back" == answer.title
        assert 200 == visitor.get(message.path(BEN)).status

    def test_a_long_list_is_shown_in_parts(
        self, emulator: Emulator, visitor: Visitor, bucket: str
    ) -> None:
        message = store_message(emulator, bucket, [File(name="a.txt", content=b"a")])
        (one,) = message.manifest.attachments
        many = tuple(replace(one, filename=f"{n}.txt") for n in range(1, PAGE_FILES + 2))
        message.write(replace(message.manifest, attachments=many))
        last = f"<bdi>{PAGE_FILES + 1}.txt</bdi>"
        for query, is_there in (
            ("", False),
            ("page=1", False),
            ("page=2", True),
            ("page=9", True),
            ("page=0", False),
            ("page=-1", False),
            ("page=2&page=2", False),
            ("page=%D9%A2", False),
        ):
            answer = visitor.get(message.path(), query)
            assert 200 == answer.status
            assert is_there is (last in answer.text)
        assert 303 == visitor.post(message.path(), PAGE_FILES + 1).status

    def test_keys_that_are_rotated_leave_links_as_they_are(
        self, emulator: Emulator, visitor: Visitor, message: StoredMessage
    ) -> None:
        parameter = store_keys(emulator, KEYS)
        visitor.function = visitor.compose(
            replace(visitor.resources, link_keys_parameter=parameter)
        )
        assert 200 == visitor.get(message.path()).status
        newer = LinkKeys(current=bytes(32), previous=KEYS.current)
        store_keys(emulator, newer, parameter)
        visitor.now += timedelta(seconds=11)
        assert 200 == visitor.get(message.path(keys=newer)).status
        assert 200 == visitor.get(message.path()).status
        store_keys(emulator, LinkKeys(current=bytes(32)), parameter)
        visitor.now += timedelta(seconds=61)
        assert 200 == visitor.get(message.path(keys=newer)).status
        assert 404 == visitor.get(message.path()).status


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
            (timedelta(hours=36), LONGEST_FETCH),
            (LONGEST_FETCH, LONGEST_FETCH),
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
            ({"revoked_at": NOW}, 410, "This file has been taken back"),
            ({"failure": "EntityTooLarge"}, 410, "This file is not there"),
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
            assert (410, "This file is not there") == (answer.status, answer.title)
        assert 404 == visitor.get(f"{message.path()}/preview/2").status
        assert [] == records(message)

    @pytest.mark.parametrize(
        "wished", ["0", "4", "-1", "01", "1.0", "1 ", "", "ALL", "٣", "9" * 400, "1\0", "../1"]
    )
    def test_a_file_that_was_never_there_is_refused(
        self, visitor: Visitor, message: StoredMessage, wished: str
    ) -> None:
        answer = visitor.post(message.path(), wished)
        assert (400, "There is no such file") == (answer.status, answer.title)

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

    def test_each_wish_is_recorded(self, visitor: Visitor, message: StoredMessage) -> None:
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

    def test_a_wish_that_cannot_be_recorded_is_fulfilled_all_the_same(
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
            (None, 409, "This file is being checked for malware"),
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


class TestPreviews:
    def test_an_image_is_shown_and_can_do_nothing(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        answer = visitor.get(f"{message.path()}/preview/2")
        assert (200, FILES[1].content) == (answer.status, answer.body)
        assert "image/png" == answer.headers["Content-Type"]
        assert "default-src 'none'; sandbox" == answer.headers["Content-Security-Policy"]
        assert "nosniff" == answer.headers["X-Content-Type-Options"]

    def test_what_its_bytes_say_counts(
        self, emulator: Emulator, visitor: Visitor, bucket: str
    ) -> None:
        html = b"<!doctype html><script>alert(1)</script>"
        huge = png()[:16] + (20_000).to_bytes(4, "big") * 2 + png()[24:]
        message = store_message(
            emulator,
            bucket,
            [
                File(name="a.jpg", content=png(), type="image/jpeg"),
                File(name="b.png", content=html, type="image/png"),
                File(name="c.svg", content=b"<svg/>", type="image/svg+xml"),
                File(name="d.html", content=html, type="text/html"),
                File(name="e.png", content=huge, type="image/png"),
            ],
        )
        nowhere = visitor.get("/nothing")
        first, *others = (visitor.get(f"{message.path()}/preview/{n}") for n in range(1, 6))
        assert "image/png" == first.headers["Content-Type"]
        assert [nowhere] * 4 == others

    @pytest.mark.parametrize("number", ["0", "4", "1", "02", "x", "2/", "2x", "2%20"])
    def test_what_is_no_preview_looks_like_a_link_that_leads_nowhere(
        self, visitor: Visitor, message: StoredMessage, number: str
    ) -> None:
        nowhere = visitor.get("/nothing")
        assert nowhere == visitor.get(f"{message.path()}/preview/{number}")


class TestStrangers:
    def test_a_link_that_leads_nowhere_looks_the_same_for_whatever_reason(
        self, emulator: Emulator, visitor: Visitor, message: StoredMessage, bucket: str
    ) -> None:
        deleted = store_message(emulator, bucket, FILES)
        deleted.s3.delete_object(
            Bucket=bucket, Key=f"manifests/{deleted.manifest.message_id}.json"
        )
        held = store_message(emulator, bucket, FILES)
        held.write(replace(held.manifest, state=ManifestState.HELD))
        forged = issue_token(message.manifest.message_id, ANNA, LinkKeys(current=bytes(32)))
        stranger = issue_token(message.manifest.message_id, "eve@example.org", KEYS)
        never = issue_token(type(message.manifest.message_id)("never"), ANNA, KEYS)
        paths = [
            deleted.path(),
            held.path(),
            f"/{forged}",
            f"/{stranger}",
            f"/{never}",
            f"/{'A' * 40}",
            "/",
            "/favicon.ico",
            "/robots.txt",
            f"{message.path()}/",
            f"/{message.path()}",
            message.path().upper(),
            f"{message.path()}%00",
            f"{message.path()}\n",
            "/../../etc/passwd",
            "/é",
            "",
        ]
        (first, *others) = [visitor.get(path) for path in paths]
        assert 404 == first.status
        assert [first] * len(others) == others
        posted = [visitor.post(path, 1) for path in paths]
        assert [first] * len(paths) == posted
        below = [visitor.get(f"{path}/preview/2") for path in paths]
        assert [first] * len(paths) == below

    def test_who_has_no_link_makes_no_call_but_for_the_keys(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        forged = issue_token(message.manifest.message_id, ANNA, LinkKeys(current=bytes(32)))
        for method, path in itertools.product(
            ("GET", "HEAD", "POST", "PUT"),
            (f"/{forged}", f"/{forged}/preview/1", "/", "/favicon.ico", f"/{'-' * 40}"),
        ):
            visitor.ask(method, path)
        assert ["ssm.GetParameter"] == visitor.calls.take()

    def test_a_hundred_thousand_guesses_make_no_call_and_get_the_one_answer(
        self, visitor: Visitor, message: StoredMessage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = message.path()
        nowhere = visitor.function(event("GET", "/nothing"))
        assert 200 == visitor.get(path).status
        assert len(visitor.calls.take()) > 0
        # The metrics of so many pages are of no interest here.
        monkeypatch.setattr(PageTelemetry, "shown", lambda *_: None)
        request = event("GET", path)
        places, letters = itertools.cycle(range(1, 41)), itertools.cycle(ALPHABET[:61])
        different = 0
        for place, letter in itertools.islice(zip(places, letters, strict=False), 100_000):
            if path[place] == letter:
                letter = "_" if letter != "_" else "-"  # noqa: PLW2901 - any other will do
            request["rawPath"] = path[:place] + letter + path[place + 1 :]
            different += visitor.function(request) != nowhere
        assert 0 == different
        assert [] == visitor.calls.take()

    @pytest.mark.parametrize(
        "method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]
    )
    def test_whoever_looks_at_everything_changes_nothing_and_is_led_to_no_file(
        self, visitor: Visitor, message: StoredMessage, method: str
    ) -> None:
        before = everything(message)
        for path in (
            message.path(),
            *(f"{message.path()}/preview/{number}" for number in range(5)),
            f"{message.path()}/all",
            "/",
        ):
            for query in ("", "file=1", "file=all", "page=2"):
                answer = visitor.ask(
                    method, path, query=query, body=b"file=1", headers={"content-type": FORM}
                )
                assert not 300 <= answer.status < 400
                assert "Location" not in answer.headers
                assert "Set-Cookie" not in answer.headers
        assert before == everything(message)

    @pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get", "X"])
    def test_another_method_is_refused_alike_for_every_token(
        self, visitor: Visitor, message: StoredMessage, method: str
    ) -> None:
        genuine, forged = message.path(), f"/{'A' * 40}"
        answer = visitor.ask(method, genuine)
        assert (405, "GET, HEAD, POST") == (answer.status, answer.headers["Allow"])
        assert answer == visitor.ask(method, forged)
        preview = visitor.ask(method, f"{genuine}/preview/2")
        assert (405, "GET, HEAD") == (preview.status, preview.headers["Allow"])
        assert preview == visitor.ask(method, f"{forged}/preview/2")
        assert [] == visitor.calls.take()

    def test_every_answer_keeps_itself_to_itself(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        answers = [
            visitor.get(message.path()),
            visitor.get("/nothing"),
            visitor.get(f"{message.path()}/preview/2"),
            visitor.post(message.path(), 1),
            visitor.post(message.path(), 99),
            visitor.ask("OPTIONS", message.path()),
        ]
        assert [200, 404, 200, 303, 400, 405] == [answer.status for answer in answers]
        for answer in answers:
            assert {
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Robots-Tag": "noindex, nofollow",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
                "Strict-Transport-Security": "max-age=63072000",
            }.items() <= answer.headers.items()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        for page in (answers[0], answers[1], answers[4], answers[5]):
            policy = page.headers["Content-Security-Policy"]
            assert "base-uri 'none'; frame-ancestors 'none'" in policy
            assert "unsafe" not in policy

    def test_no_promise_of_tls_is_made_where_there_is_none(self, visitor: Visitor) -> None:
        answer = visitor.ask("GET", "/", headers={"x-forwarded-proto": "http"})
        assert "Strict-Transport-Security" not in answer.headers

    @pytest.mark.parametrize(
        "name", ['a"\r\nSet-Cookie: x=1', "a\0b", "é" * 300, "🚪.png", "..", ""]
    )
    def test_no_name_adds_a_header(
        self, emulator: Emulator, visitor: Visitor, bucket: str, name: str
    ) -> None:
        message = store_message(emulator, bucket, [File(name=name, content=b"x")], subject=name)
        message.change_file(1, content_type="text/x\r\nX: y")
        assert 200 == visitor.get(message.path()).status
        for wished in (1, "all"):
            answer = visitor.post(message.path(), wished)
            assert re.fullmatch(r"[!-~]+", answer.headers["Location"])
            _, header = follow(answer)
            assert "Set-Cookie" not in header
            assert "X" not in header
            assert "attachment" == header.get_content_disposition()


class TestTrouble:
    def test_whoever_meets_trouble_of_aws_is_told_to_come_again(
        self, visitor: Visitor, message: StoredMessage, keys_parameter: str
    ) -> None:
        visitor.function = visitor.compose(
            PageResources(
                attachments_bucket="no-such-bucket-4711", link_keys_parameter=keys_parameter
            )
        )
        for answer in (
            visitor.get(message.path()),
            visitor.post(message.path(), 1),
            visitor.get(f"{message.path()}/preview/1"),
        ):
            assert (503, "Something does not work just now") == (answer.status, answer.title)
            assert "30" == answer.headers["Retry-After"]
            assert "NoSuchBucket" not in answer.text
        assert 404 == visitor.get(f"/{'A' * 40}").status
        assert all("NoSuchBucket" in one["reason"] for one in visitor.lines() if "reason" in one)

    def test_a_manifest_that_cannot_be_read_is_trouble_and_no_unknown_link(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        key = f"manifests/{message.manifest.message_id}.json"
        message.s3.put_object(Bucket=message.bucket, Key=key, Body=b"{}")
        assert 503 == visitor.get(message.path()).status

    def test_what_nobody_foresaw_is_logged_with_its_traceback(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        def broken() -> datetime:
            raise ZeroDivisionError("by test")

        visitor.function = replace(visitor.function, clock=broken)
        assert 503 == visitor.get(message.path()).status
        (line,) = [one for one in visitor.lines() if one["level"] == "ERROR"]
        assert "ZeroDivisionError" == line["error"]
        assert "Traceback" in line["exception"]


class TestTelemetry:
    def test_pages_are_counted_by_status_and_downloads_as_they_start(
        self,
        visitor: Visitor,
        message: StoredMessage,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        visitor.get(message.path())
        visitor.ask("HEAD", message.path())
        visitor.get("/nothing")
        visitor.post(message.path(), 1)
        visitor.post(message.path(), "all")
        visitor.post(message.path(), "all")
        visitor.get(f"{message.path()}/preview/2")
        visitor.get(f"{message.path()}/preview/1")
        message.revoke(ANNA)
        visitor.get(message.path())
        counted: Counter[tuple[str, str | None]] = Counter()
        for line in capsys.readouterr().out.splitlines():
            document = json.loads(line)
            (directive,) = document["_aws"]["CloudWatchMetrics"]
            assert "MailRelay" == directive["Namespace"]
            for metric in directive["Metrics"]:
                (value,) = document[metric["Name"]]
                counted[metric["Name"], document.get("status")] += int(value)
        assert {
            ("PagesShown", "available"): 2,
            ("PagesShown", "unknown"): 1,
            ("PagesShown", "revoked"): 1,
            ("DownloadsStarted", None): 3,
            ("ArchivesMade", None): 1,
        } == counted

    def test_no_line_holds_what_opens_a_link_or_whose_it_is(
        self, visitor: Visitor, message: StoredMessage, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for path in (message.path(), f"{message.path()}/preview/1", f"/{'A' * 40}"):
            visitor.get(path)
            visitor.post(path, 1)
            visitor.post(path, "all")
        message.s3.delete_object(Bucket=message.bucket, Key=message.key(1))
        visitor.post(message.path(), 1)
        written = visitor.log.getvalue() + capsys.readouterr().out
        assert message.manifest.message_id in written
        for secret in (message.path()[1:], ANNA, "X-Amz-Signature"):
            assert secret not in written


@pytest.fixture
def fresh_handler() -> Iterator[None]:
    """The handler as in a new container."""
    download_function._function.cache_clear()
    download_function._telemetry.cache_clear()
    yield
    download_function._function.cache_clear()
    download_function._telemetry.cache_clear()


@pytest.mark.usefixtures("fresh_handler", "aws_environment")
class TestHandler:
    @pytest.fixture(autouse=True)
    def environment(
        self, bucket: str, keys_parameter: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RELAY_ATTACHMENTS_BUCKET", bucket)
        monkeypatch.setenv("RELAY_LINK_KEYS_PARAMETER", keys_parameter)

    def handle(self, request: dict[str, Any]) -> Answered:
        return answered(download_function.handler(request, None))  # type: ignore[arg-type] # not read

    def test_a_file_goes_all_the_way(self, emulator: Emulator, bucket: str) -> None:
        now = datetime.now(NOW.tzinfo)
        message = store_message(emulator, bucket, FILES, at=now)
        assert 200 == self.handle(event("GET", message.path())).status
        form = event("POST", message.path(), body=b"file=3", headers={"content-type": FORM})
        content, _ = follow(self.handle(form))
        assert FILES[2].content == content

    def test_the_gate_is_closed_where_the_environment_says_so(
        self, emulator: Emulator, bucket: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RELAY_MALWARE_PROTECTION", "true")
        now = datetime.now(NOW.tzinfo)
        message = store_message(emulator, bucket, FILES, at=now)
        form = event("POST", message.path(), body=b"file=3", headers={"content-type": FORM})
        assert 409 == self.handle(form).status

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("RELAY_ATTACHMENTS_BUCKET", None),
            ("RELAY_LINK_KEYS_PARAMETER", None),
            ("RELAY_MALWARE_PROTECTION", "perhaps"),
        ],
    )
    def test_a_wrong_variable_is_named_in_the_log_and_mended_without_a_new_container(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        variable: str,
        value: str | None,
    ) -> None:
        # A name of its own: Powertools keeps a logger and its stream a name.
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"page-{variable}")
        with monkeypatch.context() as broken:
            if value is None:
                broken.delenv(variable)
            else:
                broken.setenv(variable, value)
            assert self.handle(event("GET", "/")).body == notice_page(Notice.UNAVAILABLE).body
        (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
        assert variable in line["reason"]
        assert 404 == self.handle(event("GET", "/")).status


def test_importing_the_function_needs_no_environment() -> None:
    subprocess.run(
        [sys.executable, "-W", "error", "-c", "import adapters.download_function"],
        env={"PATH": os.environ["PATH"]},
        check=True,
        timeout=60,
    )
