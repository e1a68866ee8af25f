"""The web server, on a thread and an event loop of its own.

On a stop request, uvicorn waits for open connections. A browser that keeps one open, or does not
read the answer, could delay the stop indefinitely. So it waits for a second and then closes every
connection. It does not wait for blocked threads.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from threading import Event, Thread

import uvicorn

from .content import ConsoleContent
from .forwarding import AnswersPages
from .routes import make_app

_GRACE = 1  # seconds


class ConsoleServer:
    """Serves on `listening`, bound by the caller, from its creation until `close`.

    `pages` answers requests for download pages; None where no download function is deployed.
    `domains` answer requests for API Gateway's domains, by host name.
    """

    def __init__(
        self,
        *,
        listening: socket.socket,
        content: ConsoleContent,
        pages: AnswersPages | None,
        domains: Mapping[str, AnswersPages] | None = None,
    ) -> None:
        app = make_app(
            content, pages, domains=domains, is_closing=lambda: self._server.should_exit
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                loop="asyncio",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                # The function's answer must stay unchanged.
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._started = Event()
        self._thread = Thread(
            target=lambda: asyncio.run(self._serve(listening)), name="console", daemon=True
        )
        self._thread.start()
        self._started.wait()

    def close(self) -> None:
        """Stop serving. Idempotent."""
        self._server.should_exit = True
        self._thread.join()

    async def _serve(self, listening: socket.socket) -> None:
        # Now the loop runs; connections wait in the socket's queue until it accepts them.
        self._started.set()
        await self._server.serve(sockets=[listening])
        for connection in tuple(self._server.server_state.connections):
            connection.transport.abort()
