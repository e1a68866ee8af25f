"""Viewing and playing files: two calls of S3 as before, and those for the opened file."""

from __future__ import annotations

import urllib.request
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest

from relay_core.links.download import MAX_PLAY_TIME
from relay_core.links.excerpt import EXCERPT_BYTES
from sandbox.emulator.running import Emulator
from tests.adapters.download.outline import Outline
from tests.adapters.download_function.page_visitor import SECOND, Answered, Visitor, records
from tests.adapters.stored_message import File, StoredMessage, png, store_message

CLIP = File(name="clip.mp4", content=bytes(range(256)) * 40)
LOG = File(name="a.log", content="Tür auf <script>\n".encode() * 10_000, type="text/plain")


@pytest.fixture
def message(emulator: Emulator, bucket: str) -> StoredMessage:
    picture = File(name="a.png", content=png(), type="image/png")
    return store_message(emulator, bucket, [picture, LOG, CLIP, File(name="b.bin", content=b"b")])


def played(answer: Answered) -> str:
    parsed = Outline()
    parsed.feed(answer.text)
    (video,) = parsed.all("video")
    return str(video["src"])


def test_a_picture_is_shown_on_a_page_of_its_own(visitor: Visitor, message: StoredMessage) -> None:
    visitor.get(message.path())
    visitor.calls.take()
    answer = visitor.get(f"{message.path()}/look/1")
    assert 200 == answer.status
    assert 'src="../preview/1"' in answer.text
    assert {"s3.GetObject": 2} == Counter(visitor.calls.take())


def test_a_text_shows_its_first_lines_by_one_ranged_read(
    visitor: Visitor, message: StoredMessage
) -> None:
    visitor.get(message.path())
    visitor.calls.take()
    answer = visitor.get(f"{message.path()}/look/2")
    assert 200 == answer.status
    assert "Tür auf &lt;script&gt;\nTür auf" in answer.text
    assert len(answer.body) < EXCERPT_BYTES
    assert {"s3.GetObject": 3} == Counter(visitor.calls.take())


def test_a_recording_is_played_from_a_url_of_minutes_by_ranges(
    visitor: Visitor, message: StoredMessage
) -> None:
    answer = visitor.post(message.path(), play="3")
    assert 200 == answer.status
    url = played(answer)
    parsed = urlsplit(url)
    assert (
        f"media-src {parsed.scheme}://{parsed.netloc};"
        in answer.headers["Content-Security-Policy"]
    )
    query = parse_qs(parsed.query)
    assert [str(int(MAX_PLAY_TIME.total_seconds()))] == query["X-Amz-Expires"]
    asked = urllib.request.Request(url, headers={"Range": "bytes=100-199"})  # noqa: S310 - a loopback URL
    with urllib.request.urlopen(asked, timeout=10) as reply:  # noqa: S310 - a loopback URL
        assert (206, CLIP.content[100:200]) == (reply.status, reply.read())
        assert "video/mp4" == reply.headers.get_content_type()
    (record,) = records(message)
    assert 3 == record.file


def test_it_never_plays_longer_than_the_link_is_good(
    visitor: Visitor, message: StoredMessage
) -> None:
    visitor.now = message.manifest.expires_at - 42 * SECOND
    query = parse_qs(urlsplit(played(visitor.post(message.path(), play="3"))).query)
    assert ["42"] == query["X-Amz-Expires"]
    visitor.now = message.manifest.expires_at
    for answer in (
        visitor.post(message.path(), play="3"),
        visitor.get(f"{message.path()}/look/1"),
        visitor.get(f"{message.path()}/look/2"),
    ):
        assert 410 == answer.status


def test_only_a_form_plays_and_only_what_is_a_recording(
    visitor: Visitor, message: StoredMessage
) -> None:
    for number in (3, 4, 5):
        answer = visitor.get(f"{message.path()}/look/{number}")
        assert 400 == answer.status
        assert f'href="../../{message.path()[1:]}"' in answer.text
    for wished in ("1", "2", "4", "5", "all", "", "x"):
        assert 400 == visitor.post(message.path(), play=wished).status
    assert [] == records(message)


@pytest.mark.parametrize(("word", "status"), [(None, 409), ("THREATS_FOUND", 403)])
def test_what_was_not_found_clean_is_neither_shown_nor_played(
    guarded: Visitor, message: StoredMessage, word: str | None, status: int
) -> None:
    for number in (1, 2, 3):
        if word:
            message.tag(number, word)
    for answer in (
        guarded.get(f"{message.path()}/look/1"),
        guarded.get(f"{message.path()}/look/2"),
        guarded.post(message.path(), play="3"),
    ):
        assert status == answer.status
        assert "Tür auf" not in answer.text
    for number in (1, 2, 3):
        message.tag(number, "NO_THREATS_FOUND")
    assert 200 == guarded.get(f"{message.path()}/look/2").status
    assert 200 == guarded.post(message.path(), play="3").status


def test_a_file_that_is_gone_or_empty_shows_nothing(
    visitor: Visitor, message: StoredMessage
) -> None:
    message.s3.put_object(Bucket=message.bucket, Key=message.key(2), Body=b"")
    assert 410 == visitor.get(f"{message.path()}/look/2").status
    message.s3.delete_object(Bucket=message.bucket, Key=message.key(2))
    assert 410 == visitor.get(f"{message.path()}/look/2").status
