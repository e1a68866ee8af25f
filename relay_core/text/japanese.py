"""ISO-2022-JP and EUC-JP with the characters of vendors: circled numbers, units, names' kanji.

Programs write rows 13 and 89 to 92 of JIS X 0208, which the standard leaves free, as NEC and IBM
filled them (WHATWG Encoding, sections 12.1 and 12.2; Microsoft calls these CP51932 and CP50220).
Python's codecs for the two charsets refuse these rows, its `cp932` knows them: so the pairs
of these rows are moved into those of Shift_JIS, which is arithmetic, and read there.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import lru_cache
from io import StringIO

from .possessive import possessive

_ROWS = range(0x21, 0x7F)


def _table(image: Callable[[int], int]) -> bytes:
    return bytes(image(byte) if byte in _ROWS else 0 for byte in range(256))


_LEAD = _table(lambda row: (row + 1) // 2 + (0x70 if row < 0x5F else 0xB0))
_TRAIL_OF_ODD = _table(lambda cell: cell + (0x20 if cell >= 0x60 else 0x1F))
_TRAIL_OF_EVEN = _table(lambda cell: cell + 0x7E)
_ODD = _table(lambda row: 0xFF if row % 2 else 0)
_EVEN = _table(lambda row: 0 if row % 2 else 0xFF)
_SEVEN_BITS = bytes(byte & 0x7F for byte in range(256))


def _moved(pairs: bytes) -> bytes:
    """Pairs of JIS X 0208 in 7 bits as Shift_JIS."""
    rows, cells = pairs[0::2], pairs[1::2]
    # Which of two tables a cell goes by depends on its row: chosen for all pairs at once.
    trails = (_number(cells.translate(_TRAIL_OF_ODD)) & _number(rows.translate(_ODD))) | (
        _number(cells.translate(_TRAIL_OF_EVEN)) & _number(rows.translate(_EVEN))
    )
    moved = bytearray(len(pairs))
    moved[0::2] = rows.translate(_LEAD)
    moved[1::2] = trails.to_bytes(len(cells), "big")
    return bytes(moved)


def _number(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _decode_euc(content: bytes, errors: str, *, final: bool) -> tuple[str, int]:
    """Text in EUC-JP, and how much was read of it: half a character at the end may go on."""
    written = StringIO(newline="")  # a list of a line's pieces would be many times its size
    for found in _EUC.finditer(content):
        if found.lastgroup == "vendor":
            written.write(_decode_vendor(found[0], errors))
        elif not final and found.lastgroup == "odd" and len(content) - found.start() < 3:
            return written.getvalue(), found.start()
        else:
            written.write(_decode_standard(found[0], errors))
    return written.getvalue(), len(content)


def _decode_standard(run: bytes, errors: str) -> str:
    try:
        return run.decode("euc_jp")
    except UnicodeDecodeError:
        if errors == "strict":
            raise
    # A pair without a character is one, whatever follows.
    each = (one.decode("euc_jp", "ignore") for one in _CHARACTER.findall(run))
    return "".join(one or "\ufffd" for one in each)


_CHARACTER = re.compile(rb"[\x00-\x8d\x90-\xa0]|\x8f..|[\x80-\xff].?", re.DOTALL)


@lru_cache(maxsize=1024)
def _decode_vendor(pairs: bytes, errors: str) -> str:
    return _moved(pairs.translate(_SEVEN_BITS)).decode("cp932", errors)


_EUC = re.compile(
    (
        "(?P<standard>"
        + possessive(
            r"[\x00-\x8d\x90-\xa0]+|[\xa1-\xac\xae-\xf8\xfd\xfe][\xa1-\xfe]|\x8e[\xa1-\xdf]"
            r"|\x8f[\xa1-\xfe][\xa1-\xfe]",
            "{1,4096}",  # Python before 3.11.5 keeps some memory for each repetition
        )
        + r")|(?P<vendor>(?:[\xad\xf9-\xfc][\xa1-\xfe]){1,8})|(?P<odd>[\x8e-\xff])"
    ).encode("ascii")
)


class EucJpDecoder(codecs.BufferedIncrementalDecoder):
    """EUC-JP with the vendors' rows, as an incremental decoder of `codecs`."""

    def _buffer_decode(self, content: bytes, errors: str, final: bool) -> tuple[str, int]:  # type: ignore[override]  # noqa: FBT001
        return _decode_euc(content, errors, final=final)


class Iso2022JpDecoder(codecs.BufferedIncrementalDecoder):
    """ISO-2022-JP with the vendors' rows and half-width katakana, as an incremental decoder.

    At the end of a line the text is ASCII again (RFC 1468), at a CR without LF too.
    """

    def _buffer_decode(self, content: bytes, errors: str, final: bool) -> tuple[str, int]:  # type: ignore[override]  # noqa: FBT001
        # What begins a line or an escape needs no memory of what was before.
        end = max(content.rfind(b"\n") + 1, content.rfind(b"\r") + 1, content.rfind(b"\x1b"))
        if final:
            end = len(content)
        text, _ = _decode_euc(_SEGMENT.sub(_as_euc, content[:end]), errors, final=True)
        return text, end


_SEGMENT = re.compile(rb"(?:\x1b(\([BHIJ]|\$[@B]|\$\(D))?([^\x1b\r\n]*+)|\x1b")
_KATAKANA = re.compile(rb"[\xa1-\xdf]+")
_PAIRS = re.compile(rb"[\xa1-\xfe]{2,}")
_SLICE = 1 << 16
"""How many bytes of a line are put together at a time, which bounds the memory for pieces."""
_NONE = b"\xff"
"""What is no character in EUC-JP."""
_PLAIN = bytes(byte if byte < 0x80 else 0xFF for byte in range(256))
_HIGH = bytes(byte | 0x80 if byte in _ROWS else _PLAIN[byte] for byte in range(256))


def _as_euc(segment: re.Match[bytes]) -> bytes:
    """What follows an escape, up to the next one or the end of the line, in EUC-JP."""
    charset, content = segment[1], segment[2]
    if content is None:
        return _NONE  # an escape that is none of these
    if charset in (None, b"(B", b"(H"):
        return content if content.isascii() else content.translate(_PLAIN)
    if charset == b"(J":
        # The yen and the overline; EUC-JP has only wide ones.
        roman = content.translate(_PLAIN)
        return roman.replace(b"\\", b"\xa1\xef").replace(b"~", b"\xa1\xb1")
    high = content.translate(_HIGH)
    if charset == b"(I":
        slices = (high[at : at + _SLICE] for at in range(0, len(high), _SLICE))
        return b"".join(_KATAKANA.sub(_as_half_width, one) for one in slices)
    if len(high) % 2:
        high += _NONE
    return _PAIRS.sub(_as_supplement, high) if charset == b"$(D" else high


def _as_half_width(run: re.Match[bytes]) -> bytes:
    """Half-width katakana in EUC-JP, each behind its single shift."""
    shifted = bytearray(b"\x8e" * (2 * len(run[0])))
    shifted[1::2] = run[0]
    return bytes(shifted)


def _as_supplement(run: re.Match[bytes]) -> bytes:
    """Pairs of JIS X 0212 in EUC-JP, each behind its single shift; half a pair stays as it is."""
    number = len(run[0]) // 2
    shifted = bytearray(b"\x8f" * (3 * number))
    shifted[1::3] = run[0][: 2 * number : 2]
    shifted[2::3] = run[0][1 : 2 * number : 2]
    return bytes(shifted) + run[0][2 * number :]
