"""A loopback HTTP server that gives configured answers.

It replaces AWS in tests about AWS's answers: error codes on the wire, lost answers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hang:
    """Read the request and never answer it (until the server ends)."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Read the request and close the connection."""


@dataclass(slots=True)
class AnsweringServer:
    """Answers each request with the next of `answers`; repeats the last one.

    `choose`, if given, finds the answer to a request's JSON instead.
    """

    url: str
    answers: list[Answer | Hang | HangUp]
    requests: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    choose: Callable[[dict[str, Any]], Answer] | None = None

    def next_answer(self, request: dict[str, Any]) -> Answer | Hang | HangUp:
        self.requests.append(request)
        if self.choose is not None:
            return self.choose(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def ses_sent(message_id: str = "sent-1") -> Answer:
    return Answer(status=200, body=json.dumps({"MessageId": message_id}).encode())


def ses_error(code: str, status: int, message: str = "as ordered") -> Answer:
    """An error as SES API v2 puts it on the wire (REST-JSON)."""
    return Answer(
        status=status,
        body=json.dumps({"message": message}).encode(),
        headers={"x-amzn-ErrorType": f"{code}:http://internal.amazon.com/coral/"},
    )


@contextmanager
def answering_server(*answers: Answer | Hang | HangUp) -> Iterator[AnsweringServer]:
    """Serve on a free port of the loopback interface inside the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            match state.next_answer(json.loads(body)):
                case Hang():
                    state.released.wait()
                    self.close_connection = True
                case HangUp():
                    self.close_connection = True
                case Answer() as answer:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = AnsweringServer(f"http://127.0.0.1:{server.server_port}", list(answers))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
