"""Many files as one ZIP archive, streamed into the store (PKWARE APPNOTE.TXT, version 6.3).

Nothing is kept but the names: each file is compressed as its content comes in. The same files make
the same bytes, so that a second try stores what the first one did.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator


class _Sink:
    """What a ZIP file is written to: it keeps what was written until somebody takes it."""

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self.size = 0

    def write(self, data: bytes, /) -> int:
        self._written.append(bytes(data))
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken = b"".join(self._written)
        self._written.clear()
        self.size = 0
        return taken


_CHUNK = 1 << 18


def archive_of(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """The archive of files, each a name and its content in chunks, as chunks."""
    # Few mails need it, and its import takes longer than an ordinary mail.
    from zipfile import ZIP_DEFLATED, ZipFile  # noqa: PLC0415

    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED, compresslevel=zlib.Z_BEST_SPEED) as archive:
        for name, content in files:
            # A name alone is stored with the first moment that the format knows.
            with archive.open(name, "w") as file:
                for chunk in content:
                    file.write(chunk)
                    if sink.size >= _CHUNK:
                        yield sink.take()
            if sink.size >= _CHUNK:
                yield sink.take()
    yield sink.take()
