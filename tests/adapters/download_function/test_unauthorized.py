"""Without a link nothing is disclosed; errors are reported; the content of the log."""

from __future__ import annotations

import itertools
import json
import re
import string
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest

from adapters.telemetry.download import PageTelemetry
from relay_core.links.reference import reference
from relay_core.links.tokens import LinkKeys, issue_token
from relay_core.record.manifest import ManifestState
from relay_core.resources import PageResources
from sandbox.emulator.running import Emulator
from tests.adapters.download_function.page_visitor import (
    FILES,
    FORM,
    Visitor,
    event,
    follow,
    without_reference,
)
from tests.adapters.stored_message import ANNA, KEYS, File, StoredMessage, store_message

ALPHABET = string.ascii_letters + string.digits + "-_"


def everything(message: StoredMessage) -> list[tuple[str, str, int, str]]:
    """All objects of the bucket, with their ETags and times."""
    pages = message.s3.get_paginator("list_objects_v2").paginate(Bucket=message.bucket)
    return [
        (one["Key"], one["ETag"], one["Size"], str(one["LastModified"]))
        for page in pages
        for one in page.get("Contents", ())
    ]


class TestUnauthorized:
    def test_a_link_without_a_target_looks_the_same_for_whatever_reason(
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
        (first, *others) = [visitor.get(path).nameless for path in paths]
        assert 404 == first.status
        assert [first] * len(others) == others
        posted = [visitor.post(path, 1).nameless for path in paths]
        assert [first] * len(paths) == posted
        below = [visitor.get(f"{path}/preview/2").nameless for path in paths]
        assert [first] * len(paths) == below

    def test_the_reference_is_that_of_the_token_whether_it_was_issued_or_not(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        message_id = message.manifest.message_id
        number = f"Reference: <strong><bdi>{reference(message_id)}</bdi></strong>"
        forged = issue_token(message_id, ANNA, LinkKeys(current=bytes(32)))
        for path in (message.path(), f"/{forged}", f"/{forged}/preview/1"):
            assert number in visitor.get(path).text
        assert number in visitor.ask("PUT", f"/{forged}").text
        assert "Reference" not in visitor.get("/nothing").text

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

    def test_guesses_of_each_character_make_no_call_and_get_the_one_answer(
        self, visitor: Visitor, message: StoredMessage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = message.path()
        nowhere = visitor.function(event("GET", "/nothing"))
        assert 200 == visitor.get(path).status
        assert len(visitor.calls.take()) > 0
        # Metrics are not tested here, and writing so many of them takes time.
        monkeypatch.setattr(PageTelemetry, "shown", lambda *_: None)
        request = event("GET", path)
        different = 0
        for place, letter in itertools.product(range(1, 41), ALPHABET[:61]):
            if path[place] == letter:
                letter = "_" if letter != "_" else "-"  # noqa: PLW2901 - any other letter
            request["rawPath"] = path[:place] + letter + path[place + 1 :]
            answer = visitor.function(request)
            answer["body"] = without_reference(answer["body"])
            different += answer != nowhere
        assert 0 == different
        assert [] == visitor.calls.take()

    @pytest.mark.parametrize(
        "method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]
    )
    def test_a_visitor_of_every_page_changes_nothing_and_is_redirected_to_no_file(
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
        assert answer.nameless == visitor.ask(method, forged).nameless
        preview = visitor.ask(method, f"{genuine}/preview/2")
        assert (405, "GET, HEAD") == (preview.status, preview.headers["Allow"])
        assert preview.nameless == visitor.ask(method, f"{forged}/preview/2").nameless
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
    def test_on_an_error_of_aws_the_page_asks_to_retry(
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
            assert (503, "This page is temporarily unavailable") == (answer.status, answer.title)
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

    def test_an_unexpected_error_is_logged_with_its_traceback(
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
