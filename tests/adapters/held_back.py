"""A way to a server on the loopback interface that takes connections, and passes nothing on yet.

It replaces a service of AWS that hangs, and then works again.
"""

from __future__ import annotations

import queue
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class HeldBack:
    """Nothing passes in either direction before `release`."""

    url: str
    accepted: queue.Queue[socket.socket] = field(default_factory=queue.Queue)
    released: threading.Event = field(default_factory=threading.Event)

    def waits(self) -> bool:
        """Whether the first client that connected has not given up."""
        connection = self.accepted.get(timeout=60)
        poll = select.poll()
        poll.register(connection, select.POLLRDHUP)
        return not poll.poll(0)

    def release(self) -> None:
        """Pass everything on from now on."""
        self.released.set()


@contextmanager
def held_back(endpoint: str) -> Iterator[HeldBack]:
    """A way to the server at that URL, inside the block."""
    target = urlsplit(endpoint)

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            state.accepted.put(self.request)
            state.released.wait()
            with socket.create_connection((target.hostname, target.port)) as behind:
                back = threading.Thread(target=pump, args=(behind, self.request))
                back.start()
                pump(self.request, behind)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True  # a client may keep its connection

    with Server(("127.0.0.1", 0), Forward) as server:
        state = HeldBack(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            state.release()
            server.shutdown()
            thread.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes from one connection until it ends."""
    with suppress(OSError):
        while content := source.recv(1 << 16):
            target.sendall(content)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
