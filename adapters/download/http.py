"""HTTP as a function URL has it: events in, responses out.

Lambda hands a request over as an event of payload format 2.0, and takes a status, headers and
a body back (AWS Lambda guide, "Invoking Lambda function URLs", request and response payload
format). Header names arrive in lower case; a body arrives, and a binary one leaves, in base64.

Every answer has the headers that keep its content private: no cache stores it, no search engine
finds it, no other page frames it, and no `Referer` holds its address, which is a secret. What a
page may load and where its form may be sent is named exactly (Content Security Policy Level 3).
Mail gateways and browsers fetch links before people do, so no GET and no HEAD changes anything
(RFC 9110 section 9.2.1).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `path` starts with a slash; header names are in lower case.

    `host` is the name of the function URL or the API that it came to, by AWS; empty if unknown.
    """

    method: str
    path: str
    host: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def is_https(self) -> bool:
        """Whether the client came by TLS, as the front end tells."""
        return self.headers.get("x-forwarded-proto") == "https"

    @property
    def base_url(self) -> str:
        """The URL before the path, which works at this moment; empty if unknown."""
        return f"https://{self.host}" if self.is_https and self.host else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `content_type` is empty where there is no body."""

    status: int
    content_type: str = ""
    body: bytes = b""
    policy: str = "default-src 'none'"
    headers: Mapping[str, str] = field(default_factory=dict)


_ALWAYS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Two years, as browsers' own lists ask for (RFC 6797 section 6.1.1); not for names below, which
# may be somebody else's.
_TLS_ONLY = {"Strict-Transport-Security": "max-age=63072000"}


def parse_request(event: Mapping[str, Any]) -> Request:
    """The request in an event of payload format 2.0.

    Raises:
        KeyError: if the event is of another kind.
    """
    text = event.get("body") or ""
    return Request(
        method=str(event["requestContext"]["http"]["method"]),
        path=str(event["rawPath"]),
        host=str(event["requestContext"].get("domainName") or ""),
        query=str(event.get("rawQueryString") or ""),
        headers={name.lower(): str(value) for name, value in event["headers"].items()},
        body=_decoded(text) if event.get("isBase64Encoded") else text.encode(errors="replace"),
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def format_answer(answer: Answer, request: Request) -> dict[str, Any]:
    """The answer as Lambda takes it; to HEAD, without its body."""
    headers = {
        **_ALWAYS,
        **(_TLS_ONLY if request.is_https else {}),
        "Content-Security-Policy": answer.policy,
        **({"Content-Type": answer.content_type} if answer.content_type else {}),
        **answer.headers,
    }
    is_text = answer.content_type.startswith("text/")
    body = b"" if request.method == "HEAD" else answer.body
    return {
        "statusCode": answer.status,
        "headers": headers,
        "body": body.decode() if is_text else base64.b64encode(body).decode(),
        "isBase64Encoded": not is_text,
    }


_FORM = "application/x-www-form-urlencoded"
_MAX_FORM_BYTES = 1000


def form_field(request: Request, name: str) -> str | None:
    """The one value of a field of a submitted form; None if there is none, or more than one."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != _FORM or len(request.body) > _MAX_FORM_BYTES:
        return None
    return _only_value(request.body.decode("latin-1"), name)


def query_field(request: Request, name: str) -> str | None:
    """The one value of a field of the query; None if there is none, or more than one."""
    return _only_value(request.query[:_MAX_FORM_BYTES], name)


def _only_value(encoded: str, name: str) -> str | None:
    values = parse_qs(encoded).get(name, [])
    return values[0] if len(values) == 1 else None
