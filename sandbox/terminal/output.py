"""Standard output that never blocks the sandbox.

The threads that serve SMTP and SES tell of what they do. If whoever started the sandbox does
not read the pipe it gave us, a plain write blocks for ever once the pipe is full (64 KiB on
Linux), and the serving with it. So a write waits a moment at most, then the text is left out,
and counted. A pipe that `select` calls writable takes `PIPE_BUF` bytes at once (POSIX, pipe(7)).

What the encoding of the terminal does not have is shown as a question mark.
"""

from __future__ import annotations

import io
import os
import select
from threading import Lock
from typing import TextIO

_PIPE_BUF = 4096
_PATIENCE = 0.2  # seconds


class PatientOutput(io.TextIOBase):
    """A text stream over a file descriptor, for many threads, that drops what nobody reads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._descriptor = stream.fileno()
        self._lock = Lock()
        self._left_out = 0

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has it as an attribute
        """What the text is written in."""
        return self._stream.encoding or "utf-8"

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._stream.isatty()

    def writable(self) -> bool:
        """Whether one may write."""
        return True

    def write(self, text: str) -> int:
        """Write the text, or leave it out if nobody reads.

        Raises:
            BrokenPipeError: if the reader is gone.
        """
        with self._lock:
            if self._left_out and self._is_ready(0):
                notice, self._left_out = f"… {self._left_out} times nobody read\n", 0
                self._send(notice)
            if not self._send(text):
                self._left_out += 1
        return len(text)

    def _send(self, text: str) -> bool:
        content = text.encode(self.encoding, "replace")
        while content:
            # Once it had to wait in vain, nobody is waited for until somebody reads.
            if not self._is_ready(0 if self._left_out else _PATIENCE):
                return False
            content = content[os.write(self._descriptor, content[:_PIPE_BUF]) :]
        return True

    def _is_ready(self, patience: float) -> bool:
        poll = select.poll()  # unlike select.select, it takes descriptors of any number
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(patience * 1000))
