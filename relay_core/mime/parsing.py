"""The bytes of a message walked once, to a tree of entities.

Theory of operation. `parse_message` walks the message once. It reads the header of the
message; if that declares a multipart, the boundary goes onto a stack, and from then on only
lines that begin with `--` are looked at, found by a search for the line break and the two
hyphens together. Such a line is looked up among the boundaries of the open multiparts: an
exact match (RFC 2046 section 5.1.1) opens the next part of that multipart, or closes it, and
ends every part that is open further in. Only delimiter lines and header values are copied.
Nothing recurses.

A message/rfc822 entity is a leaf: what is inside belongs to whoever opens it.

What the bytes get wrong is read as a person would and reported as a `Defect` with its span.
"""

from __future__ import annotations

import re

from relay_core.errors import DefectKind, LimitExceeded, MalformedMessage, Span

from .declared_type import declared_type
from .delimiters import Delimiters
from .encoded_multipart import decoded_multipart
from .entity import Entity
from .header import Header
from .header_claims import is_encoded, is_file, may_hold_parts, may_lack_empty_line
from .header_scanning import ScannedHeader, scan_header
from .known_fields import CONTENT_FIELD, Place
from .media_type import parse_media_type
from .message import Message
from .open_entity import Findings, OpenEntity, finish
from .raw_fields import declared_charsets, reread
from .size_limits import DEFAULT_LIMITS, HEADERS, Limits
from .undeclared import is_shown


def parse_message(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read a message. Time is linear in its size.

    A multipart whose whole body is encoded is decoded first: the message has its decoded bytes.

    Raises:
        MalformedMessage: if there are no bytes at all.
        LimitExceeded: naming the limit.
    """
    if not raw or raw.isspace():
        raise MalformedMessage("the message is empty")
    if len(raw) > limits.size:
        raise LimitExceeded(
            f"the message has at least {len(raw)} bytes, the limit is {limits.size}"
        )
    message = _Parser(raw, limits).parse()
    if (decoded := decoded_multipart(message)) is None:
        return message
    parser = _Parser(decoded, limits)
    parser.findings.report(DefectKind.ENCODED_MULTIPART, 0, len(decoded))
    return parser.parse()


_SECOND_READINGS = 16
"""How many multiparts of a message are read again because their boundary never came."""

_NOT_BLANK = re.compile(rb"\S")
_TAKES_A_TEXT = frozenset({"mixed", "alternative"})
"""The multiparts in which a text may be added before the first part."""


class _Parser:
    """The stack of open entities while `parse_message` walks; see the module's docstring."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.limits = limits
        self.delimiters = Delimiters(raw)
        self.stack: list[OpenEntity] = []
        self.findings = Findings()
        self.count = 0
        self.headers_size = 0
        self.fields_left = limits.header_fields
        self.second_readings = 0

    def parse(self) -> Message:
        delimiters = self.delimiters
        position = self._open(0, delimiter=None)
        while True:
            start = delimiters.next_candidate(position)
            if start < 0:
                again = self._look_again(len(self.raw))
                if again is None:
                    break
                position = again
                continue
            line_end = delimiters.line_end(start)
            token = self.raw[start + 2 : line_end].rstrip(b" \t\r\n")
            place = delimiters.boundaries.get(token)
            closes = False
            if place is None and token.endswith(b"--"):
                place = delimiters.boundaries.get(token[:-2].rstrip(b" \t"))
                closes = True
            if place is None:
                position = line_end
                delimiters.misses += 1
            elif place < len(self.stack) - 1 and (again := self._look_again(start)) is not None:
                position = again
            elif closes:
                self._close_multipart(place, Span(start, line_end))
                position = line_end
            else:
                position = self._next_part(place, start, line_end)
        root = self._close_from(0, len(self.raw))
        entities = tuple(root.walk())
        charsets = declared_charsets(self.raw, entities)
        if charsets and self.findings.has_raw_fields:
            root = reread(root, charsets)
            entities = tuple(root.walk())
        return Message(
            raw=self.raw,
            root=root,
            entities=entities,
            structural_defects=tuple(self.findings.defects),
            reads_by_lf=self.delimiters.newline == b"\n",
            charsets=charsets,
        )

    def _open(self, start: int, *, delimiter: Span | None) -> int:
        """Read the header at `start`; return where to read on."""
        self._open_one(start, delimiter)
        return self._open_undelimited()

    def _open_undelimited(self) -> int:
        """Read the headers of parts that begin at once, without a delimiter; where to read on."""
        opened = self.stack[-1]
        while opened.boundaries:
            start = opened.scanned.body_start
            if (delimiter := self._unread_delimiter(opened)) is not None:
                self._open_one(delimiter.end, delimiter)
            elif opened.guessed_at is not None and self._explains(opened, opened.guessed_at):
                self._push_text(start)
            else:
                break
            opened = self.stack[-1]
        return opened.scanned.body_start

    def _unread_delimiter(self, multipart: OpenEntity) -> Span | None:
        """The delimiter of a first part that begins at once: an indented line, or none at all.

        Nobody writes a preamble that begins like a header and describes its content, for the
        readers that it is meant for would not understand it.
        """
        start = multipart.scanned.body_start
        while start < len(self.raw) and self.raw[start] in b"\r\n":
            start += 1
        if (line := self.delimiters.indented(start, multipart.boundaries)) is not None:
            self.findings.report(DefectKind.MISSING_DELIMITER, *line)
            return line
        if not CONTENT_FIELD.match(self.raw, start):
            return None
        header = self._scan(start, Place.PART).header
        is_described = (
            header.first("content-type") or header.first("content-disposition")
        ) is not None or is_encoded(header)
        if is_described and self.delimiters.occurs(multipart.boundaries, start):
            return Span(start, start)
        return None

    def _explains(self, multipart: OpenEntity, first_delimiter: int) -> bool:
        """Whether words for people precede the first delimiter, which may be part of it."""
        return multipart.media_type.subtype in _TAKES_A_TEXT and is_shown(
            self.raw[multipart.scanned.body_start : first_delimiter]
        )

    def _push_text(self, start: int) -> None:
        """Open a text without a header."""
        header = Header.of(self.raw, Span(start, start), ())
        scanned = ScannedHeader(header, start, (), 0, 0)
        self._push(OpenEntity(scanned, Span(start, start), parse_media_type(None)))

    def _open_one(self, start: int, delimiter: Span | None) -> None:
        in_digest = bool(self.stack) and self.stack[-1].media_type.full == "multipart/digest"
        place = Place.PART if self.stack else Place.MESSAGE
        self._check_room()
        scanned = self._scan(start, Place.PART_OF_DIGEST if in_digest else place)
        header = scanned.header
        if header.span.end - header.span.start > self.limits.header_size:
            raise LimitExceeded(
                f"the header at byte {start} is too long, the limit is {self.limits.header_size}"
            )
        default = "message/rfc822" if in_digest else "text/plain"  # RFC 2046 section 5.1.5
        media_type = declared_type(
            header,
            self.delimiters,
            scanned.body_start,
            default=default,
            at_the_top=not self.stack,
        )
        if delimiter is not None and may_lack_empty_line(header, media_type):
            scanned = scanned.without_unknown_tail()
        self.findings.defects.extend(scanned.defects)
        if not media_type.valid and (named := header.first("content-type")):
            self.findings.report(DefectKind.INVALID_MEDIA_TYPE, *named.span)
        opened = OpenEntity(scanned, delimiter, media_type)
        self._push(opened)
        if media_type.type == "multipart":
            if delimiter is not None and not media_type.boundaries and is_file(header, media_type):
                # One file, as it is.
                self.findings.report(DefectKind.MISSING_BOUNDARY, *header.span)
            else:
                self._find_boundaries(opened)
        elif delimiter is None and may_hold_parts(header):
            self._find_parts(opened)

    def _check_room(self) -> None:
        if self.count >= self.limits.entities:
            raise LimitExceeded(f"more than {self.limits.entities} entities")
        if len(self.stack) >= self.limits.depth:
            raise LimitExceeded(f"multiparts nested more than {self.limits.depth} deep")

    def _push(self, opened: OpenEntity) -> None:
        self._check_room()
        self.count += 1
        self.stack.append(opened)

    def _find_boundaries(self, multipart: OpenEntity) -> None:
        boundaries = multipart.media_type.boundaries
        scanned = multipart.scanned
        # Nobody looks before the first second reading: until then it is taken for granted.
        known = not self.second_readings or self.delimiters.occurs(boundaries, scanned.body_start)
        if not boundaries or not known:
            self.findings.report(DefectKind.MISSING_BOUNDARY, *scanned.header.span)
            sniffed = self.delimiters.sniffed_boundary(scanned.body_start, len(self.raw))
            boundaries = ()
            if sniffed is not None:
                boundaries, multipart.guessed_at = (sniffed[0],), sniffed[1]
        self._know_boundaries(multipart, boundaries)

    def _find_parts(self, root: OpenEntity) -> None:
        """Take a message that says nothing of its content for the multipart that it is."""
        start = root.scanned.body_start
        sniffed = self.delimiters.sniffed_boundary(start, len(self.raw), is_sure=True)
        if sniffed is None:
            return
        boundary, first = sniffed
        # A text may quote a mail, and with it the header that declares its boundary.
        is_quoted = self.raw.find(boundary, start, first) >= 0
        if not is_quoted and self.delimiters.occurs((boundary,), first + 1):
            self.findings.report(DefectKind.MISSING_BOUNDARY, *root.scanned.header.span)
            root.media_type = parse_media_type(b"multipart/mixed")
            root.guessed_at = first
            self._know_boundaries(root, (boundary,))

    def _scan(self, start: int, place: Place) -> ScannedHeader:
        scanned = scan_header(
            self.raw,
            start,
            newline=self.delimiters.newline,
            is_delimiter=self.delimiters.is_delimiter,
            place=place,
            max_bytes=self.limits.header_size,
            max_fields=self.fields_left,
            lf_until=self.delimiters.lf_until or 0,
        )
        self.fields_left -= scanned.fields_read
        self.headers_size += scanned.bytes_read
        if self.headers_size > HEADERS * self.limits.header_size:
            raise LimitExceeded(
                f"headers of more than {HEADERS * self.limits.header_size} bytes in all"
            )
        return scanned

    def _look_again(self, end: int) -> int | None:
        """Give an empty multipart that ends at `end` a second reading, by its real boundary.

        Returns where to read on, or None.
        """
        multipart = self.stack[-1]
        if not multipart.boundaries or multipart.parts or multipart.is_second_reading:
            return None
        multipart.is_second_reading = True
        self.second_readings += 1
        if self.second_readings > _SECOND_READINGS:
            return None
        body_start = multipart.scanned.body_start
        if (sniffed := self.delimiters.sniffed_boundary(body_start, end)) is None:
            return None
        boundary, multipart.guessed_at = sniffed
        self.findings.report(DefectKind.MISSING_BOUNDARY, *multipart.scanned.header.span)
        self.delimiters.forget(multipart.boundaries, multipart.shadowed)
        multipart.close_delimiter = None
        self._know_boundaries(multipart, (boundary,))
        return self._open_undelimited()

    def _know_boundaries(self, multipart: OpenEntity, boundaries: tuple[bytes, ...]) -> None:
        multipart.boundaries = boundaries
        multipart.shadowed = self.delimiters.know(boundaries, len(self.stack) - 1)

    def _next_part(self, place: int, start: int, line_end: int) -> int:
        """A delimiter line of the multipart at `place`: end its last part, begin the next."""
        if len(self.stack) - 1 > place:
            self._close_from(place + 1, start)
        multipart = self.stack[place]
        if multipart.close_delimiter is not None:
            # Parts behind the close-delimiter are parts all the same.
            self.findings.report(DefectKind.MISSING_DELIMITER, *multipart.close_delimiter)
            multipart.close_delimiter = None
        return self._open(line_end, delimiter=Span(start, line_end))

    def _close_multipart(self, place: int, line: Span) -> None:
        if len(self.stack) - 1 > place:
            self._close_from(place + 1, line.start)
        self.stack[place].close_delimiter = line

    def _close_from(self, place: int, position: int) -> Entity:
        """End every open entity from `place` on; `position` is the line that ended them."""
        end = (
            position if position == len(self.raw) else self.delimiters.before_line_break(position)
        )
        while True:
            opened = self.stack.pop()
            if opened.boundaries:
                self.delimiters.forget(opened.boundaries, opened.shadowed)
            entity = finish(self.raw, opened, end, self.findings)
            if entity.delimiter is None or self._is_added(entity, entity.delimiter):
                # An empty part may end behind the line break that it shares with the delimiter.
                end = max(end, entity.body.end)
            if len(self.stack) == place:
                return entity

    def _is_added(self, part: Entity, delimiter: Span) -> bool:
        """Add the entity to its multipart, if it is a part of one. Returns whether it is."""
        if delimiter.start == delimiter.end:
            # Fields before the first delimiter with nothing behind them are a preamble after all.
            if not part.parts and not _NOT_BLANK.search(self.raw, *part.body):
                return False
            self.findings.report(DefectKind.MISSING_DELIMITER, *delimiter)
        elif part.span.start == part.span.end:
            if part.span.end < len(self.raw):
                # Nothing at all stands between two delimiter lines.
                self.findings.report(DefectKind.DOUBLED_DELIMITER, *delimiter)
            return False
        self.stack[-1].parts.append(part)
        return True
