"""A function URL on the loopback interface: requests become events, answers become HTTP."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Function = Callable[[dict[str, Any]], dict[str, Any]]


@contextmanager
def function_url(function: Function) -> Iterator[str]:
    """The URL at which `function` answers, without a slash at its end."""
    one_at_a_time = threading.Lock()  # as in a container of Lambda

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            with one_at_a_time:
                answer = function(self._event())
            body = answer["body"].encode()
            body = base64.b64decode(body) if answer["isBase64Encoded"] else body
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_HEAD = do_POST = answer  # noqa: N815 - the base class's names

        def _event(self) -> dict[str, Any]:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return {
                "version": "2.0",
                "rawPath": url.path,
                "rawQueryString": url.query,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "requestContext": {"http": {"method": self.command, "path": url.path}},
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
            }

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
