"""The URL of each page and action of the console."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from . import actions, incoming_pages, mail_pages, status_pages
from .content import ConsoleContent
from .forwarding import AnswersPages
from .off_loop import off_loop
from .page import Build, Console, endpoint, http_error, server_error
from .site import Site

_STATIC = Path(__file__).parent / "static"
_PULSE = 1.0  # seconds between two checks for changes

_PAGES: Mapping[str, Build] = {
    "/": status_pages.overview,
    "/incoming": incoming_pages.incoming,
    "/incoming/{message_id}": incoming_pages.incoming_mail,
    "/incoming/{message_id}/frame": incoming_pages.incoming_frame,
    "/incoming/{message_id}/source": incoming_pages.incoming_source,
    "/incoming/{message_id}/part/{number:int}": incoming_pages.incoming_part,
    "/mail": mail_pages.mailboxes,
    "/mail/{mailbox}": mail_pages.mailbox,
    "/mail/{mailbox}/{name}": mail_pages.mail,
    "/mail/{mailbox}/{name}/frame": mail_pages.mail_frame,
    "/mail/{mailbox}/{name}/source": mail_pages.mail_source,
    "/mail/{mailbox}/{name}/part/{number:int}": mail_pages.mail_part,
    "/notices": status_pages.notices,
    "/queues": status_pages.queues,
    "/alarms": status_pages.alarms,
    "/log": status_pages.log,
    "/metrics": status_pages.metrics,
    "/stack": status_pages.stack,
    "/send": actions.send,
    "/faults": actions.faults,
}
_ACTIONS: Mapping[str, actions.Action] = {
    "/do/send": actions.send_test,
    "/do/fault": actions.switch_fault,
    "/do/clear": actions.clear,
}


def make_app(
    content: ConsoleContent,
    pages: AnswersPages | None,
    *,
    is_closing: Callable[[], bool],
    domains: Mapping[str, AnswersPages] | None = None,
) -> ASGIApp:
    """The whole site. When `is_closing` returns True, event streams end."""
    console = Console(content=content, token=secrets.token_urlsafe())
    handlers: Mapping[Any, Any] = {
        HTTPException: http_error,
        ClientError: server_error,
        BotoCoreError: server_error,
        OSError: server_error,
    }
    app = Starlette(
        routes=[
            *(Route(path, endpoint(console, build)) for path, build in _PAGES.items()),
            *(
                Route(path, actions.action_endpoint(console, action), methods=["POST"])
                for path, action in _ACTIONS.items()
            ),
            Route("/events", _events(content, is_closing)),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers=handlers,
    )
    app.router.redirect_slashes = False
    return Site(app, pages, domains or {})


def _events(
    content: ConsoleContent, is_closing: Callable[[], bool]
) -> Callable[[Request], Awaitable[Response]]:
    """Server-sent events: the topics, and again each time that one changes.

    HTML standard, "Server-sent events".
    """

    def look() -> Mapping[str, str]:
        try:
            return content.topics()
        except (ClientError, BotoCoreError, OSError):
            return {}

    async def pulse() -> AsyncIterator[str]:
        sent: Mapping[str, str] = {}
        yield "retry: 2000\n\n"
        while not is_closing():
            topics = await off_loop(look)
            if topics != sent:
                sent = topics
                yield f"data: {json.dumps(sent)}\n\n"
            await anyio.sleep(_PULSE)

    async def answer(_request: Request) -> Response:
        return StreamingResponse(pulse(), media_type="text/event-stream")

    return answer
