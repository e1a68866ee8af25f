"""The boundaries of outgoing multiparts (RFC 2046 section 5.1.1).

A boundary stays as it is where every reader finds it in the header as it stands. One that could
not travel, spells a secret or also belongs to another multipart is replaced. So is one that the
relay's own begin with: a reader may take any line that begins like a delimiter for one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from hashlib import sha256

from relay_core.addresses.secrecy import is_spelled_in
from relay_core.errors import Span
from relay_core.mime.entity import Entity
from relay_core.mime.media_type import parse_media_type
from relay_core.mime.message import Message

from .part_header import is_strict
from .splices import CRLF, Splice


def opening_line(part: Entity) -> Span:
    """The delimiter line that opens a part."""
    if part.delimiter is None:
        raise ValueError("only the parts of a multipart have a delimiter")
    return part.delimiter


def delimiting_boundary(multipart: Entity) -> bytes:
    """The boundary that the multipart's parts are really delimited by."""
    raw = multipart.header.raw
    for part in multipart.parts:
        start, end = opening_line(part)
        if start < end:
            return raw[start:end].strip(b" \t\r\n").removeprefix(b"--")
    # Its only part lacks the delimiter before it.
    if (close := multipart.close_delimiter) is not None:
        token = raw[close.start + 2 : close.end].rstrip(b" \t\r\n")
        return token.removesuffix(b"--").rstrip(b" \t")
    return multipart.media_type.boundaries[0] if multipart.media_type.boundaries else b""


_MAX_BOUNDARY = 200
"""RFC 2046 section 5.1.1 allows 70 characters; longer ones are common and harmless."""


# No quotes or escapes, nothing that would be decoded as an encoded-word, no brackets that some
# take off, and no semicolon: some readers end the parameter there, inside of quotes too.
_PRINTABLE = re.compile(rb"(?!.*[\";\\]|.*=\?|<)[!-~](?:[ -~]*[!-~])?")


_BEGINS_OWN = re.compile(rb"r|re|rel|rela|relay|relay_[0-9a-f]{0,31}")


def own_boundary(content: bytes) -> bytes:
    """A boundary of the relay's own, which is not in the content that it is made for.

    No other begins with it or is begun by it, of the relay's own or of `outgoing_boundaries`.
    """
    return b"relay_" + sha256(content).hexdigest()[:32].encode("ascii")


def outgoing_boundaries(
    multiparts: Sequence[Entity], secrets: tuple[str, ...]
) -> dict[Entity, bytes]:
    """The boundary that each multipart goes out with: its own, if all readers find it.

    One that could not travel or spells a secret, that another has too or that the relay's own
    begin with, is replaced.
    """
    chosen: dict[Entity, bytes] = {}
    taken: set[bytes] = set()
    for number, entity in enumerate(multiparts):
        boundary = delimiting_boundary(entity)
        is_usable = (
            len(boundary) <= _MAX_BOUNDARY
            and _PRINTABLE.fullmatch(boundary)
            and not _BEGINS_OWN.fullmatch(boundary)
            and not is_spelled_in(boundary, secrets)
        )
        if not is_usable or taken & {boundary, boundary + b"--", boundary.removesuffix(b"--")}:
            boundary = own_boundary(b"%d %b" % (number, boundary))
        chosen[entity] = boundary
        taken.add(boundary)
    return chosen


def declares_boundary(multipart: Entity, boundary: bytes) -> bool:
    """Whether any reader finds the boundary in the header as it stands."""
    header = multipart.header
    if (one := header.first("content-type")) is None:
        return False
    media_type = parse_media_type(header.value(one))
    return (
        media_type.valid
        and media_type.type == "multipart"
        and media_type.boundary == boundary
        and is_strict(header, one)
        and b"*" not in header.value(one)  # RFC 2231 is not known to all
    )


def repaired_delimiter(
    message: Message, line: Span, wanted: bytes, *, limit: int
) -> Splice | None:
    """What makes a delimiter line the wanted one; None if it is. `limit` is where it may end."""
    written = message.raw[line.start : line.end]
    token = written.rstrip(b"\r\n")
    line_break = written[len(token) :]
    is_plain = line_break in (b"", b"\n", CRLF) or not message.reads_by_lf
    if token.rstrip(b" \t") == wanted and is_plain:
        return None
    # The line break at the end of a multipart belongs to the delimiter behind it.
    end = min(line.end, limit)
    return Splice(Span(line.start, end), wanted + (CRLF if end == line.end else b""))


_DASHES = re.compile(rb"^--([^\r\n]*)", re.MULTILINE)


def has_delimiter(content: bytes, boundaries: Collection[bytes]) -> bool:
    """Whether a line of a text would be taken for the delimiter of one of the boundaries."""
    if b"--" not in content:
        return False
    tokens = (match[1].rstrip() for match in _DASHES.finditer(content))
    return any(
        token in boundaries or token.removesuffix(b"--").rstrip() in boundaries for token in tokens
    )
