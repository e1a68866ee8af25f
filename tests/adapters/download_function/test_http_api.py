"""Requests as API Gateway hands them over from a domain: the page answers as at its own URL.

The events have every member of payload format 2.0 that an HTTP API fills in (API Gateway guide,
"Create AWS Lambda proxy integrations for HTTP APIs"), with the domain as Host.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.adapters.download_function.page_visitor import (
    FORM,
    Answered,
    Visitor,
    answered,
    event,
    follow,
    records,
)
from tests.adapters.stored_message import StoredMessage

DOMAIN = "files.example.com"


def of_http_api(
    method: str, path: str, *, body: str | None = None, is_base64: bool = False, query: str = ""
) -> dict[str, Any]:
    request: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "cookies": ["consent=1", "theme=dark"],
        "headers": {
            "accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "accept-encoding": "gzip, deflate, br",
            "accept-language": "de-DE,de;q=0.9",
            "content-length": str(len(body or "")),
            **({"content-type": FORM} if body else {}),
            "host": DOMAIN,
            "user-agent": "Mozilla/5.0 (test)",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "x-forwarded-for": "205.255.255.176",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "r3pmxmplak",
            "domainName": DOMAIN,
            "domainPrefix": "files",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "205.255.255.176",
                "userAgent": "Mozilla/5.0 (test)",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "10/Mar/2020:05:16:23 +0000",
            "timeEpoch": 1583817383220,
        },
        "isBase64Encoded": is_base64,
    }
    return request if body is None else {**request, "body": body}


def asked(visitor: Visitor, request: dict[str, Any]) -> Answered:
    return answered(visitor.function(request))


def test_a_page_is_the_same_as_at_the_functions_url(
    visitor: Visitor, message: StoredMessage
) -> None:
    at_domain = asked(visitor, of_http_api("GET", message.path()))
    german = {"accept-language": "de-DE,de;q=0.9"}
    at_url = answered(visitor.function(event("GET", message.path(), headers=german)))
    assert 200 == at_domain.status
    assert at_domain == at_url
    assert "Strict-Transport-Security" in at_domain.headers


@pytest.mark.parametrize("is_base64", [True, False])
def test_a_pressed_button_leads_to_the_file(
    visitor: Visitor, message: StoredMessage, *, is_base64: bool
) -> None:
    form = urlencode({"file": "1"})
    body = base64.b64encode(form.encode()).decode() if is_base64 else form
    request = of_http_api("POST", message.path(), body=body, is_base64=is_base64)
    content, _ = follow(asked(visitor, request))
    assert content == message.files[0].content
    (record,) = records(message)
    assert 1 == record.file


def test_a_link_that_was_not_issued_is_answered_as_at_the_functions_url(
    visitor: Visitor,
) -> None:
    path = f"/{'A' * 40}"
    at_domain = asked(visitor, of_http_api("GET", path))
    german = {"accept-language": "de-DE,de;q=0.9"}
    assert at_domain == answered(visitor.function(event("GET", path, headers=german)))
    assert 404 == at_domain.status


def test_no_domain_and_no_token_is_written_to_the_log(
    visitor: Visitor, message: StoredMessage
) -> None:
    asked(visitor, of_http_api("GET", message.path()))
    asked(visitor, of_http_api("GET", f"/{'A' * 40}"))
    assert visitor.lines()
    assert message.path()[1:] not in visitor.log.getvalue()
    assert "A" * 40 not in visitor.log.getvalue()
