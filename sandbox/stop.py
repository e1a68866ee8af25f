"""A stop request, made by a signal and checked between steps.

An exception in a signal handler could interrupt any line, for example between the start of a child
process and the line that stores it. So a signal only records the request. The sandbox checks it
between steps, and waits for it when everything runs.
"""

from __future__ import annotations

import signal
from queue import SimpleQueue
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Whether a stop of the sandbox was requested."""

    def __init__(self) -> None:
        # SimpleQueue.put may be called from a signal handler at any time; Event.set may not.
        self._notes: SimpleQueue[None] = SimpleQueue()

    @classmethod
    def on_signals(cls) -> Self:
        """A request that SIGINT, SIGTERM and SIGHUP make from now on."""
        request = cls()
        for number in _SIGNALS:
            # `nohup` ignores SIGHUP; keep that.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: request.make())
        return request

    def make(self) -> None:
        """Request a stop."""
        self._notes.put(None)

    def is_made(self) -> bool:
        """Whether a stop was requested."""
        return not self._notes.empty()

    def wait(self) -> None:
        """Wait until a stop is requested."""
        self._notes.get()
