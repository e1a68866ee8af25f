"""The header fields of a part as they go out (RFC 2045 section 3, RFC 2183).

A field that every reader understands as we did goes out as it came. Any other one is written
again, and a field that may occur once goes out once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from relay_core.abnf import ATTRIBUTE_CHAR, TOKEN
from relay_core.addresses.secrecy import conceal
from relay_core.mime.encoded_words import are_read_alike, encode_unstructured
from relay_core.mime.encoding import is_seven_bit_clean
from relay_core.mime.header import Header, HeaderField
from relay_core.mime.known_fields import ONCE_ONLY
from relay_core.mime.media_type import parse_media_type
from relay_core.mime.parameter_writing import format_parameterised
from relay_core.mime.parameters import parse_parameterised
from relay_core.mime.transfer_encoding import TransferEncoding, parse_transfer_encoding

from .splices import CRLF, with_crlf


def can_go_out(header: Header, dropped: Mapping[str, str | None]) -> bool:
    """Whether a part's header can go out as it stands."""
    raw = header.raw[header.span.start : header.span.end]
    if any(one.name in dropped for one in header.fields):
        return False
    written = b"".join(written_field(header, one) for one in _kept_fields(header))
    return with_crlf(raw) == written + CRLF


def is_nameless(header: Header) -> bool:
    """Whether no field of a part goes out, though there is something in its header."""
    has_content = header.span.start == header.span.end or bool(header.fields)
    return has_content and not any(one.name.isascii() for one in header.fields)


def _kept_fields(header: Header) -> Iterator[HeaderField]:
    """The fields of a part, of each that may stand there once only the first."""
    for one in header.fields:
        if one.name not in ONCE_ONLY or header.first(one.name) is one:
            yield one


def fields_of_content(header: Header) -> list[HeaderField]:
    """The fields that say what the content is, and those that are content by their name."""
    return [
        one for one in header.fields if one.name.startswith("content-") or not one.name.isascii()
    ]


def concealed_fields(
    header: Header, fields: Iterable[HeaderField], secrets: tuple[str, ...]
) -> dict[str, str | None]:
    """What those fields of a header become that spell a secret, by name; None for one dropped."""
    found: dict[str, str | None] = {}
    for one in fields if secrets else ():
        text = header.text_of(one)
        concealed = conceal(text, secrets)
        if one.name in {"content-type", "content-disposition"}:
            parsed = parse_parameterised(header.value(one), header.charsets)
            parameters = {
                name: conceal(value, secrets) for name, value in parsed.parameters.items()
            }
            if concealed != text or parameters != dict(parsed.parameters):
                found.setdefault(one.name, _described(one.name, header.value(one), parameters))
        elif concealed != text:
            described = one.name.startswith("content-")
            found.setdefault(one.name, encode_unstructured(concealed) if described else None)
    return found


def _described(name: str, value: bytes, parameters: Mapping[str, str]) -> str:
    """A field that describes content, with other parameters."""
    if name == "content-type":
        return format_parameterised(parse_media_type(value).full, parameters)
    word = parse_parameterised(value).word
    return format_parameterised(word if word in _DISPOSITIONS else "attachment", parameters)


def part_header(header: Header, fields: Mapping[str, str | None]) -> bytes:
    """A part's whole header, with other values for some fields; None drops one."""
    kept = [one for one in _kept_fields(header) if one.name not in fields]
    # What is after the last known field may be read as content (`without_unknown_tail`).
    kept.sort(key=header.is_known_in_part)
    # A parameter that seems to be missing may be looked for behind the header (`header_gap`).
    lines = [_LAST_SEMICOLON.sub(b"\r\n", written_field(header, one)) for one in kept]
    lines += [
        f"{canonical_name(name)}: {value}\r\n".encode("ascii")
        for name, value in fields.items()
        if value is not None
    ]
    return b"".join(lines) + CRLF


_LAST_SEMICOLON = re.compile(rb"(?<!;);[ \t]*+\r\n\Z")


def written_field(header: Header, one: HeaderField) -> bytes:
    """A field as it goes out: as it came where that can travel, otherwise encoded again."""
    if not one.name.isascii():
        return b""  # no reader downstream could distinguish it from content
    raw = header.raw[one.start : one.end]
    if _CLEAN_FIELD.fullmatch(raw) and _is_plain_value(header, one):
        return raw
    value = header.value(one)
    if (
        is_seven_bit_clean(raw)
        and not _CONTROL.search(raw)
        and raw[: len(one.name) + 1].lower() == one.name.encode("ascii") + b":"
        and raw.endswith((b"\n", b"\r"))
        and all(_FOLDED.match(line) for line in raw.splitlines()[1:])
        and _is_plain_value(header, one)
    ):
        return with_crlf(raw)
    if one.name == "content-type":
        media_type = parse_media_type(value, charsets=header.charsets)
        written = format_parameterised(media_type.full, media_type.parameters)
    elif one.name == "content-transfer-encoding":
        written = parse_transfer_encoding(value.decode("latin-1")) or TransferEncoding.SEVEN_BIT
    elif one.name == "content-disposition":
        disposition = parse_parameterised(value, header.charsets)
        word = disposition.word if disposition.word in _DISPOSITIONS else "inline"
        written = format_parameterised(word, disposition.parameters)
    else:
        written = encode_unstructured(header.text_of(one))
        if one.name in _UNFOLDED and "=?" not in written and len(written) <= _SENDABLE_LENGTH:
            written = written.replace("\r\n", "")
    return f"{canonical_name(one.name)}: {written}\r\n".encode("ascii")


# What nearly every field is: its name, a colon, printable lines of a length that may be sent.
_CLEAN_FIELD = re.compile(
    rb"[!#-9;<>-~]++:[\t -~]{0,900}+(?:\r\n[ \t]++[!-~][\t -~]{0,900}+)*\r\n"
)


_UNFOLDED = frozenset({"content-id", "mime-version"})
"""Fields that are not folded: a line of one word after them may be read as base64 content."""
_SENDABLE_LENGTH = 900  # characters; a line holds 998

_STRICT = re.compile(
    (
        rf"[{TOKEN}]++(?:/[{TOKEN}]++)?(?:[ \t\r\n]*+;[ \t\r\n]*+[{TOKEN}]++="
        rf"(?:[{ATTRIBUTE_CHAR}]++|\"[^\"\\\r\n]*+\"))*;?\s*+"
    ).encode()
)
"""A value that every parser reads alike: no comments, no folds or escapes inside of quotes, and
nothing unquoted that is more than an attribute-char (RFC 2231 section 7)."""


_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _is_plain_value(header: Header, one: HeaderField) -> bool:
    """Whether other parsers understand a field's value as we did."""
    if one.name == "content-transfer-encoding":
        return header.value(one).decode("latin-1").lower() in set(TransferEncoding)
    if one.name not in {"content-type", "content-disposition"}:
        value = header.value(one)
        return b"=?" not in value or are_read_alike(value.decode("latin-1"))
    return is_strict(header, one) and (
        one.name != "content-type" or parse_media_type(header.value(one)).valid
    )


def is_strict(header: Header, one: HeaderField) -> bool:
    """Whether every parser splits a field's value into the same parameters."""
    return _STRICT.fullmatch(header.raw[one.value_start : one.value_end].strip()) is not None


_DISPOSITIONS = frozenset({"attachment", "inline"})
"""What RFC 2183 knows. A kept entity of another disposition is one that a reader sees."""


_FOLDED = re.compile(rb"[ \t]+[^ \t]")


@lru_cache(maxsize=64)
def canonical_name(name: str) -> str:
    """A lower-case field name as it is usually written: `Content-Type`, `MIME-Version`."""
    if name == "mime-version":
        return "MIME-Version"
    return "-".join(word.capitalize() for word in name.split("-"))
