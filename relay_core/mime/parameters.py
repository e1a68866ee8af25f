"""Values with parameters, read: Content-Type and Content-Disposition.

Rests on RFC 2045 section 5 (`type/subtype; attribute=value`), RFC 2183 (dispositions) and
RFC 2231 (continuations and charsets of parameters). Read leniently: unquoted values may hold
blanks, file names may be encoded-words inside quotes (which RFC 2047 forbids and most mailers
write), the first of two equal parameters counts.

Values are scanned as Latin-1, in which characters and bytes are one to one: a boundary is
bytes, whatever charset its letters were meant in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from relay_core.abnf import QTEXT, TOKEN
from relay_core.text.charset_labels import known_charset

from .encoded_words import decode_encoded_words
from .header_text import decode_header_bytes, decode_labelled
from .parameter_splitting import split_parameters


class Parameterised(NamedTuple):
    """A value such as `attachment; filename=x`: the word in lower case, and its parameters.

    `parameters` are decoded text by lower-case name. `boundary` is that parameter in the bytes
    that it stood in, unquoted.
    """

    word: str
    parameters: Mapping[str, str]
    boundary: bytes | None


_BARE_WORD = rf"[/:@={TOKEN}]++"
_QUOTED_WORD = rf"[ {QTEXT}]*+"
# Only character classes are possessive: CPython before 3.11.5 matches possessive groups wrongly.
_SIMPLE = re.compile(
    r"([0-9A-Za-z.+-]++(?:/[0-9A-Za-z.+-]++)?)"
    rf'((?:;[ \t]*+[A-Za-z-]++=(?:{_BARE_WORD}|"{_QUOTED_WORD}"))*);?[ \t]*+\Z'
)
_SIMPLE_PARAMETERS = re.compile(rf'([A-Za-z-]++)=(?:({_BARE_WORD})|"({_QUOTED_WORD})")')


def parse_parameterised(value: bytes, charsets: tuple[str, ...] = ()) -> Parameterised:
    """The word and the parameters of a value (RFC 2045 section 5.1, RFC 2231). Never fails.

    `charsets` are labels that may be meant where raw bytes are not ASCII.
    """
    text = value.decode("latin-1")
    simple = None if "=?" in text else _SIMPLE.match(text)
    if simple is None:
        return parse_any_parameterised(value, charsets)
    parameters: dict[str, str] = {}
    for name, token, quoted in _SIMPLE_PARAMETERS.findall(simple[2]):
        parameters.setdefault(name.lower(), token or quoted.strip(" \t"))
    boundary = parameters.get("boundary")
    return Parameterised(
        word=simple[1].lower(),
        parameters=parameters,
        boundary=None if boundary is None else boundary.encode("ascii"),
    )


def parse_any_parameterised(value: bytes, charsets: tuple[str, ...] = ()) -> Parameterised:
    """The same, for any value at all.

    Most values have nothing to unescape, to join, to decode or to guess, and are read at once;
    this is for the others.
    """
    pieces = split_parameters(value.decode("latin-1"))
    raw_parameters: dict[str, bytes] = {}
    for name, content in pieces[1:]:
        raw_parameters.setdefault(name, content.encode("latin-1"))
    parameters = _decoded(raw_parameters, charsets)
    return Parameterised(
        word=pieces[0][1].strip().strip('"').lower(),
        parameters=parameters,
        boundary=_boundary(raw_parameters, parameters),
    )


def _boundary(raw_parameters: Mapping[str, bytes], parameters: Mapping[str, str]) -> bytes | None:
    """The boundary as it stands; in the form of RFC 2231 where that is the only one."""
    if (plain := raw_parameters.get("boundary")) is not None:
        return plain
    decoded = parameters.get("boundary")
    return None if decoded is None else decoded.encode("utf-8", "replace")


def _decoded(raw_parameters: Mapping[str, bytes], charsets: tuple[str, ...]) -> dict[str, str]:
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[bytes, bool]]] = {}
    order: dict[str, None] = {}
    for name, content in raw_parameters.items():
        base = name
        if match := _CONTINUATION.match(name):
            base, number, star = match.groups()
            continued.setdefault(base, {}).setdefault(int(number), (content, bool(star)))
        elif name.endswith("*"):
            base = name[:-1]
            extended[base] = _decode_extended([(content, True)], charsets)
        else:
            plain[name] = decode_encoded_words(decode_header_bytes(content, charsets))
        order[base] = None
    for base, sections in continued.items():
        in_order = [sections[number] for number in sorted(sections)]
        extended.setdefault(base, _decode_extended(in_order, charsets))
    # The RFC 2231 form is the exact one where both are given (RFC 6266 section 4.3).
    both = plain | extended
    return {name: both[name] for name in order}


_CONTINUATION = re.compile(r"(.+?)\*(\d{1,9})(\*?)\Z")


def _decode_extended(sections: list[tuple[bytes, bool]], charsets: tuple[str, ...]) -> str:
    charset: str | None = None
    values: list[bytes] = []
    for index, (section, is_extended) in enumerate(sections):
        value = section
        if is_extended:
            if index == 0 and value.count(b"'") >= 2:
                name, _, value = value.split(b"'", 2)
                charset = name.decode("latin-1") or None
            elif index == 0 and b"'" in value:
                # `utf-8'x`: the language was left out with its quote.
                name, _, rest = value.partition(b"'")
                if known_charset(name.decode("latin-1")):
                    charset, value = name.decode("latin-1"), rest
            value = unquote_to_bytes(value)
        values.append(value)
    content = b"".join(values)
    if charset is None:
        return decode_encoded_words(decode_header_bytes(content, charsets))
    return decode_labelled(content, charset)
