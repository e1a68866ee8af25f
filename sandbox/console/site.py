"""The entry of the site: which requests are allowed, the handler, and the response headers.

A request for a domain of API Gateway's is forwarded to it, whatever its path.

Every answer has the strictest policy with which it works, and is not cached. A request for a host
other than these and this machine's own names is rejected. Otherwise another site could read the
console by DNS rebinding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .forwarding import AnswersPages, forward, is_for_page

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy of pages (CSP level 3)."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}
_OUR_NAMES = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Site:
    """Routes requests to the download pages or the console, and sets the console's headers."""

    console: ASGIApp
    pages: AnswersPages | None
    domains: Mapping[str, AnswersPages] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        host = _host(scope)
        if host in self.domains:
            await forward(self.domains[host], scope, receive, send)
            return
        if host not in _OUR_NAMES:
            text = "This sandbox answers only requests for 127.0.0.1 and localhost.\n"
            answer: ASGIApp = Response(text, HTTPStatus.MISDIRECTED_REQUEST)
        elif self.pages is not None and is_for_page(scope["raw_path"]):
            await forward(self.pages, scope, receive, send)
            return
        else:
            answer = self.console

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] += [
                    (name.lower().encode(), value.encode())
                    for name, value in _HEADERS.items()
                    if name.lower().encode() not in present
                ]
            await send(message)

        await answer(scope, receive, send_with_headers)


def _host(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    try:
        return urlsplit(f"//{host.decode('ascii')}").hostname or ""
    except ValueError:
        return ""
