"""Size and digest of content, computed while it is streamed: an attachment is read once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Measured:
    """Chunks that are counted and digested while they are iterated over.

    `size`, in bytes, and `sha256`, in hex, are of what has passed so far.
    """

    chunks: Iterable[bytes]
    size: int = 0
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.size += len(chunk)
            self._digest.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """SHA-256 of what has passed, in hex."""
        return self._digest.hexdigest()
