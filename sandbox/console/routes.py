"""What the console answers, a function a page.

Every answer has the strictest policy that lets it work, and is kept by no cache. A request for
another host than this machine's own names is turned away: a page elsewhere whose name was made
to lead here (DNS rebinding) would read it otherwise.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.content_disposition import format_attachment_disposition
from sandbox.outbox import Mailbox
from sandbox.smtp_access import curl_command, openssl_command, smtp_session, swaks_command

from .content import ConsoleContent, list_mails
from .forwarding import MAX_BODY, AnswersPages, PageAnswer, PageRequest, is_for_page
from .mail import ReadMail, read_mail
from .mail_frame import FRAME_POLICY, SANDBOX, frame_document
from .rendering import render

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _PAGE_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
}
_OUR_NAMES = {"127.0.0.1", "localhost", "::1"}
_STATIC = Path(__file__).parent / "static"
_PER_PAGE = 50
_MOST_TEXT = 200_000  # characters of a mail that a page shows; the source is there whole
_LATEST = 8
_PULSE = 1.0  # seconds between two looks for what is new
_VIEWS = {"html": "HTML", "text": "Text", "source": "Source", "headers": "Header"}

T = TypeVar("T")


def make_app(
    content: ConsoleContent, pages: AnswersPages | None, *, is_closing: Callable[[], bool]
) -> ASGIApp:
    """The whole site. `is_closing` ends what would go on for ever."""
    views = _Views(content, is_closing)
    handlers: Mapping[Any, Any] = {
        HTTPException: views.http_error,
        ClientError: views.aws_error,
        BotoCoreError: views.aws_error,
        OSError: views.aws_error,
    }
    console = Starlette(
        routes=[
            Route("/", views.overview),
            Route("/mail", views.mailboxes),
            Route("/mail/{mailbox}", views.mailbox),
            Route("/mail/{mailbox}/{name}", views.mail),
            Route("/mail/{mailbox}/{name}/frame", views.mail_frame),
            Route("/mail/{mailbox}/{name}/source", views.mail_source),
            Route("/mail/{mailbox}/{name}/part/{number:int}", views.mail_part),
            Route("/notices", views.notices),
            Route("/queues", views.queues),
            Route("/alarms", views.alarms),
            Route("/log", views.log),
            Route("/metrics", views.metrics),
            Route("/stack", views.stack),
            Route("/send", views.send),
            Route("/events", views.events),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers=handlers,
    )
    console.router.redirect_slashes = False
    return _Site(console, pages)


class _Site:
    """Tells pages from the console, and puts the headers on whatever the console answers."""

    def __init__(self, console: ASGIApp, pages: AnswersPages | None) -> None:
        self._console = console
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if not _is_ours(scope):
            text = "This is a sandbox, and only for this machine.\n"
            answer: ASGIApp = Response(text, HTTPStatus.MISDIRECTED_REQUEST)
        elif self._pages is not None and is_for_page(scope["raw_path"]):
            answer = partial(_forward, self._pages)
            await answer(scope, receive, send)
            return
        else:
            answer = self._console

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


def _is_ours(scope: Scope) -> bool:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    try:
        return urlsplit(f"//{host.decode('ascii')}").hostname in _OUR_NAMES
    except ValueError:
        return False


async def _off_loop(call: Callable[[], T]) -> T:
    """The call's result, from a thread. When the server ends, nobody waits for it any more."""
    return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)


async def _forward(pages: AnswersPages, scope: Scope, receive: Receive, send: Send) -> None:
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
        answer = await _off_loop(partial(pages, page_request))
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


Endpoint = Callable[["_Views", Request], Awaitable[Response]]


def _page(build: Callable[[_Views, Request], Response]) -> Endpoint:
    """An endpoint that is built on a thread: whatever a page needs blocks."""

    async def endpoint(views: _Views, request: Request) -> Response:
        return await _off_loop(partial(build, views, request))

    return endpoint


class _Views:
    """The pages. Each is built anew at each request."""

    def __init__(self, content: ConsoleContent, is_closing: Callable[[], bool]) -> None:
        self._content = content
        self._is_closing = is_closing

    def _render(
        self,
        template: str,
        *,
        title: str,
        section: str,
        live: str = "",
        status: int = HTTPStatus.OK,
        **values: Any,  # noqa: ANN401 (what the template shows)
    ) -> Response:
        """A page. `live` are the topics whose changes show on it (`ConsoleContent.topics`)."""
        # Asked before anything else is looked at: what comes in between is shown again.
        seen = self._content.topics()
        alarms = [alarm for alarm in self._content.alarms.views() if alarm.sounds]
        depths = list(self._content.queues.depths().values())
        page = render(
            template,
            {
                "title": title,
                "section": section,
                "live": live,
                "seen": json.dumps(seen),
                "badges": {
                    "mail": sum(len(box.mails) for box in self._content.outbox.mailboxes()),
                    "notices": len(self._content.read_notices()),
                    "queues": depths[-1].total if depths else 0,
                    "alarms": len(alarms),
                },
                **values,
            },
        )
        return HTMLResponse(page, status)

    @_page
    def overview(self, _request: Request) -> Response:
        content = self._content
        return self._render(
            "overview.html",
            title="Overview",
            section="overview",
            live="activity alarms mail notices queues",
            mails=content.newest(_LATEST),
            # The functions' words stand in the log.
            happenings=[one for one in content.journal.happenings() if one.kind != "function"][
                :_LATEST
            ],
            depths=content.queues.depths(),
            sounding=[alarm for alarm in content.alarms.views() if alarm.sounds],
            swaks=swaks_command(content.smtp, content.code),
        )

    @_page
    def mailboxes(self, _request: Request) -> Response:
        boxes = [(box, list_mails(box, box.mails[:1])[0]) for box in self._content.mailboxes()]
        return self._render(
            "mailboxes.html", title="Mail", section="mail", live="mail", boxes=boxes
        )

    @_page
    def mailbox(self, request: Request) -> Response:
        box = self._find_mailbox(request)
        last = max(1, -(-len(box.mails) // _PER_PAGE))
        page = min(max(1, _number(request.query_params.get("page", "1"))), last)
        shown = box.mails[(page - 1) * _PER_PAGE : page * _PER_PAGE]
        return self._render(
            "mailbox.html",
            title=box.name,
            section="mail",
            live="mail",
            box=box,
            mails=list_mails(box, shown),
            page=page,
            last=last,
        )

    @_page
    def mail(self, request: Request) -> Response:
        box, index = self._find_mail(request)
        raw = box.mails[index][1].read_bytes()
        mail = read_mail(raw)
        view = request.query_params.get("view", "")
        if view not in _VIEWS:
            view = "html" if mail.html is not None else "text" if mail.text else "source"
        text = {"text": mail.text or "", "source": raw.decode("utf-8", "replace")}.get(view, "")
        return self._render(
            "mail.html",
            title=mail.heading.subject or "(no subject)",
            section="mail",
            box=box,
            listed=list_mails(box, box.mails[index : index + 1])[0],
            newer=box.mails[index - 1][1].name if index else None,
            older=box.mails[index + 1][1].name if index + 1 < len(box.mails) else None,
            mail=mail,
            views=_VIEWS,
            view=view,
            text=text[:_MOST_TEXT],
            is_cut=len(text) > _MOST_TEXT,
            sandbox=SANDBOX,
        )

    @_page
    def mail_frame(self, request: Request) -> Response:
        mail = self._read_mail(request)
        if mail.html is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        document = frame_document(mail.html, mail.parts)
        return HTMLResponse(document, headers={"Content-Security-Policy": FRAME_POLICY})

    @_page
    def mail_source(self, request: Request) -> Response:
        box, index = self._find_mail(request)
        return Response(
            box.mails[index][1].read_bytes(),
            media_type="text/plain; charset=utf-8",
            headers={"Content-Security-Policy": _FILE_POLICY},
        )

    @_page
    def mail_part(self, request: Request) -> Response:
        parts, number = self._read_mail(request).parts, request.path_params["number"]
        if not 1 <= number <= len(parts):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        part = parts[number - 1]
        return Response(
            part.content,
            # Whatever the mail says it is, a browser is only to keep it.
            media_type="application/octet-stream",
            headers={
                "Content-Disposition": format_attachment_disposition(part.filename),
                "Content-Security-Policy": _FILE_POLICY,
            },
        )

    def _find_mailbox(self, request: Request) -> Mailbox:
        box = self._content.mailbox(request.path_params["mailbox"])
        if box is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return box

    def _find_mail(self, request: Request) -> tuple[Mailbox, int]:
        """The mailbox, and which of its mails. Compared with what is there: no path is made."""
        box, name = self._find_mailbox(request), request.path_params["name"]
        for index, (_, path) in enumerate(box.mails):
            if path.name == name:
                return box, index
        raise HTTPException(HTTPStatus.NOT_FOUND)

    def _read_mail(self, request: Request) -> ReadMail:
        box, index = self._find_mail(request)
        return read_mail(box.mails[index][1].read_bytes())

    @_page
    def notices(self, _request: Request) -> Response:
        found = self._content.read_notices()
        return self._render(
            "notices.html",
            title="Notices",
            section="notices",
            live="notices",
            notices=found[:_PER_PAGE],
            more=len(found) - _PER_PAGE,
        )

    @_page
    def queues(self, _request: Request) -> Response:
        views = self._content.queues.views()
        return self._render(
            "queues.html", title="Queues", section="queues", live="queues", queues=views
        )

    @_page
    def alarms(self, _request: Request) -> Response:
        views = self._content.alarms.views()
        return self._render(
            "alarms.html", title="Alarms", section="alarms", live="alarms", alarms=views
        )

    @_page
    def log(self, _request: Request) -> Response:
        lines = self._content.journal.lines()
        return self._render("log.html", title="Log", section="log", live="log", lines=lines)

    @_page
    def metrics(self, _request: Request) -> Response:
        totals = self._content.journal.metrics()
        return self._render(
            "metrics.html", title="Metrics", section="metrics", live="log", totals=totals
        )

    @_page
    def stack(self, _request: Request) -> Response:
        exports = sorted(self._content.stack.items())
        return self._render("stack.html", title="Stack", section="stack", exports=exports)

    @_page
    def send(self, _request: Request) -> Response:
        smtp, code = self._content.smtp, self._content.code
        return self._render(
            "send.html",
            title="Send a mail",
            section="send",
            smtp=smtp,
            code=code,
            swaks=swaks_command(smtp, code),
            curl=curl_command(smtp, code),
            openssl=openssl_command(smtp),
            session="\n".join(smtp_session(smtp, code)),
        )

    async def events(self, _request: Request) -> Response:
        """The topics, and again each time that one has changed.

        HTML standard, "Server-sent events".
        """

        async def pulse() -> AsyncIterator[str]:
            told: Mapping[str, str] = {}
            yield "retry: 2000\n\n"
            while not self._is_closing():
                topics = await _off_loop(self._topics)
                if topics != told:
                    told = topics
                    yield f"data: {json.dumps(told)}\n\n"
                await anyio.sleep(_PULSE)

        return StreamingResponse(pulse(), media_type="text/event-stream")

    def _topics(self) -> Mapping[str, str]:
        try:
            return self._content.topics()
        except (ClientError, BotoCoreError, OSError):
            return {}

    async def http_error(self, _request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        text = {
            HTTPStatus.NOT_FOUND: "There is no such page.",
            HTTPStatus.METHOD_NOT_ALLOWED: "The console only shows: it takes GET and HEAD.",
        }.get(status, status.phrase)
        return await _off_loop(lambda: self._explain(status, text, error.headers))

    async def aws_error(self, _request: Request, error: Exception) -> Response:
        return await _off_loop(
            lambda: self._explain(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"The sandbox could not look: {type(error).__name__}: {error}",
            )
        )

    @staticmethod
    def _explain(
        status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None
    ) -> Response:
        page = render("error.html", {"title": status.phrase, "text": text})
        return HTMLResponse(page, status, headers=headers)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 9 else 1
