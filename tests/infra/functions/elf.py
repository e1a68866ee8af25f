"""Which shared libraries a shared object is linked with (System V ABI, "Dynamic Section")."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_NEEDED, _DT_STRTAB = 0, 1, 5


def needed_by(code: bytes) -> frozenset[str]:
    """The names in its DT_NEEDED entries; `code` is ELF of 64 bits, little-endian."""
    assert code[:6] == b"\x7fELF\x02\x01"
    segments = [*_segments(code)]
    (dynamic,) = (offset for kind, offset, *_ in segments if kind == _PT_DYNAMIC)
    entries = [*_entries(code, dynamic)]
    (table,) = (value for tag, value in entries if tag == _DT_STRTAB)
    (names,) = (
        offset + table - address
        for kind, offset, address, size in segments
        if kind == _PT_LOAD and address <= table < address + size
    )
    starts = [names + value for tag, value in entries if tag == _DT_NEEDED]
    return frozenset(code[start : code.index(0, start)].decode() for start in starts)


def _segments(code: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Kind, offset in the file, address and size of each segment."""
    (start,) = struct.unpack_from("<Q", code, 32)
    size, number = struct.unpack_from("<HH", code, 54)
    for index in range(number):
        kind, _, offset, address, _, file_size = struct.unpack_from(
            "<IIQQQQ", code, start + index * size
        )
        yield kind, offset, address, file_size


def _entries(code: bytes, start: int) -> Iterator[tuple[int, int]]:
    for tag, value in struct.iter_unpack(
        "<QQ", code[start : start + (len(code) - start) // 16 * 16]
    ):
        if tag == _DT_NULL:
            return
        yield tag, value
