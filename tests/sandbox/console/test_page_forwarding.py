"""Download pages are the function's answers, unchanged; stopping waits for no request."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from sandbox.console.forwarding import PageAnswer, PageRequest
from tests.sandbox.console_site import (
    make_content,
    served,
)

TOKEN = "abcDEF0123456789_-abcDEF0123456789_-abcd"
ANSWER = PageAnswer(
    status=303,
    headers=(
        *((b"Location", b"http://127.0.0.1:1/x?y=z"), (b"Set-Cookie", b"a=b")),
        *((b"Set-Cookie", b"c=d"), (b"Content-Type", b"image/png"), (b"X-Odd", b"\xe9")),
        *((b"Content-Length", b"256"), (b"Date", b"Wed, 27 May 2026 09:48:04 GMT")),
    ),
    body=bytes(range(256)),
)


class Recorder:
    """Answers all requests for download pages in the same way, and records them."""

    def __init__(self, answer: PageAnswer = ANSWER) -> None:
        self.asked: list[PageRequest] = []
        self._answer = answer

    def __call__(self, request: PageRequest) -> PageAnswer:
        self.asked.append(request)
        return self._answer


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("rest", ["", "/", "/preview/1", "/a%2Fb/../c?x=%20&y", "?q"])
def test_a_token_leads_to_the_function_and_back_unchanged(
    tmp_path: Path, method: str, rest: str
) -> None:
    pages = Recorder()
    with served(make_content(tmp_path), pages) as site:
        answer = site.ask(
            f"/{TOKEN}{rest}",
            method=method,
            headers=[("Content-Type", "a/b"), ("X-Twice", "1"), ("X-Twice", "2")],
            body=b"file=1\x00\xff",
        )
    [asked] = pages.asked
    assert (method, f"/{TOKEN}{rest}".encode()) == (asked.method, asked.target)
    assert asked.body == b"file=1\x00\xff"
    sent = [pair for pair in asked.headers if pair[0] not in {b"host", b"content-length"}]
    assert [(b"content-type", b"a/b"), (b"x-twice", b"1"), (b"x-twice", b"2")] == sent
    assert (ANSWER.status, ANSWER.body) == (answer.status, answer.body)
    expected = [(k.decode().lower(), v.decode("latin-1")) for k, v in ANSWER.headers]
    assert expected == [pair for pair in answer.headers if pair[0] != "connection"]


def test_head_of_a_page_has_the_header_and_no_body(tmp_path: Path) -> None:
    pages = Recorder()
    with served(make_content(tmp_path), pages) as site:
        answer = site.ask(f"/{TOKEN}", method="HEAD")
    assert ["HEAD"] == [request.method for request in pages.asked]
    assert (answer.status, answer.header("content-length"), answer.body) == (303, "256", b"")


@pytest.mark.parametrize(
    "path", [f"/{TOKEN}x", f"/{TOKEN[1:]}", f"/mail/{TOKEN}", f"//{TOKEN}", f"/{TOKEN[1:]}%20"]
)
def test_what_is_no_token_is_the_consoles(tmp_path: Path, path: str) -> None:
    pages = Recorder()
    with served(make_content(tmp_path), pages) as site:
        assert site.ask(path).status == 404
    assert pages.asked == []


def test_without_a_function_there_is_no_page(tmp_path: Path) -> None:
    with served(make_content(tmp_path)) as site:
        assert site.ask(f"/{TOKEN}").status == 404


def test_a_function_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    def refuse(_request: PageRequest) -> PageAnswer:
        raise ConnectionRefusedError(111, "refused")

    with served(make_content(tmp_path), refuse) as site:
        answer = site.ask(f"/{TOKEN}")
    assert answer.status == 502
    assert "does not answer" in answer.text


def test_a_body_that_no_function_takes_is_refused(tmp_path: Path) -> None:
    pages = Recorder()
    with served(make_content(tmp_path), pages) as site:
        answer = site.ask(f"/{TOKEN}", method="POST", body=bytes(6 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert pages.asked == []


def test_no_open_connection_delays_its_end(tmp_path: Path) -> None:
    """The test is that the site stops at all, not how long it takes."""
    content = make_content(tmp_path)
    content.outbox.deliver("r@example.com", b"Subject: s\r\n\r\n" + bytes(30_000_000), "1.eml")
    called, answer_now = threading.Event(), threading.Event()

    def answer_late(_request: PageRequest) -> PageAnswer:
        called.set()
        answer_now.wait()
        return ANSWER

    host = b"Host: localhost\r\n"
    requests = (
        b"",  # a client that sends nothing
        b"GET / HTTP/1.1\r\n" + host[:9],
        b"POST /%s HTTP/1.1\r\n%sContent-Length: 9\r\n\r\nfi" % (TOKEN.encode(), host),
        # More than the socket's buffer, and not read.
        b"GET /mail/r@example.com/1.eml/source HTTP/1.1\r\n%s\r\n" % host,
        b"GET /events HTTP/1.1\r\n%s\r\n" % host,
        b"GET /%s HTTP/1.1\r\n%s\r\n" % (TOKEN.encode(), host),
    )
    sockets = []
    try:
        with served(content, answer_late) as site:
            for request in requests:
                one = socket.create_connection(("127.0.0.1", site.port))
                one.sendall(request)
                sockets.append(one)
            assert called.wait(60)
            # This request is answered, so those before it have been accepted.
            assert site.ask("/").status == 200
    finally:
        answer_now.set()
        for one in sockets:
            one.close()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", site.port)) != 0
