"""Values with parameters, written: quoted, in the form of RFC 2231, or as encoded-words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from relay_core.abnf import ATTRIBUTE_CHAR

from .encoded_words import encode_words

# A value may stand unquoted that is an attribute-char throughout (RFC 2231 section 7). A token may
# also hold `'`, `*` and `%`; there some parsers take it for a charset, a section or an escape.
_BARE = re.compile(rf"[{ATTRIBUTE_CHAR}]+\Z")
_NOT_ENCODED = "".join(one for one in map(chr, range(128)) if _BARE.match(one))


def format_parameterised(word: str, parameters: Mapping[str, str]) -> str:
    """The value as it is written in a field: ASCII, folded before a parameter where needed.

    Values beyond ASCII, and those too long for a line, take the form of RFC 2231. But the `name`
    of a Content-Type becomes encoded-words in quotes: RFC 2047 (section 5) forbids that, and every
    program reads it, while Outlook shows a file named by RFC 2231 alone as "untitled".
    """
    pieces = [word, *_formatted_parameters(parameters)]
    one_line = "; ".join(pieces)
    return one_line if len(one_line) <= 50 else ";\r\n ".join(pieces)


def _formatted_parameters(parameters: Mapping[str, str]) -> Iterator[str]:
    for name, value in parameters.items():
        if not _BARE.match(name):
            continue
        printable = value.isascii() and value.isprintable()
        if printable and len(value) <= 70:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            yield f"{name}={value}" if _BARE.match(value) else f'{name}="{escaped}"'
            continue
        if name == "name":
            yield f'{name}="{encode_words(value)}"'
            continue
        encoded = quote(value, safe=_NOT_ENCODED, errors="replace")
        # Where it fits into a line it is one section, which more programs read than several.
        pieces = [encoded] if len(encoded) <= 60 else _PERCENT_PIECES.findall(encoded)
        if len(pieces) == 1:
            yield f"{name}*=utf-8''{encoded}"
        else:
            yield from (
                f"{name}*{number}*={piece}"
                for number, piece in enumerate(["utf-8''" + pieces[0], *pieces[1:]])
            )


_PERCENT_PIECES = re.compile(r"(?:%[0-9A-F]{2}|[^%]){1,20}")
