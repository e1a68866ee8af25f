"""The console: a page that shows what is deployed, every mailbox, and the notices.

Whatever is shown comes from mails, so it is escaped, and a mail itself is served as plain
text that no browser may take for anything else.
"""

from __future__ import annotations

import email
import email.policy
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .outbox import Delivered, Outbox

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #ddd; padding: .25rem .5rem; text-align: left;
         vertical-align: top; overflow-wrap: anywhere }
th { font-weight: 600 } .empty { color: #666 }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleContent:
    """What the console shows: the stack's exports as they are, the others as they are now."""

    stack: Mapping[str, Any]
    outbox: Outbox
    notices: Path


@dataclass(frozen=True, slots=True)
class _Page:
    status: HTTPStatus
    content_type: str
    body: bytes


def render_overview(content: ConsoleContent) -> str:
    """The console's one page."""
    mails = [
        (
            escape(mail.mailbox),
            _link(mail, _header(mail, "Subject") or "(no subject)"),
            escape(_header(mail, "From")),
            str(mail.path.stat().st_size),
        )
        for mail in content.outbox.delivered()
    ]
    lines = content.notices.read_text("utf-8").split("\n") if content.notices.exists() else []
    notices = [
        (
            escape(notice["topic"]),
            escape(notice["attributes"].get("reason", "")),
            escape(notice["subject"]),
            f"<pre>{escape(notice['message'])}</pre>",
        )
        for notice in map(json.loads, filter(None, lines))
    ]
    exports = [
        (escape(name), escape(value if isinstance(value, str) else json.dumps(value, default=str)))
        for name, value in sorted(content.stack.items())
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail relay sandbox</title>'
        f"<style>{_STYLE}</style><h1>Mail relay sandbox</h1>"
        f"<h2>Mailboxes</h2>{_table(('Mailbox', 'Subject', 'From', 'Bytes'), mails)}"
        f"<h2>Notices</h2>{_table(('Topic', 'Reason', 'Subject', 'Message'), notices)}"
        f"<h2>Deployed</h2>{_table(('Export', 'Value'), exports)}</html>"
    )


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return '<p class="empty">None yet.</p>'

    def row(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

    return f"<table>{row(headings, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _link(mail: Delivered, text: str) -> str:
    mailbox, name = quote(mail.mailbox, safe=""), quote(mail.path.name, safe="")
    return f'<a href="/outbox/{mailbox}/{name}">{escape(text)}</a>'


def _header(mail: Delivered, name: str) -> str:
    with mail.path.open("rb") as file:
        head = file.read(65536).partition(b"\r\n\r\n")[0]
    message = email.message_from_bytes(head, policy=email.policy.default)
    return str(message.get(name, ""))


def _respond(content: ConsoleContent, target: str) -> _Page:
    parts = [unquote(part) for part in urlsplit(target).path.split("/") if part]
    if not parts:
        return _Page(HTTPStatus.OK, "text/html; charset=utf-8", render_overview(content).encode())
    for mail in content.outbox.delivered():
        # Compared with what is there, so that no path is ever made from a request.
        if parts == ["outbox", mail.mailbox, mail.path.name]:
            return _Page(HTTPStatus.OK, "text/plain; charset=utf-8", mail.path.read_bytes())
    return _Page(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"There is no such page.\n")


class ConsoleServer:
    """Serves the console on `listening`, bound by the caller, until `close`."""

    def __init__(self, *, listening: socket.socket, content: ConsoleContent) -> None:
        address = listening.getsockname()
        handler = type("RequestHandler", (_RequestHandler,), {"content": content})
        self._server = ThreadingHTTPServer(address, handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listening
        self._server.daemon_threads = True
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="console",
            daemon=True,
        )
        self._thread.start()

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _RequestHandler(BaseHTTPRequestHandler):
    content: ConsoleContent

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        page = _respond(self.content, self.path)
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header(
            "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"
        )
        self.end_headers()
        if with_body:
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing: the terminal shows what happens to mails."""
