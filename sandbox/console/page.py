"""The parts that all console pages share: frame, endpoint, and error page."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .content import ConsoleContent
from .off_loop import off_loop
from .rendering import render
from .site import PAGE_POLICY

_POLICY_WITH_FORMS = PAGE_POLICY.replace("form-action 'none'", "form-action 'self'")
_PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """Renders pages. `token` is the value that each form must send back (`actions`)."""

    content: ConsoleContent
    token: str

    def render(
        self,
        template: str,
        *,
        title: str,
        section: str,
        live: str = "",
        status: int = HTTPStatus.OK,
        has_forms: bool = False,
        **values: Any,  # noqa: ANN401 (what the template shows)
    ) -> Response:
        """A page. `live` are the topics whose changes show on it (`ConsoleContent.topics`).

        Forms are possible only on a page that `has_forms`, and only to the console.
        """
        # Read before the content, so that a change in between makes the browser reload.
        seen = self.content.topics()
        alarms = [alarm for alarm in self.content.alarms.views() if alarm.is_firing]
        depths = list(self.content.queues.depths().values())
        page = render(
            template,
            {
                "title": title,
                "section": section,
                "live": live,
                "seen": json.dumps(seen),
                "token": self.token if has_forms else "",
                "badges": {
                    "mail": sum(len(box.mails) for box in self.content.mailboxes()),
                    "notices": len(self.content.read_notices()),
                    "queues": depths[-1].total if depths else 0,
                    "alarms": len(alarms),
                    "faults": self.content.count_faults(),
                },
                **values,
            },
        )
        headers = {"Content-Security-Policy": _POLICY_WITH_FORMS} if has_forms else None
        return HTMLResponse(page, status, headers=headers)


Build = Callable[[Console, Request], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(console: Console, build: Build) -> Endpoint:
    """An endpoint that builds its answer on a thread, because building a page blocks."""

    async def answer(request: Request) -> Response:
        return await off_loop(partial(build, console, request))

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One page of a long list: the items from `start` to `end`, page `number` of `last`."""

    number: int
    last: int

    @property
    def start(self) -> int:
        """Index of the first item."""
        return (self.number - 1) * _PER_PAGE

    @property
    def end(self) -> int:
        """Index after the last item."""
        return self.number * _PER_PAGE


def slice_of(request: Request, items: int) -> Slice:
    """The requested page, or the nearest one that exists."""
    last = max(1, -(-items // _PER_PAGE))
    wanted = read_number(request.query_params.get("page", "1"), otherwise=1)
    return Slice(number=min(max(1, wanted), last), last=last)


def read_number(text: str, *, otherwise: int) -> int:
    """A whole number that a person wrote; `otherwise` if it is not one, or has over 8 digits."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 9 else otherwise


def search_words(request: Request) -> list[str]:
    """The search words of a request, in lower case."""
    return request.query_params.get("q", "").lower().split()


def has_words(words: list[str], *texts: str) -> bool:
    """Whether every word occurs in one of the texts."""
    text = "\n".join(texts).lower()
    return all(word in text for word in words)


async def http_error(_request: Request, error: Exception) -> Response:
    """The error page for a request that no page answers."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    usual = {
        HTTPStatus.NOT_FOUND: "There is no such page.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address does not support this method.",
    }
    has_detail = error.detail != status.phrase
    text = error.detail if has_detail else usual.get(status, error.detail)
    return await off_loop(lambda: explain(status, text, error.headers))


async def server_error(_request: Request, error: Exception) -> Response:
    """The error page for a failed call to AWS or a file that cannot be read."""
    text = f"The sandbox cannot read this page's content: {type(error).__name__}: {error}"
    return await off_loop(lambda: explain(HTTPStatus.SERVICE_UNAVAILABLE, text))


def explain(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A page with an error text only."""
    page = render("error.html", {"title": status.phrase, "text": text})
    return HTMLResponse(page, status, headers=headers)
