"""The web server, on a thread and an event loop of its own.

On a request to stop, uvicorn waits for open connections. A browser that keeps one open, or does
not read the answer, could delay the stop without end. So it waits a moment only, and then closes
every connection. It does not wait for blocked threads either.
"""

from __future__ import annotations

import asyncio
import socket
from threading import Event, Thread

import uvicorn

from .content import ConsoleContent
from .forwarding import AnswersPages
from .routes import make_app

_GRACE = 1  # seconds


class ConsoleServer:
    """Serves on `listening`, bound by the caller, from when it is made until `close`.

    `pages` answers for download pages; None where none is deployed.
    """

    def __init__(
        self, *, listening: socket.socket, content: ConsoleContent, pages: AnswersPages | None
    ) -> None:
        app = make_app(content, pages, is_closing=lambda: self._server.should_exit)
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
                # An answer of the function is to leave as it came.
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
        """Serve no more. Idempotent."""
        self._server.should_exit = True
        self._thread.join()

    async def _serve(self, listening: socket.socket) -> None:
        # From here on the loop runs; connections wait in the socket's queue until it accepts.
        self._started.set()
        await self._server.serve(sockets=[listening])
        for connection in tuple(self._server.server_state.connections):
            connection.transport.abort()
