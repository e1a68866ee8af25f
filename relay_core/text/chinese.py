"""GBK as Windows and the WHATWG Encoding Standard have it (section 10.2.1).

A byte 80 that is no second half of a letter is the euro sign; Python's GB18030 does not know it.
"""

from __future__ import annotations

import codecs
import re

_TOKENS = re.compile(rb"[\x00-\x7f]+|(?:[\x81-\xff][\x00-\xff])+|\x80+")
_EURO = "€".encode("gb18030")
_SLICE = 1 << 16
"""How many bytes are put together at a time, which bounds the memory for pieces."""


class GbkDecoder(codecs.IncrementalDecoder):
    """GB18030, and the euro sign in one byte."""

    def __init__(self, errors: str = "strict") -> None:
        super().__init__(errors)
        self._reader = codecs.getincrementaldecoder("gb18030")(errors)
        self._half = b""  # the first byte of a letter

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]  # noqa: FBT001, FBT002
        """The characters of the next bytes; those that may go on are kept for the next call."""
        read: list[str] = []
        for start in range(0, len(content), _SLICE):
            piece = self._half + content[start : start + _SLICE]
            tokens = _TOKENS.findall(piece)
            self._half = piece[sum(map(len, tokens)) :]
            written = (one.replace(b"\x80", _EURO) if one[0] == 0x80 else one for one in tokens)
            read.append(self._reader.decode(b"".join(written)))
        if final:
            read.append(self._reader.decode(self._half, final=True))
            self._half = b""
        return "".join(read)
