"""Decides which requests the emulator answers. Runs in the emulator's process.

ministack answers every request on its port, and any web page in the developer's browser can reach
ports of this machine. Its request for `/_ministack/reset` would empty the account. So a request
passes only if

* its Host is a name of this machine, the name that AWS gives to a function URL, or a domain of API
  Gateway's: a page that uses DNS rebinding sends its own name;
* and it is signed (the emulator checks the signature), or is for a function URL or such a domain,
  which are public on AWS too;
* or, for a path of the emulator's own (`/_ministack/…`), it has the sandbox's key, which no page
  knows, in a header that needs a CORS preflight.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY_HEADER = "X-Sandbox-Key"
KEY_VARIABLE = "SANDBOX_KEY"

App = Callable[[Any, Any, Any], Awaitable[None]]

_OUR_NAMES = {"127.0.0.1", "localhost", "::1"}
_FUNCTION_HOST = re.compile(r"[a-z0-9]+\.lambda-url\.[a-z0-9-]+\.on\.aws\Z")
_OWN_PATH = re.compile(r"/_(aws|localstack|ministack)/")  # a token may begin with "_" too
_FUNCTION_PATH = "/_aws/lambda-url/"


IsDomain = Callable[[str], bool]
"""Whether a host name is a domain of API Gateway's."""


def may_pass(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    *,
    key: str,
    is_domain: IsDomain = lambda _host: False,
) -> bool:
    """Whether a request may reach the emulator. Names in `headers` are lower-case."""
    try:
        host = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    if host not in _OUR_NAMES:
        is_open = bool(_FUNCTION_HOST.match(host)) or is_domain(host)
        return is_open and not _OWN_PATH.match(path)
    if path.startswith(_FUNCTION_PATH):
        return True
    if path.startswith("/_"):
        return hmac.compare_digest(headers.get(KEY_HEADER.lower(), "").encode(), key.encode())
    return method != "OPTIONS" and _is_signed(query, headers)


def _is_signed(query: str, headers: Mapping[str, str]) -> bool:
    """Whether it has a signature (AWS Signature Version 4, in the header or in the query)."""
    return headers.get("authorization", "").startswith(
        "AWS4-HMAC-SHA256 "
    ) or "X-Amz-Signature" in parse_qs(query, keep_blank_values=True)


def guarded(app: App, key: str, is_domain: IsDomain) -> App:
    """The application behind the check: refused requests get 403."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 (ASGI's own)
        if scope["type"] == "lifespan" or (
            scope["type"] == "http" and _may_pass(scope, key, is_domain)
        ):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            headers = [(b"content-type", b"text/plain")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            text = b"The sandbox's emulator answers signed requests only.\n"
            await send({"type": "http.response.body", "body": text})

    return answer


def _may_pass(scope: Mapping[str, Any], key: str, is_domain: IsDomain) -> bool:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    query = scope.get("query_string", b"").decode("latin-1")
    return may_pass(scope["method"], scope["path"], query, headers, key=key, is_domain=is_domain)


def install() -> None:
    """Put the check in front of ministack. The key is removed from the workers' environment."""
    from ministack import app as ministack_app  # noqa: PLC0415 (tests import this module without)
    from ministack.services import apigateway_v1  # noqa: PLC0415 (as above)

    ministack_app.app = guarded(
        ministack_app.app,
        os.environ.pop(KEY_VARIABLE),
        lambda host: apigateway_v1.find_domain_scope(host) is not None,
    )
