"""Charsets: how bytes in them are decoded, and text is encoded.

A charset goes by the name of Python's codec, with these exceptions. The Windows code pages of one
byte leave no byte from 80 to 9F undefined: a control character stands for it. `cp51932` and
`cp50220`, which Python does not have, are those of `relay_core.text.japanese`; `cp936` is GB18030
with the euro sign of Windows (`relay_core.text.chinese`). `UNREAD` is the `x-user-defined` of the
WHATWG Encoding Standard: ASCII, and a character for private use for each other byte.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from .charset_labels import known_charset
from .chinese import GbkDecoder
from .japanese import EucJpDecoder, Iso2022JpDecoder

UNREAD = "x-user-defined"
"""The charset of a text that nobody understands, which keeps its bytes (section 14.5)."""


_OURS: Mapping[str, Callable[[str], codecs.IncrementalDecoder]] = {
    "cp50220": Iso2022JpDecoder,
    "cp51932": EucJpDecoder,
    "cp936": GbkDecoder,
}
_HAS_TABLE = re.compile(r"(?:cp(?:125\d|874)|x-user-defined)\Z")


class _OneByteDecoder(codecs.IncrementalDecoder):
    """A charset with one byte for each character, by its table."""

    def __init__(self, table: str, errors: str) -> None:
        super().__init__(errors)
        self._table = table

    def decode(self, content: bytes, final: bool = False) -> str:  # type: ignore[override]  # noqa: ARG002, FBT001, FBT002
        return codecs.charmap_decode(content, self.errors, self._table)[0]


@lru_cache(maxsize=16)
def _table_of(codec: str) -> str:
    """The characters of a charset of one byte each, by byte; U+FFFE where there is none."""
    if codec == UNREAD:
        return "".join(map(chr, (*range(0x80), *range(0xF780, 0xF800))))
    return "".join(
        chr(byte) if one == "\ufffd" and 0x80 <= byte < 0xA0 else one.replace("\ufffd", "\ufffe")
        for byte, one in enumerate(bytes(range(256)).decode(codec, "replace"))
    )


_BYTE_ORDER_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


def decoder(codec: str, begins: bytes, errors: str) -> codecs.IncrementalDecoder:
    """What decodes a text that begins so, in chunks.

    Without a byte order mark UTF-16 is little-endian, as `bytes.decode` has it on the processors
    of Lambda; the incremental decoder of Python refuses it.
    """
    marks = _BYTE_ORDER_MARKS.get(codec)
    if marks and not begins.startswith(marks):
        codec = f"{codec}-le"
    return _decoders_of(codec)(errors)


@lru_cache(maxsize=64)  # to look a codec up takes longer than to decode a few words
def _decoders_of(codec: str) -> Callable[[str], codecs.IncrementalDecoder]:
    if codec in _OURS:
        return _OURS[codec]
    if _HAS_TABLE.match(codec):
        return partial(_OneByteDecoder, _table_of(codec))
    return codecs.getincrementaldecoder(codec)


def decode_bytes(content: bytes, codec: str) -> str:
    """Text from bytes in a charset; U+FFFD stands for what is none in it. It never raises."""
    if codec in _OURS or _HAS_TABLE.match(codec):
        return decoder(codec, content, "replace").decode(content, final=True)
    text = content.decode(codec, "replace")
    return without_surrogates(text) if codec == "utf-7" else text


def without_surrogates(text: str) -> str:
    """Text with U+FFFD for halves of characters outside the BMP, which UTF-7 can spell."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(maxsize=64)
def is_one_byte(codec: str) -> bool:
    """Whether a charset has one byte for each character."""
    if codec in _SEVERAL_BYTES or codec.startswith(_SEVERAL_BYTES_FAMILIES):
        return False
    every = decode_bytes(bytes(range(256)), codec)
    each = "".join(decode_bytes(bytes([byte]), codec) for byte in range(256))
    return len(every) == 256 and every == each


_SEVERAL_BYTES = frozenset({"utf-7", "utf-8", "hz", "johab"})
_SEVERAL_BYTES_FAMILIES = ("utf-16", "utf-32", "iso2022", "cp5022")


@lru_cache(maxsize=64)
def extends_ascii(codec: str) -> bool:
    """Whether each byte below 128 is that character of ASCII wherever it is in a text.

    True of UTF-8 and of the charsets with one byte for each character.
    """
    ascii_bytes = bytes(range(128))
    return codec == "utf-8" or (
        is_one_byte(codec) and decode_bytes(ascii_bytes, codec) == ascii_bytes.decode("ascii")
    )


_KEEPABLE = frozenset({"ascii", "utf-8", "cp1252"})


def encode_text(text: str, charset: str) -> tuple[str, bytes]:
    """Text in its old charset if that holds it and mail can carry it as lines, else in UTF-8.

    Returns the charset's MIME name and the bytes.
    """
    if charset in _KEEPABLE or charset.startswith(("iso8859", "cp125", "koi8")):
        try:
            return _mime_name(charset), text.encode(charset)
        except UnicodeEncodeError:
            pass
    return "utf-8", text.encode("utf-8", "replace")


def _mime_name(codec: str) -> str:
    if codec == "ascii":
        return "us-ascii"
    if codec.startswith("iso8859"):
        return "iso-8859" + codec.removeprefix("iso8859")
    if codec.startswith("cp125"):
        return "windows-" + codec.removeprefix("cp")
    return codec


def encode_unread(text: str, label: str | None, *, is_html: bool) -> bytes:
    """Text that was decoded as `UNREAD`, in the bytes that it came in.

    What was put into it since is written as the label has it, as far as anybody knows; what that
    does not hold becomes a reference, or a question mark.
    """
    named = known_charset(label) if label else None
    charset = named if named and (extends_ascii(named) or named in _PLAIN_PAIRS) else "ascii"
    errors = "xmlcharrefreplace" if is_html else "replace"
    written = [
        piece.encode("utf-16-le")[::2]  # the low byte of each
        if _UNREAD_LETTERS.match(piece)
        else piece.encode(charset, errors)
        for piece in _UNREAD_LETTERS.split(text)
    ]
    return b"".join(written)


_UNREAD_LETTERS = re.compile("([\uf780-\uf7ff]+)")
_PLAIN_PAIRS = frozenset({"gb18030", "cp949", "cp950", "big5hkscs", "cp932", "euc_jp"})
