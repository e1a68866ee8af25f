"""Plain text behind base64, as gateways and lists append it to a part without decoding it.

Without a final padding nothing tells where the base64 ends but the words themselves. They begin
with the first line that is more than base64, if no line of nothing but base64 follows it that is
long enough to be one (`_LINE`), and if most of their letters are in words of small letters, or
some are beyond ASCII. An empty line before them belongs to them. Only the last `_LOOKED_AT` bytes
are looked at.
"""

from __future__ import annotations

import re

from relay_core.abnf import BASE64
from relay_core.errors import Span

_LOOKED_AT = 1 << 13

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_BLANKS = b" \t\r\n"
_LINE = re.compile(rb"[\r\n][ \t]*+[%b]{24,}+={0,2}[ \t]*+(?=[\r\n]|\Z)" % BASE64.encode())
_OTHER_LINE = re.compile(rb"[\r\n][ \t]*+[%b=]*+[ \t]*+[^\r\n \t]" % BASE64.encode())
_EMPTY_LINE = re.compile(rb"(?>\r\n?|\n)[ \t]*+(?=[\r\n])")
_TOKEN = re.compile(rb"[%b=]++" % BASE64.encode())
_WORD = re.compile(rb"[A-Za-z][a-z]{1,20}")


def before_footer(raw: bytes, span: Span) -> Span:
    """The span, without words in clear after its base64. Offsets are into `raw`."""
    start = max(span.start, span.end - _LOOKED_AT)
    tail = raw[start : span.end]
    if not tail.translate(None, _BASE64 + _BLANKS) and b" " not in tail.strip():
        return span
    last = 0
    for line in _LINE.finditer(tail):
        last = line.end()
    begins = _OTHER_LINE.search(tail, last)
    if begins is None or not are_words(tail[begins.start() :]):
        return span
    empty = _EMPTY_LINE.search(tail, last, begins.start() + 1)
    return Span(span.start, start + (empty or begins).start())


def are_words(footer: bytes) -> bool:
    """Whether base64 is followed by words for people; looks at a bounded part of what follows."""
    footer = footer[:_LOOKED_AT]
    tokens = _TOKEN.findall(footer)
    words = list(filter(_WORD.fullmatch, tokens))
    if len(words) >= _FEWEST and 2 * sum(map(len, words)) >= sum(map(len, tokens)):
        return True
    try:
        text = footer.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(text) - len(text.encode("ascii", "ignore")) >= _FEWEST


_FEWEST = 2
