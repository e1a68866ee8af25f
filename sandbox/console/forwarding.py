"""Requests for download pages, forwarded unchanged to the deployed function's URL.

A link's first path segment is a token of 40 characters of base64url (`relay_core.links.tokens`).
The emulator finds a function URL by the Host header, so this header is replaced. AWS does the
same: a function never sees another host name than its URL's. Everything else is passed on
unchanged in both directions, except hop-by-hop headers (RFC 9110 section 7.6.1).
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .off_loop import off_loop

MAX_BODY = 6 * 1024 * 1024
"""Largest request body in bytes (Lambda Developer Guide, "Lambda quotas")."""

_TOKEN_FIRST = re.compile(rb"/[A-Za-z0-9_-]{40}(?:/|\Z)")
_OF_ONE_CONNECTION = {
    *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer"),
    *(b"transfer-encoding", b"upgrade"),
}
_TIMEOUT = 930.0  # seconds: a function may run for 900 before it answers

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A request as received: `target` with its query, `headers` in their order."""

    method: str
    target: bytes
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswer:
    """The answer of the function, or of the emulator if the function fails."""

    status: int
    headers: Headers
    body: bytes


AnswersPages = Callable[[PageRequest], PageAnswer]
"""Answers such requests (`FunctionUrl`). Blocks; raises OSError or HTTPException."""


def is_for_page(path: bytes) -> bool:
    """Whether a request's undecoded path is that of a download page."""
    return _TOKEN_FIRST.match(path) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUrl:
    """A function URL, or a domain of API Gateway's, on the emulator at `endpoint`.

    `host` is its name on AWS.
    """

    endpoint: str
    host: str

    def __call__(self, request: PageRequest) -> PageAnswer:
        """Forward one request.

        Raises:
            OSError, http.client.HTTPException: if there is no answer.
        """
        address = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=_TIMEOUT
        )
        try:
            connection.putrequest(
                request.method,
                request.target.decode("ascii"),
                skip_host=True,
                skip_accept_encoding=True,
            )
            connection.putheader("Host", self.host)
            for name, value in _end_to_end(request.headers):
                if name.lower() not in {b"host", b"content-length"}:
                    connection.putheader(name, value)
            if request.body or request.method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            response = connection.getresponse()
            headers = tuple(
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in response.getheaders()
            )
            return PageAnswer(
                status=response.status,
                headers=tuple(_end_to_end(headers)),
                body=response.read(),
            )
        finally:
            connection.close()


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    return ((name, value) for name, value in headers if name.lower() not in _OF_ONE_CONNECTION)


async def forward(pages: AnswersPages, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for a download page with the answer of `pages`, unchanged."""
    request = Request(scope, receive)
    try:
        body = await _read(request)
    except ClientDisconnect:
        return
    if body is None:
        response = Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        await response(scope, receive, send)
        return
    query = scope["query_string"]
    page_request = PageRequest(
        method=scope["method"],
        target=scope["raw_path"] + (b"?" + query if query else b""),
        headers=tuple(scope["headers"]),
        body=body,
    )
    try:
        answer = await off_loop(partial(pages, page_request))
    except (OSError, http.client.HTTPException) as error:
        answer = PageAnswer(
            status=HTTPStatus.BAD_GATEWAY,
            headers=((b"content-type", b"text/plain; charset=utf-8"),),
            body=f"The download function does not answer: {error}\n".encode(),
        )
    start = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": list(answer.headers),
    }
    await send(start)
    await send({"type": "http.response.body", "body": answer.body})


async def _read(request: Request) -> bytes | None:
    """The request's body, or None if it is too long for a function."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
