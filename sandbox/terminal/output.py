"""Standard output that does not block the sandbox.

The threads that serve SMTP and SES print events. If standard output is a pipe without a reader, a
plain write blocks as soon as the pipe is full (64 KiB on Linux), and so the server. So a write
waits for 0.2 seconds at most; then the text is dropped and counted. A pipe that is ready for
writing accepts `PIPE_BUF` bytes at once (POSIX, pipe(7)).

Characters that the terminal's encoding lacks are written as question marks.
"""

from __future__ import annotations

import io
import os
import select
from threading import Lock
from typing import TextIO

_PIPE_BUF = 4096
_PATIENCE = 0.2  # seconds


class BestEffortOutput(io.TextIOBase):
    """A text stream on a file descriptor, for many threads, that drops text without a reader."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        self._lock = Lock()
        self._left_out = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has it as an attribute
        """The encoding of the output."""
        return self._stream.encoding or "utf-8"

    def fileno(self) -> int:
        """The descriptor of the output."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """True: the stream is for writing."""
        return True

    def write(self, text: str) -> int:
        """Write the text, or drop it if the output is not ready.

        Raises:
            BrokenPipeError: if the reader is gone.
        """
        with self._lock:
            if self._left_out and self._is_ready(0):
                notice, self._left_out = f"… {self._left_out} lines dropped: output not read\n", 0
                self._send(notice)
            if not self._send(text):
                self._left_out += 1
        return len(text)

    def _send(self, text: str) -> bool:
        content = text.encode(self.encoding, "replace")
        while content:
            # After a write that timed out, further texts are dropped at once until the output is
            # ready.
            if not self._is_ready(0 if self._left_out else _PATIENCE):
                return False
            content = content[os.write(self._descriptor, content[:_PIPE_BUF]) :]
        return True

    def _is_ready(self, patience: float) -> bool:
        poll = select.poll()  # unlike select.select, it takes descriptors of any number
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(patience * 1000))
