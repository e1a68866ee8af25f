"""A POST to a webhook over TLS, with the standard library.

No redirect is followed: it would carry the announcement to somebody else. Neither the address nor
what the receiver answers gets into an error, for the address is a secret and servers repeat it in
their error pages; of the answer only a lower-case word is logged, as Slack's `no_service`.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from relay_core.errors import AdapterError, TransientError

_CALL = "POST"
_WORD = re.compile(r"[a-z]+(_[a-z]+){0,5}\Z")
_MAX_ANSWER = 64


class TooManyPosts(TransientError):
    """The receiver asks for a pause (429 or 503 with Retry-After); `after` is how long."""

    def __init__(self, *, call: str, target: str, detail: str, after: timedelta) -> None:
        super().__init__(call=call, target=target, detail=detail)
        self.after = after


@dataclass(frozen=True, slots=True)
class HttpsPost:
    """Posts JSON.

    `context` says whom to trust, by default the system's authorities. `timeout`: the seconds to
    connect, and again to wait for each part of an answer.
    """

    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    timeout: float = 10.0

    def __call__(self, name: str, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post to the receiver of that name.

        Raises:
            TransientError: if it was not accepted, for any cause: a wrong address can be fixed in
            the
                configuration while the message waits in the queue.
        """
        target = f"webhook {name}"
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise TransientError(call=_CALL, target=target, detail="its URL is not https")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=self.timeout, context=self.context
        )
        try:
            connection.request(
                "POST", path, body, {"Content-Type": "application/json; charset=utf-8", **headers}
            )
            answer = connection.getresponse()
            word = answer.read(_MAX_ANSWER).decode("ascii", "replace").strip()
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(
                call=_CALL, target=target, detail=f"no answer: {type(error).__name__}"
            ) from None
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise _refused(target, answer, word if _WORD.match(word) and word not in url else "")


def _refused(target: str, answer: http.client.HTTPResponse, word: str) -> AdapterError:
    detail = f"it answered {answer.status}" + (f", {word}" if word else "")
    if 300 <= answer.status < 400:
        detail += "; a redirect is not followed: configure its target"
    wait = answer.headers.get("Retry-After", "")
    paused = answer.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
    if paused and wait.isascii() and wait.isdecimal():
        after = timedelta(seconds=min(int(wait), 86_400))
        return TooManyPosts(call=_CALL, target=target, detail=detail, after=after)
    return TransientError(call=_CALL, target=target, detail=detail)
