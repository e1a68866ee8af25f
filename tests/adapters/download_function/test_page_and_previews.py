"""Opening the page and its previews changes nothing and downloads no file."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.download.page import PAGE_FILES
from relay_core.links.tokens import LinkKeys
from sandbox.emulator.running import Emulator
from tests.adapters.download_function.page_visitor import FILES, SECOND, Visitor, records
from tests.adapters.stored_message import (
    ANNA,
    BEN,
    KEYS,
    File,
    StoredMessage,
    png,
    store_keys,
    store_message,
)


class TestPage:
    def test_it_shows_the_mail_and_its_files_to_each_recipient(
        self, visitor: Visitor, message: StoredMessage
    ) -> None:
        for recipient in (ANNA, BEN):
            answer = visitor.get(message.path(recipient))
            assert 200 == answer.status
            assert "text/html; charset=utf-8" == answer.headers["Content-Type"]
            for fact in ("Alarm: Tür offen", "cam@plant.example", "pressure.csv", "8.0 kB"):
                assert fact in answer.text
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
            assert "This link has been withdrawn" == answer.title
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
        assert [nowhere] * 4 == [other.nameless for other in others]

    @pytest.mark.parametrize("number", ["0", "4", "1", "02", "x", "2/", "2x", "2%20"])
    def test_what_is_no_preview_looks_like_a_link_without_a_target(
        self, visitor: Visitor, message: StoredMessage, number: str
    ) -> None:
        nowhere = visitor.get("/nothing")
        assert nowhere == visitor.get(f"{message.path()}/preview/{number}").nameless
