"""A request to stop, made by a signal and checked between steps.

A handler that raises may strike anywhere, also between the start of a child process and the
line that remembers it. So a signal only leaves a note; the sandbox reads it between steps,
and waits for it once everything runs.
"""

from __future__ import annotations

import signal
from queue import SimpleQueue
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequest:
    """Somebody's wish that the sandbox end, if they had it yet."""

    def __init__(self) -> None:
        # SimpleQueue.put may be called from a signal handler at any time; Event.set may not.
        self._notes: SimpleQueue[None] = SimpleQueue()

    @classmethod
    def on_signals(cls) -> Self:
        """A request that SIGINT, SIGTERM and SIGHUP make from now on."""
        request = cls()
        for number in _SIGNALS:
            # `nohup` has the hang-up ignored, and that is to stay so.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: request.make())
        return request

    def make(self) -> None:
        """Ask to stop."""
        self._notes.put(None)

    def is_made(self) -> bool:
        """Whether somebody asked."""
        return not self._notes.empty()

    def wait(self) -> None:
        """Return as soon as somebody asked."""
        self._notes.get()
