"""Texts whose content is not in the transfer encoding that their header names.

Programs write `Content-Transfer-Encoding: base64` or `quoted-printable` and then the text as it
is. What it is decoded to is not what anybody wrote, so the bytes decide:

* **Base64** consists of long words of mixed letters, prose of short words of one case. A text is
  prose if at least half of its letters are in such words (`_WORD`), or are beyond ASCII, and its
  beginning decoded as base64 is no text in UTF-8. What is regular in one piece, or padded, or in
  pieces of one length, is base64; so is what is before words in clear, if it is base64 of a
  text (`relay_core.mime.base64_footer`).
* **Quoted-printable** has escapes that its writers need: of `=`, of bytes beyond ASCII, of blanks
  at the end of a line, of every second byte in UTF-16, and line breaks behind `=`. A text is none
  if it has an equals sign that is no escape, an escape of a letter, a digit or a control character
  other than those of ISO-2022, or bytes of 8 bits, and none of those. In prose `=80` to `=99` is a
  number.

docs/decisions/0041 says how often that is wrong. No more than the beginning of a text is
looked at, `_SAMPLE` bytes.
"""

from __future__ import annotations

import binascii
import codecs
import re

from relay_core.abnf import BASE64
from relay_core.errors import Span

from .base64_content import text_after_base64
from .transfer_encoding import TransferEncoding

_SAMPLE = 1 << 14

_TOKEN = re.compile(rb"[A-Za-z0-9\x80-\xff]++")
_BASE64 = re.compile(rf"[{BASE64}]++".encode())
_WORD = re.compile(
    rb"[A-Z]?[a-z]{1,20}|[A-Z]{1,20}|[0-9]{1,12}|[^\x80-\xff]{0,20}[\x80-\xff].*", re.DOTALL
)
_QUANTA = re.compile(rf"(?:[{BASE64}]{{4}})*(?:[{BASE64}]{{2}}==|[{BASE64}]{{3}}=)?".encode())
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def real_encoding(raw: bytes, body: Span, declared: TransferEncoding) -> TransferEncoding:
    """The transfer encoding of a text: the declared one, or 8bit if its bytes are not in that."""
    sample = raw[body.start : min(body.end, body.start + _SAMPLE)]
    if declared is TransferEncoding.BASE64:
        is_plain = _is_prose(sample) and not _is_before_words(raw, body)
    else:
        is_plain = declared is TransferEncoding.QUOTED_PRINTABLE and _is_unescaped(sample)
    return TransferEncoding.EIGHT_BIT if is_plain else declared


def _is_prose(sample: bytes) -> bool:
    tokens = _TOKEN.findall(sample)
    letters = sum(map(len, tokens))
    pieces = sample.split()
    joined = b"".join(pieces)
    if _QUANTA.fullmatch(joined) and (
        len(pieces) == 1
        or joined.endswith(b"=")
        or (_is_in_columns(pieces) and len(pieces[0]) >= _LONG_LINE)
    ):
        return False
    words = sum(map(len, filter(_WORD.fullmatch, tokens)))
    return (
        letters > 0
        and 2 * words >= letters
        and not (_is_in_columns(pieces) and len(pieces) > 3)
        and not _decodes_to_text(sample)
    )


def _is_before_words(raw: bytes, body: Span) -> bool:
    """Whether the words are only a footer, after base64 of a text."""
    words = text_after_base64(raw, body)
    if words.start == words.end:
        return False
    lines = raw[body.start : min(words.start, body.start + _SAMPLE)].strip()
    return (
        len(lines) >= _SHORTEST_TEXT and _BLANK.search(lines) is None and _decodes_to_text(lines)
    )


_BLANK = re.compile(rb"[^\s][ \t]++[^\s]")
_SHORTEST_TEXT = 12
"""A shorter word decodes to a text by chance."""


def _is_in_columns(pieces: list[bytes]) -> bool:
    """Whether all pieces but the last are of one length, as lines of base64 are."""
    return len(set(map(len, pieces[:-1]))) == 1


_LONG_LINE = 60
"""Encoders write lines of 60, 64, 72 or 76 characters (RFC 2045 section 6.8: at most 76)."""


def _decodes_to_text(sample: bytes) -> bool:
    """Whether base64 in the sample, as far as it goes, is UTF-8, or UTF-16 with its mark."""
    encoded = b"".join(_BASE64.findall(sample))
    content = binascii.a2b_base64(encoded[: len(encoded) // 4 * 4])
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = codecs.getincrementaldecoder("utf-16" if is_wide else "utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return text != "" and not _CONTROL.search(text)


_NEEDED = re.compile(
    rb"=(?:3[Dd]|[A-Fa-f][0-9A-Fa-f]|[ \t]*[\r\n]|(?:20|09)[ \t]*(?:[\r\n]|\Z))"
    rb"|[\r\n]=(?:2E|46)|=00[^=\r\n]=00"
)
_SENSELESS = re.compile(
    rb"[\x80-\xff]|=(?![0-9A-Fa-f]{2}|[ \t]*(?:[\r\n]|\Z))"
    rb"|=(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|0[0-8BbEeFf]|1[0-9AC-Fac-f]|1[Bb](?![$(]))"
)


def _is_unescaped(sample: bytes) -> bool:
    return _SENSELESS.search(sample) is not None and _NEEDED.search(sample) is None
