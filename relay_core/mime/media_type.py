"""Media types: what a Content-Type names, and what it means where it names none.

Rests on RFC 2045 section 5 and RFC 2046.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from relay_core.abnf import TOKEN

from .parameters import parse_parameterised

_TYPE = re.compile(rf"([{TOKEN}]+)/([{TOKEN}]+)")


class MediaType(NamedTuple):
    """A media type in lower case, with its parameters as text. `valid` is False if guessed.

    `full` is `type/subtype`. `boundary` is that parameter as it stands, and `boundaries` are its
    readings, the likeliest first: usually one, none where it is missing, and several where it
    was folded inside its quotes.
    """

    type: str
    subtype: str
    full: str
    parameters: Mapping[str, str]
    boundary: bytes | None
    boundaries: tuple[bytes, ...]
    valid: bool


def parse_media_type(
    value: bytes | None, *, default: str = "text/plain", charsets: tuple[str, ...] = ()
) -> MediaType:
    """The media type that a Content-Type value names; `default` if there is no such field.

    A value that is no media type is what its words say, otherwise `application/octet-stream`:
    whoever knows the content tells whether it is text (`text_type_of`), as RFC 2045 section 5.2
    has it, or a file whose type is misspelled, which must still be detached. `charsets` are
    labels that may be meant where raw bytes are not ASCII.
    """
    written = value or default.encode("ascii")
    parse = _recurring if len(written) <= _MAX_RECURRING else _parse_media_type
    return parse(written, charsets)


_MAX_RECURRING = 200


def _parse_media_type(value: bytes, charsets: tuple[str, ...]) -> MediaType:
    parsed = parse_parameterised(value, charsets)
    boundary = parsed.boundary
    valid = _TYPE.fullmatch(parsed.word)
    if valid and valid[1] in _KINDS_OF_MULTIPART and valid[2] == "multipart":
        valid = None  # the two words in the wrong order
    major, minor = valid.groups() if valid else _guessed(parsed.word)
    return MediaType(
        type=major,
        subtype=minor,
        full=f"{major}/{minor}",
        parameters=parsed.parameters,
        boundary=boundary,
        boundaries=_readings(boundary) if boundary else (),
        valid=valid is not None,
    )


_SLASH = re.compile(r"[ \t]*[/\\][ \t]*")
_LEAD = re.compile(r"content-?type[ \t]*[:=]?[ \t]*")
# What devices write instead of the slash.
_TWO_WORDS = re.compile(
    r"(application|audio|font|image|message|model|multipart|text|video)"
    r"(?:[ \t:=,._\\|-]+|(?=plain|html))([a-z0-9][a-z0-9.+-]*)"
)
_TOP_LEVEL = frozenset(
    {
        *("application", "audio", "chemical", "example", "font", "haptics", "image", "message"),
        *("model", "multipart", "text", "video"),
    }
)
"""All top-level media types that are registered (IANA, "Media Types"), and one that is not."""
_KINDS_OF_MULTIPART = frozenset({"mixed", "alternative", "related"})
_TEXT_WORD = re.compile(r"(?<![a-z])(plain|text|txt|x?html?)(?![a-z])")
# What texts are under types of programs that are in no registry.
_PROGRAMS_OWN = frozenset(
    {
        *("csh", "ecmascript", "httpd-php", "javascript", "latex", "mpegurl", "ndjson", "perl"),
        *("pem-file", "pkcs7-mime", "pkcs7-signature", "pkcs12", "python", "ruby", "sh", "shar"),
        *("shellscript", "sql", "subrip", "tcl", "tex", "x509-ca-cert", "x509-user-cert", "yaml"),
    }
)
_SAYS_TEXT = frozenset({"html", "plain", "text", "txt", "x-html", "x-plain", "x-text", "x-txt"})


def is_known_type(media_type: MediaType, *, at_the_top: bool) -> bool:
    """Whether the type means anything to anybody, so that it is to be believed.

    What is the whole content of a message (`at_the_top`) is no file of a program's own kind
    (`application/x-…`) only because it says so.
    """
    if not media_type.valid:
        return media_type.full != _NOTHING_SAID
    if media_type.type == "application":
        rest = media_type.subtype.removeprefix("x-")
        is_own = rest != media_type.subtype and rest not in _PROGRAMS_OWN
        return media_type.subtype not in _SAYS_TEXT and not (at_the_top and is_own)
    return media_type.type in _TOP_LEVEL


def multipart_of(media_type: MediaType) -> MediaType:
    """The same, but what it is of is a multipart: `multipart/mixed` for `mulitpart/mixed`."""
    subtype = media_type.subtype if media_type.subtype in _KINDS_OF_MULTIPART else "mixed"
    return media_type._replace(
        type="multipart", subtype=subtype, full=f"multipart/{subtype}", valid=False
    )


def is_said_to_be_text(media_type: MediaType) -> bool:
    """Whether the words of a type that nobody knows say text: `plain/text`, `application/text`."""
    return _TEXT_WORD.search(media_type.full) is not None


def text_type_of(media_type: MediaType) -> MediaType:
    """The same, but what it is of is text: `text/html` where the words say so, else `text/plain`.

    A type that is none means text/plain (RFC 2045 section 5.2).
    """
    subtype = "html" if "htm" in media_type.full else "plain"
    return media_type._replace(type="text", subtype=subtype, full=f"text/{subtype}", valid=False)


def _guessed(word: str) -> tuple[str, str]:
    """Type and subtype of what is no media type: `image/image/png`, `text plain`, `multipart`."""
    plain = _SLASH.sub("/", _LEAD.sub("", word.strip(), count=1).strip(" \t\"'<>/"))
    first, _, rest = plain.partition("/")
    if rest.startswith(f"{first}/"):
        plain = rest
    if first in _KINDS_OF_MULTIPART:
        return "multipart", first
    if match := _TYPE.match(plain) or _TWO_WORDS.match(plain):
        return match[1], match[2]
    if first == "multipart":
        return "multipart", "mixed"
    if not plain or (words := _TEXT_WORD.findall(plain)):
        return "text", "html" if plain and "htm" in words[-1] else "plain"
    major, _, minor = _NOTHING_SAID.partition("/")
    return major, minor


_NOTHING_SAID = "application/octet-stream"


# `text/plain; charset=utf-8` is in nearly every mail, and a multipart's type is looked at when it
# is read and again when it is written.
_recurring = lru_cache(maxsize=64)(_parse_media_type)


def _readings(boundary: bytes) -> tuple[bytes, ...]:
    # A boundary cannot end in a blank (RFC 2046 section 5.1.1). Blanks inside may come from a
    # fold that its writer did not mean to be part of it.
    stripped = boundary.rstrip(b" \t")
    if b" " not in stripped and b"\t" not in stripped:
        return (stripped,) if stripped else ()
    candidates = [stripped, _BLANKS.sub(b" ", stripped), _BLANKS.sub(b"", stripped)]
    return tuple(dict.fromkeys(one for one in candidates if one))


_BLANKS = re.compile(rb"[ \t]+")
