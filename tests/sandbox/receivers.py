"""Receivers of webhooks: a test's HTTPS server, which functions trust by `SSL_CERT_FILE`."""

from __future__ import annotations

import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

from tests.waiting import eventually

LONG = 300.0  # seconds until a missing event fails the test


@dataclass
class Receivers:
    """The posts to each path, and how often each first answers 500 (-1: always)."""

    port: int
    got: dict[str, list[tuple[Mapping[str, str], bytes]]] = field(default_factory=dict)
    refuses: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def await_post(self, path: str, text: str) -> list[bytes]:
        return eventually(lambda: self.holding(path, text), within=LONG)

    def holding(self, path: str, text: str) -> list[bytes]:
        return [body for _, body in self.got.get(path, []) if text in body.decode()]


@contextmanager
def receivers(ca_file: Path) -> Iterator[Receivers]:
    """The server; `ca_file` is written with the authority to trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if state.refuses[self.path]:
                state.refuses[self.path] -= 1
                state.refused[self.path] += 1
                self.send_error(500)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.got.setdefault(self.path, []).append((headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state = Receivers(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
