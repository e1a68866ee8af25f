"""Where a header ends, and what its fields are (RFC 5322 section 2.2, RFC 2045 section 3).

A header is lines `name: value`, folded with leading white space, up to an empty line. One that is
as it should be is read at once, any other by `header_lines`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from relay_core.errors import Defect, DefectKind, LimitExceeded, Span
from relay_core.text.possessive import possessive

from .encoded_words import decode_encoded_words
from .header import Header, HeaderField
from .header_gap import MAY_CONTINUE
from .header_lines import FIELD_NAME, FOLDED_BASE64, LineByLine, too_many_fields
from .header_text import decode_header_bytes
from .known_fields import KNOWN_IN_PART, Place

# Whole fields, with their folds, in a text that is a whole header: it is read in one call. Line
# breaks are all alike there: a CR before an LF is taken for a part of the value.
_REGULAR_FIELDS = re.compile(
    rf"{FIELD_NAME}:(.*+" + possessive(r"\n[ \t]++[^ \t\r\n].*+", "*") + r")\n"
)
_REGULAR_SIZE = 1 << 14
"""How many bytes such a header has at most: nobody looks further for its end."""


class ScannedHeader(NamedTuple):
    """A header, the offset of the body after it, and its defects.

    `bytes_read` and `fields_read` count what was read for it, also what turned out to be content.
    """

    header: Header
    body_start: int
    defects: tuple[Defect, ...]
    bytes_read: int
    fields_read: int

    def without_unknown_tail(self) -> ScannedHeader:
        """The same, but lines behind the last known field are content, not header.

        In a text whose sender forgot the empty line, `Temperature: 71` is what people are to
        read; an empty line further down only parts two paragraphs.
        """
        fields = list(self.header.fields)
        start = self.body_start
        while fields and not KNOWN_IN_PART.match(self.header.raw, fields[-1].start):
            start = fields.pop().start
        if start == self.body_start or not fields:
            return self
        where = Defect(kind=DefectKind.MISSING_BLANK_LINE, span=Span(start, start))
        span = Span(self.header.span.start, start)
        return self._replace(
            header=Header.of(self.header.raw, span, fields),
            body_start=start,
            defects=(*self.defects, where),
        )


def scan_header(
    raw: bytes,
    start: int,
    *,
    newline: bytes,
    is_delimiter: Callable[[bytes], bool],
    place: Place,
    max_bytes: int,
    max_fields: int,
    lf_until: int = 0,
) -> ScannedHeader:
    """Read the header that starts at `start`.

    `is_delimiter` says whether a line that begins with two hyphens ends the part that is being
    read. `newline` is LF, or CR in a message that has no LF but in the lines up to `lf_until`,
    which a mail system has put before it. Reading stops where a field or junk reaches beyond
    `max_bytes`: the header that is found then is longer than that, unless its end turns out to
    be content.

    Raises:
        LimitExceeded: if there are more than `max_fields` fields.
    """
    if (regular := _scan_regular(raw, start)) is not None:
        if regular.fields_read > max_fields:
            raise LimitExceeded(too_many_fields(start))
        return regular
    limit = min(len(raw), start + max_bytes + 1)
    scan = LineByLine(raw, newline, lf_until, is_delimiter, place, start, limit, max_fields)
    end, body_start = scan.read()
    bytes_read, fields_read = end - start, len(scan.fields)
    if body_start is None:
        is_too_long = place is Place.MESSAGE and bytes_read > max_bytes
        read_until = end
        body_start = end = end if is_too_long else scan.drop_unknown(end)
        # At the very end nothing is missing: a body is optional (RFC 5322 section 3.5).
        if start < read_until and body_start < len(raw):
            scan.report(DefectKind.MISSING_BLANK_LINE, end, end)
    return ScannedHeader(
        header=Header.of(raw, Span(start, body_start), scan.fields),
        body_start=body_start,
        defects=tuple(scan.defects),
        bytes_read=bytes_read,
        fields_read=fields_read,
    )


def _scan_regular(raw: bytes, start: int) -> ScannedHeader | None:
    """The header at `start` if it is one that everybody reads alike, as nearly all are."""
    limit = start + _REGULAR_SIZE
    line_end = raw.find(b"\n", start, limit)
    begins = line_end >= 0 and raw.find(b":", start, line_end) >= 0  # with a field
    returns = raw[line_end - 1 : line_end] == b"\r"  # 1 if each LF has a CR before it
    # The line break of the last field, and the empty line behind it.
    found = raw.find(b"\n\r\n" if returns else b"\n\n", line_end, limit) if begins else -1
    if found < 0 or raw.find(b"\n--", start, found) >= 0:
        return None  # it has no end of its own
    end = found + 1
    lines = raw[start:end].lower().decode("latin-1")
    if lines.count("\r\n" if returns else "\n") != max(lines.count("\r"), lines.count("\n")):
        return None
    is_folded = "\n " in lines or "\n\t" in lines
    if is_folded and "base64" in lines and FOLDED_BASE64.search(raw, start, end):
        return None  # it may be content
    fields: list[HeaderField] = []
    position = start
    for name, value in _REGULAR_FIELDS.findall(lines):
        value_start = position + len(name) + 1
        after = value_start + len(value) + 1
        fields.append(HeaderField(name, position, value_start, after - 1 - returns, after))
        position = after
    if position != end:
        return None  # there is something in between
    body_start = end + 1 + returns
    if MAY_CONTINUE.match(raw, body_start):
        return None
    header = Header.of(raw, Span(start, body_start), fields)
    return ScannedHeader(
        header=header,
        body_start=body_start,
        defects=(),
        bytes_read=body_start - start,
        fields_read=len(fields),
    )


def subject_of(raw: bytes, most: int) -> str:
    """The first `most` bytes of the subject of the message that begins so, as text."""
    scanned = scan_header(
        raw,
        0,
        newline=b"\n" if b"\n" in raw else b"\r",
        is_delimiter=lambda _: False,
        place=Place.MESSAGE,
        max_bytes=len(raw),
        max_fields=len(raw),
    )
    value = scanned.header.get("subject") or b""
    return decode_encoded_words(decode_header_bytes(value[:most]))
