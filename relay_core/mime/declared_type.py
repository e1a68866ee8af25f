"""The media type that an entity's header declares, where the field is misspelt or there twice."""

from __future__ import annotations

from .delimiters import Delimiters
from .header import Header
from .header_claims import is_file
from .media_type import MediaType, is_known_type, multipart_of, parse_media_type
from .undeclared import is_shown

_MAX_MARGIN = 10_000
"""How long the text before or behind the parts may be, in bytes, to be one for old programs."""


def declared_type(
    header: Header, delimiters: Delimiters, body_start: int, *, default: str, at_the_top: bool
) -> MediaType:
    """The type in the first Content-Type, or that of another one by which there are parts.

    A type that nobody knows, with a boundary that delimits all that a body shows, is a
    multipart's: `mulitpart/mixed; boundary=b`. It is not `valid`. `default` is the type where the
    field is missing, and `at_the_top` says whether the entity is the message itself.
    """
    first = parse_media_type(header.get("content-type"), default=default)
    if (
        first.boundaries
        and first.type != "multipart"
        and not is_known_type(first, at_the_top=at_the_top)
        and not is_file(header, first)
        and _is_all_parts(delimiters, first.boundaries, body_start)
    ):
        return multipart_of(first)
    if len(header.index) == len(header.fields):
        return first
    named = [one for one in header.fields if one.name == "content-type"]
    for one in named if len(named) > 1 else ():
        media_type = parse_media_type(header.value(one))
        if media_type.type == "multipart" and delimiters.occurs(media_type.boundaries, body_start):
            return media_type
    return first


def _is_all_parts(delimiters: Delimiters, boundaries: tuple[bytes, ...], start: int) -> bool:
    """Whether the body at `start` shows nothing before its parts and behind them.

    The boundary of a multipart around it delimits the parts of that one.
    """
    raw, first = delimiters.raw, delimiters.next_dashes(start)
    if first < 0 or not delimiters.boundaries.keys().isdisjoint(boundaries):
        return False
    token = raw[first + 2 : delimiters.line_end(first)].rstrip(b" \t\r\n")
    return (
        token in boundaries
        and _is_margin(raw[max(start, first - _MAX_MARGIN - 1) : first])
        and _is_margin(delimiters.text_after(boundaries, first, _MAX_MARGIN + 1))
    )


def _is_margin(text: bytes) -> bool:
    return len(text) <= _MAX_MARGIN and not is_shown(text)
