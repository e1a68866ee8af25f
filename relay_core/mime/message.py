"""A message as one immutable `bytes`, and its entities as spans into it.

Theory of operation. `parse_message` walks the message once. It reads the header of the
message; if that declares a multipart, the boundary goes onto a stack, and from then on only
lines that begin with `--` are looked at, found by a search for the line break and the two
hyphens together. Such a line is looked up among the boundaries of the open multiparts: an
exact match (RFC 2046 section 5.1.1) opens the next part of that multipart, or closes it, and
ends every part that is open further in. Nothing is copied but delimiter lines and header
values; nothing recurses, so nesting cannot exhaust the interpreter's stack.

A message/rfc822 entity is a leaf: what is inside belongs to whoever opens it.

What the bytes get wrong is read as a person would and reported as a `Defect` with its span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from relay_core.errors import Defect, DefectKind, LimitExceeded, MalformedMessage, Span
from relay_core.text.charset_labels import charsets_of
from relay_core.text.possessive import possessive
from relay_core.text.reading import DecodedText, decode_text, is_readable

from .base64_content import has_irregular_base64, words_behind_base64
from .content_kind import HEAD, is_surely_a_file, looks_like_text
from .decoding import decode_content
from .encoding import MAX_LINE, find_long_line
from .header import Header
from .header_scanning import ScannedHeader, scan_header
from .known_fields import Place
from .media_type import (
    MediaType,
    is_known_type,
    is_said_to_be_text,
    parse_media_type,
    text_type_of,
)
from .mislabelled import real_encoding
from .parameters import Parameterised, parse_parameterised
from .quoted_printable import has_irregular_quoted_printable
from .raw_fields import declared_charsets, filename_of, meta_charset, reread
from .transfer_encoding import IDENTITY, TransferEncoding, parse_transfer_encoding
from .undeclared import is_shown, undeclared_boundary


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a message may be at most, and how much of it goes out as it is: the budget of a mail.

    SES takes 40 MB (Amazon SES guide, "Service quotas"), which is `size`. The others bound the
    work and the memory that a mail can cost, far above what any device sends; docs/decisions
    says how each was chosen. A mail that is beyond one of the first five is refused:

    * `header_size`: the bytes of one header; all headers of a mail may have `HEADERS` times that;
    * `header_fields`: the fields of all headers together;
    * `entities`: the message and its parts; `depth`: how deep multiparts may be nested.

    A mail that is beyond one of the last two goes out in another form, and loses nothing:

    * `text_size`: the bytes of all texts together, decoded, that stand in the outgoing mail;
    * `attachments`: the files that are stored for it.
    """

    size: int = 40 * 1024 * 1024
    header_size: int = 1024 * 1024
    header_fields: int = 100_000
    entities: int = 10_000
    depth: int = 1000
    text_size: int = 1_000_000
    attachments: int = 300


HEADERS = 4
"""How many times the size of one header all headers of a mail may have together."""


EARLY = 2_000_000
"""How far from its beginning a mail is read, in bytes, in charsets that take long to decode.

The bound is on all texts together, whatever their number.
"""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entity:
    """One entity: a header, a body, and in a multipart its parts (RFC 2045 section 2.4).

    `delimiter` is the line that opens the entity in its multipart, line break included; where
    that line is missing, the empty span in its place. `close_delimiter` is the line that ends a
    multipart, if it is there. `transfer_encoding` is None where the field names none that exists;
    of a text that `is_mislabelled` it is another than the field names.
    `filename` is as the sender gave it, or None.
    """

    header: Header
    body: Span
    media_type: MediaType
    transfer_encoding: TransferEncoding | None
    disposition: Parameterised | None
    filename: str | None = None
    delimiter: Span | None = None
    close_delimiter: Span | None = None
    parts: tuple[Entity, ...] = ()
    is_mislabelled: bool = False

    @property
    def span(self) -> Span:
        """Header and body."""
        return Span(self.header.span.start, self.body.end)

    @property
    def is_multipart(self) -> bool:
        """Whether the entity was split into parts."""
        return bool(self.parts)

    @property
    def content_id(self) -> str | None:
        """The Content-ID without its angle brackets (RFC 2392), or None."""
        value = self.header.text("content-id")
        return value.strip().strip("<>").strip() or None if value else None

    def walk(self) -> Iterator[Entity]:
        """Yield this entity and all below it, in the order they stand in the message."""
        pending = [self]
        while pending:
            entity = pending.pop()
            yield entity
            pending.extend(reversed(entity.parts))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Message:
    """A parsed message: all its `entities`, in the order they stand in, the first the `root`.

    `structural_defects` are those of headers and delimiters. `reads_by_lf` is False where lines
    end in a bare CR. `charsets` are the labels of charsets that its texts declare.
    """

    raw: bytes = field(repr=False)
    root: Entity
    entities: tuple[Entity, ...] = field(repr=False)
    structural_defects: tuple[Defect, ...]
    reads_by_lf: bool = True
    charsets: tuple[str, ...] = ()
    _texts: dict[Entity, DecodedText] = field(default_factory=dict, repr=False)

    @property
    def defects(self) -> tuple[Defect, ...]:
        """All that is wrong, in the order of places. Encoded content is looked at only now."""
        found = [*self.structural_defects, *self._line_defects()]
        if self.header.first("mime-version") is None and self.header.first("content-type"):
            found.append(Defect(kind=DefectKind.MISSING_MIME_VERSION, span=self.header.span))
        for leaf in self.leaves():
            found += [Defect(kind=kind, span=leaf.body) for kind in self._content_defects(leaf)]
        for entity in self.entities:
            if entity.disposition is not None and entity.disposition.word not in DISPOSITIONS:
                where = entity.header.first("content-disposition")
                span = entity.header.span if where is None else where.span
                found.append(Defect(kind=DefectKind.UNKNOWN_DISPOSITION, span=span))
            seen: set[str] = set()
            for one in entity.header.fields:
                if one.name in seen and one.name in ONCE_ONLY:
                    found.append(Defect(kind=DefectKind.DUPLICATE_FIELD, span=one.span))
                seen.add(one.name)
        return tuple(sorted(found, key=lambda defect: defect.span))

    def _line_defects(self) -> Iterator[Defect]:
        """The first line break that is not CRLF, and the first line that is too long."""
        whole = self.raw.count(b"\r\n")
        for one, pattern in ((b"\n", _BARE_LF), (b"\r", _BARE_CR)):
            if self.raw.count(one) != whole and (bare := pattern.search(self.raw)):
                yield Defect(kind=DefectKind.BARE_LINE_BREAK, span=Span(*bare.span()))
        if (start := find_long_line(self.raw)) is not None:
            yield Defect(kind=DefectKind.LONG_LINE, span=Span(start, start + MAX_LINE + 1))

    def _content_defects(self, leaf: Entity) -> Iterator[DefectKind]:
        if leaf.is_mislabelled:
            named = leaf.header.get("content-transfer-encoding") or b""
            is_base64 = parse_transfer_encoding(named.decode("latin-1")) is TransferEncoding.BASE64
            yield DefectKind.INVALID_BASE64 if is_base64 else DefectKind.INVALID_QUOTED_PRINTABLE
        elif leaf.transfer_encoding is TransferEncoding.BASE64:
            if has_irregular_base64(self.raw, leaf.body):
                yield DefectKind.INVALID_BASE64
        elif (
            leaf.transfer_encoding is TransferEncoding.QUOTED_PRINTABLE
            and has_irregular_quoted_printable(self.raw, leaf.body)
        ):
            yield DefectKind.INVALID_QUOTED_PRINTABLE
        charset = leaf.media_type.parameters.get("charset")
        declared = charsets_of(charset) if charset and leaf.media_type.type == "text" else ()
        if declared and not any(is_readable(self.content(leaf), one) for one in declared):
            yield DefectKind.UNDECODABLE_TEXT

    @property
    def header(self) -> Header:
        """The header of the message itself."""
        return self.root.header

    def without_name(self, entity: Entity) -> Message:
        """The message with one of its entities without a file name: no file, but a text."""
        changed = {entity: replace(entity, filename=None)}
        for one in reversed(self.entities):
            if any(part in changed for part in one.parts):
                parts = tuple(changed.get(part, part) for part in one.parts)
                changed[one] = replace(one, parts=parts)
        return replace(
            self,
            root=changed.get(self.root, self.root),
            entities=tuple(changed.get(one, one) for one in self.entities),
        )

    def leaves(self) -> Iterator[Entity]:
        """Every entity that is not a multipart, in order."""
        return (entity for entity in self.entities if not entity.parts)

    def content(self, entity: Entity) -> Iterator[bytes]:
        """The decoded content of a leaf, in chunks. Unknown transfer encodings decode nothing.

        What stands in clear behind the base64 of a text is a part of that text; of a file it is
        none.
        """
        encoding = entity.transfer_encoding or TransferEncoding.BINARY
        decoded = decode_content(self.raw, entity.body, encoding)
        is_text = entity.media_type.type == "text" and entity.filename is None
        if is_text and encoding is TransferEncoding.BASE64:
            return self._with_words_behind(entity, decoded)
        return decoded

    def _with_words_behind(self, entity: Entity, decoded: Iterator[bytes]) -> Iterator[bytes]:
        is_wide = False  # UTF-16, which words of one byte for each letter would spoil
        for chunk in decoded:
            is_wide = is_wide or b"\0" in chunk
            yield chunk
        words = words_behind_base64(self.raw, entity.body)
        if not is_wide and words.start < words.end:
            yield self.raw[words.start : words.end]

    def text(self, entity: Entity) -> DecodedText:
        """The decoded content of a text leaf, as text; decoded once and remembered."""
        if entity not in self._texts:
            content = b"".join(self.content(entity))
            label = entity.media_type.parameters.get("charset")
            self._texts[entity] = decode_text(
                content, label, self.hints(entity), may_take_long=self.may_take_long(entity)
            )
        return self._texts[entity]

    def hints(self, entity: Entity) -> tuple[str, ...]:
        """The labels that a text may be meant in besides its own, the likeliest first."""
        meta = meta_charset(self.raw, entity)
        return (meta, *self.charsets) if meta else self.charsets

    @staticmethod
    def may_take_long(entity: Entity) -> bool:
        """Whether a text is read in charsets that take long to decode: it is an early one."""
        return entity.body.end <= EARLY


ONCE_ONLY = frozenset(
    {
        *("content-disposition", "content-id", "content-transfer-encoding", "content-type"),
        *("bcc", "cc", "date", "from", "in-reply-to", "message-id", "mime-version"),
        *("references", "reply-to", "sender", "subject", "to"),
    }
)
"""Fields that may stand in a header once (RFC 5322 section 3.6, RFC 2045); the first counts."""

DISPOSITIONS = frozenset({"attachment", "inline", "form-data"})
"""RFC 2183 section 2, RFC 7578 section 4.2."""

CONTENT_FIELD = re.compile(rb"(?i)content-[a-z-]+[ \t]*:")
"""How a preamble begins that is really a part whose delimiter is missing."""

_BARE_LF = re.compile(rb"(?<!\r)\n")
_BARE_CR = re.compile(rb"\r(?!\n)")


@dataclass(slots=True)
class _Open:
    """An entity that is still being read; a multipart if it has a boundary to look for."""

    scanned: ScannedHeader
    delimiter: Span | None
    media_type: MediaType
    boundaries: tuple[bytes, ...] = ()
    shadowed: tuple[int | None, ...] = ()
    parts: list[Entity] = field(default_factory=list)
    close_delimiter: Span | None = None
    is_second_reading: bool = False
    guessed_at: int | None = None  # where its first delimiter is, if its boundary is a guess


def parse_message(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    """Read a message. Time is linear in its size.

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
    return _Parser(raw, limits).parse()


_SNIFFED_LINES = 100
"""How many `--` lines are looked at in search of a boundary that was not declared."""

_SECOND_READINGS = 16
"""How many multiparts of a message are read again because their boundary never came."""

_MISSES = 64
"""After how many lines that only look like delimiters a pattern of the boundaries is made."""

_MOST_IN_PATTERN = 50
"""Of how many boundaries such a pattern is made at most."""

_INK = re.compile(rb"\S")

_INDENTED = re.compile(rb"[ \t]+--([^\r\n]*)(?:\r?\n|\r(?!\n))")
_LONGEST_INDENTED = 300

_TAKES_A_TEXT = frozenset({"mixed", "alternative"})
"""The multiparts in which a text may be added before the first part."""

_INDEXED_LINES = 100_000
"""Of how many lines that may be delimiters it is remembered where the last one stands."""

_STRIDE = 1 << 12
"""How far the search for a delimiter line looks behind a hyphen, in bytes."""


class _Parser:
    """The stack of open entities while `parse_message` walks; see the module's docstring."""

    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.raw = raw
        self.limits = limits
        self.lf_until = _end_of_lf_lines(raw)
        self.newline = b"\n" if self.lf_until is None else b"\r"
        self.stack: list[_Open] = []
        self.boundaries: dict[bytes, int] = {}  # boundary → place of its multipart on the stack
        self.defects: list[Defect] = []
        self.count = 0
        self.headers_size = 0
        self.fields_left = limits.header_fields
        self.second_readings = 0
        self.has_raw_fields = False  # in bytes that are not ASCII
        self.misses = 0
        self.pattern: re.Pattern[bytes] | None = None  # of the boundaries, while they hold
        self.last_lines: dict[bytes, int] | None = None  # made once it is needed

    def parse(self) -> Message:
        position = self._open(0, delimiter=None)
        while True:
            start = self._next_candidate(position)
            if start < 0:
                again = self._look_again(len(self.raw))
                if again is None:
                    break
                position = again
                continue
            line_end = self._line_end(start)
            token = self.raw[start + 2 : line_end].rstrip(b" \t\r\n")
            place = self.boundaries.get(token)
            closes = False
            if place is None and token.endswith(b"--"):
                place = self.boundaries.get(token[:-2].rstrip(b" \t"))
                closes = True
            if place is None:
                position = line_end
                self.misses += 1
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
        if charsets and self.has_raw_fields:
            root = reread(root, charsets)
            entities = tuple(root.walk())
        return Message(
            raw=self.raw,
            root=root,
            entities=entities,
            structural_defects=tuple(self.defects),
            reads_by_lf=self.newline == b"\n",
            charsets=charsets,
        )

    def _line_end(self, position: int) -> int:
        found = self.raw.find(self.newline, position)
        return len(self.raw) if found < 0 else found + 1

    def _next_candidate(self, position: int) -> int:
        """Where the next line starts that may be a delimiter, or -1.

        A text full of lines that look like delimiters and are none is not worth a step each:
        after some, a pattern made of the boundaries finds the next line that counts.
        """
        if not self.boundaries:
            return -1
        if self.misses < _MISSES or len(self.boundaries) > _MOST_IN_PATTERN:
            return self._next_dashes(position)
        if self.pattern is None:
            boundaries = b"|".join(map(re.escape, self.boundaries))
            line_end = re.escape(self.newline)
            self.pattern = re.compile(
                line_end
                + rb"--(?:"
                + boundaries
                + rb")(?:[ \t]*--)?[ \t\r]*(?:"
                + line_end
                + rb"|\Z)"
            )
        # The line break before the line belongs to the pattern.
        found = self.pattern.search(self.raw, max(position - 1, 0))
        return -1 if found is None else found.start() + 1

    def _next_dashes(self, position: int) -> int:
        """Where the next line that begins with two hyphens starts, or -1."""
        if self.raw.startswith(b"--", position) and self._at_line_start(position):
            return position
        # Base64 holds no hyphen: a search for one byte runs through it at the speed of memory.
        # Where hyphens are frequent, most of the way is left to the search for all three bytes.
        needle = self.newline + b"--"
        while (hyphen := self.raw.find(b"-", position)) >= 0:
            position = max(hyphen - 1, position)
            found = self.raw.find(needle, position, position + _STRIDE)
            if found >= 0:
                return found + 1
            position += _STRIDE - len(needle) + 1
        return -1

    def _at_line_start(self, position: int) -> bool:
        return position == 0 or self.raw[position - 1 : position] == self.newline

    def _is_delimiter(self, line: bytes) -> bool:
        if not line.startswith(b"--"):
            return False
        token = line[2:].rstrip(b" \t")
        return token in self.boundaries or (
            token.endswith(b"--") and token[:-2].rstrip(b" \t") in self.boundaries
        )

    def _report(self, kind: DefectKind, start: int, end: int) -> None:
        self.defects.append(Defect(kind=kind, span=Span(start, end)))

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
            elif opened.guessed_at is not None and self._tells(opened, opened.guessed_at):
                self._push_text(start)
            else:
                break
            opened = self.stack[-1]
        return opened.scanned.body_start

    def _unread_delimiter(self, multipart: _Open) -> Span | None:
        """The delimiter of a first part that begins at once: an indented line, or none at all.

        Nobody writes a preamble that begins like a header and describes its content, for the
        readers that it is meant for would not understand it.
        """
        start = multipart.scanned.body_start
        while start < len(self.raw) and self.raw[start] in b"\r\n":
            start += 1
        if match := _INDENTED.match(self.raw, start, start + _LONGEST_INDENTED):
            is_its_own = match[1].rstrip(b" \t") in multipart.boundaries
            if is_its_own and self._occurs(multipart.boundaries, match.end()):
                self._report(DefectKind.MISSING_DELIMITER, *match.span())
                return Span(start, self._line_end(start))
        if not CONTENT_FIELD.match(self.raw, start):
            return None
        header = self._scan(start, Place.PART).header
        is_described = (
            header.first("content-type") or header.first("content-disposition")
        ) is not None or _is_encoded(header)
        if is_described and self._occurs(multipart.boundaries, start):
            return Span(start, start)
        return None

    def _tells(self, multipart: _Open, first_delimiter: int) -> bool:
        """Whether words for people stand before the first delimiter, which may be part of it."""
        return multipart.media_type.subtype in _TAKES_A_TEXT and is_shown(
            self.raw[multipart.scanned.body_start : first_delimiter]
        )

    def _push_text(self, start: int) -> None:
        """Open a text without a header."""
        header = Header.of(self.raw, Span(start, start), ())
        scanned = ScannedHeader(header, start, (), 0, 0)
        self._push(_Open(scanned, Span(start, start), parse_media_type(None)))

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
        media_type = self._media_type(scanned, default)
        if delimiter is not None and _is_plain_text(header, media_type):
            scanned = scanned.without_unknown_tail()
        self.defects.extend(scanned.defects)
        if not media_type.valid and (named := header.first("content-type")):
            self._report(DefectKind.INVALID_MEDIA_TYPE, *named.span)
        opened = _Open(scanned, delimiter, media_type)
        self._push(opened)
        if media_type.type == "multipart":
            if (
                delimiter is not None
                and not media_type.boundaries
                and _is_file(header, media_type)
            ):
                self._report(DefectKind.MISSING_BOUNDARY, *header.span)  # one file, as it is
            else:
                self._find_boundaries(opened)
        elif delimiter is None and _may_hold_parts(header):
            self._find_parts(opened)

    def _check_room(self) -> None:
        if self.count >= self.limits.entities:
            raise LimitExceeded(f"more than {self.limits.entities} entities")
        if len(self.stack) >= self.limits.depth:
            raise LimitExceeded(f"multiparts nested more than {self.limits.depth} deep")

    def _push(self, opened: _Open) -> None:
        self._check_room()
        self.count += 1
        self.stack.append(opened)

    def _media_type(self, scanned: ScannedHeader, default: str) -> MediaType:
        """The type in the first Content-Type, or that of another one by which there are parts."""
        header = scanned.header
        first = parse_media_type(header.get("content-type"), default=default)
        if len(header.index) == len(header.fields):
            return first
        named = [one for one in header.fields if one.name == "content-type"]
        for one in named if len(named) > 1 else ():
            media_type = parse_media_type(header.value(one))
            if media_type.type == "multipart" and self._occurs(
                media_type.boundaries, scanned.body_start
            ):
                return media_type
        return first

    def _find_boundaries(self, multipart: _Open) -> None:
        boundaries = multipart.media_type.boundaries
        scanned = multipart.scanned
        # Nobody looks before the first second reading: until then it is taken for granted.
        known = not self.second_readings or self._occurs(boundaries, scanned.body_start)
        if not boundaries or not known:
            self._report(DefectKind.MISSING_BOUNDARY, *scanned.header.span)
            sniffed = self._sniffed_boundary(scanned.body_start, len(self.raw))
            boundaries = ()
            if sniffed is not None:
                boundaries, multipart.guessed_at = (sniffed[0],), sniffed[1]
        self._know_boundaries(multipart, boundaries)

    def _find_parts(self, root: _Open) -> None:
        """Take a message that says nothing of its content for the multipart that it is."""
        start = root.scanned.body_start
        sniffed = self._sniffed_boundary(start, len(self.raw), is_sure=True)
        if sniffed is None:
            return
        boundary, first = sniffed
        # A text may quote a mail, and with it the header that declares its boundary.
        is_quoted = self.raw.find(boundary, start, first) >= 0
        if not is_quoted and self._occurs((boundary,), first + 1):
            self._report(DefectKind.MISSING_BOUNDARY, *root.scanned.header.span)
            root.media_type = parse_media_type(b"multipart/mixed")
            root.guessed_at = first
            self._know_boundaries(root, (boundary,))

    def _scan(self, start: int, place: Place) -> ScannedHeader:
        scanned = scan_header(
            self.raw,
            start,
            newline=self.newline,
            is_delimiter=self._is_delimiter,
            place=place,
            most_bytes=self.limits.header_size,
            most_fields=self.fields_left,
            lf_until=self.lf_until or 0,
        )
        self.fields_left -= scanned.fields_read
        self.headers_size += scanned.bytes_read
        if self.headers_size > HEADERS * self.limits.header_size:
            raise LimitExceeded(
                f"headers of more than {HEADERS * self.limits.header_size} bytes in all"
            )
        return scanned

    def _sniffed_boundary(
        self, position: int, end: int, *, is_sure: bool = False
    ) -> tuple[bytes, int] | None:
        """The boundary that a multipart should have declared, and where its first line is.

        Only lines between `position` and `end` count, and none behind a known delimiter.
        """
        for _ in range(_SNIFFED_LINES):
            start = self._next_dashes(position)
            if not 0 <= start < end:
                return None
            position = self._line_end(start)
            if self._is_delimiter(self.raw[start:position].rstrip(b"\r\n")):
                return None
            boundary = undeclared_boundary(self.raw, start, end, is_sure=is_sure)
            if boundary is not None:
                return boundary, start
        return None

    def _look_again(self, end: int) -> int | None:
        """Give an empty multipart that ends at `end` a second reading, by its real boundary.

        Returns where to read on, or None if there is nothing to be found.
        """
        multipart = self.stack[-1]
        if not multipart.boundaries or multipart.parts or multipart.is_second_reading:
            return None
        multipart.is_second_reading = True
        self.second_readings += 1
        if self.second_readings > _SECOND_READINGS:
            return None
        body_start = multipart.scanned.body_start
        if (sniffed := self._sniffed_boundary(body_start, end)) is None:
            return None
        boundary, multipart.guessed_at = sniffed
        self._report(DefectKind.MISSING_BOUNDARY, *multipart.scanned.header.span)
        self._forget_boundaries(multipart)
        multipart.close_delimiter = None
        self._know_boundaries(multipart, (boundary,))
        return self._open_undelimited()

    def _occurs(self, boundaries: tuple[bytes, ...], position: int) -> bool:
        """Whether a line behind `position` may be a delimiter of these boundaries."""
        if self.last_lines is None:
            self.last_lines = self._index_lines()
        last_lines = self.last_lines
        return len(last_lines) > _INDEXED_LINES or any(
            last_lines.get(token, -1) >= position
            for one in boundaries
            for token in (one, one + b"--")
        )

    def _index_lines(self) -> dict[bytes, int]:
        """Where the last line of each kind that begins with two hyphens starts."""
        index: dict[bytes, int] = {}
        position = 0
        while (start := self._next_dashes(position)) >= 0:
            position = self._line_end(start)
            index[self.raw[start + 2 : position].rstrip(b" \t\r\n")] = start
            if len(index) > _INDEXED_LINES:
                break  # nobody knows them all then
        return index

    def _know_boundaries(self, multipart: _Open, boundaries: tuple[bytes, ...]) -> None:
        place = len(self.stack) - 1
        multipart.boundaries = boundaries
        multipart.shadowed = tuple(self.boundaries.get(one) for one in boundaries)
        for one in boundaries:
            self.boundaries[one] = place
        self.misses, self.pattern = 0, None

    def _forget_boundaries(self, multipart: _Open) -> None:
        for one, shadowed in zip(multipart.boundaries, multipart.shadowed, strict=True):
            if shadowed is None:
                del self.boundaries[one]
            else:
                self.boundaries[one] = shadowed
        self.misses, self.pattern = 0, None

    def _next_part(self, place: int, start: int, line_end: int) -> int:
        """A delimiter line of the multipart at `place`: end its last part, begin the next."""
        if len(self.stack) - 1 > place:
            self._close_from(place + 1, start)
        multipart = self.stack[place]
        if multipart.close_delimiter is not None:
            # Parts behind the close-delimiter are parts all the same.
            self._report(DefectKind.MISSING_DELIMITER, *multipart.close_delimiter)
            multipart.close_delimiter = None
        return self._open(line_end, delimiter=Span(start, line_end))

    def _close_multipart(self, place: int, line: Span) -> None:
        if len(self.stack) - 1 > place:
            self._close_from(place + 1, line.start)
        self.stack[place].close_delimiter = line

    def _close_from(self, place: int, position: int) -> Entity:
        """End every open entity from `place` on; `position` is the line that ended them."""
        end = position if position == len(self.raw) else self._before_line_break(position)
        while True:
            entity = self._finished(self.stack.pop(), end)
            if entity.delimiter is None or self._is_added(entity, entity.delimiter):
                # An empty part may end behind the line break that it shares with the delimiter.
                end = max(end, entity.body.end)
            if len(self.stack) == place:
                return entity

    def _is_added(self, part: Entity, delimiter: Span) -> bool:
        """Give a part to the multipart it stands in, if it is one; whether it is."""
        if delimiter.start == delimiter.end:
            # Fields before the first delimiter with nothing behind them are a preamble after all.
            if not part.parts and not _INK.search(self.raw, *part.body):
                return False
            self._report(DefectKind.MISSING_DELIMITER, *delimiter)
        elif part.span.start == part.span.end:
            if part.span.end < len(self.raw):
                # Nothing at all stands between two delimiter lines.
                self._report(DefectKind.DOUBLED_DELIMITER, *delimiter)
            return False
        self.stack[-1].parts.append(part)
        return True

    def _before_line_break(self, position: int) -> int:
        # The line break before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1).
        start = position - 1 if self._at_line_start(position) and position else position
        if self.newline == b"\n" and start and self.raw[start - 1 : start] == b"\r":
            start -= 1
        return start

    def _finished(self, opened: _Open, end: int) -> Entity:
        scanned = opened.scanned
        body = Span(scanned.body_start, max(scanned.body_start, end))
        if opened.boundaries:
            self._forget_boundaries(opened)
            if not opened.parts:
                self._report(DefectKind.MISSING_DELIMITER, *body)
            elif opened.close_delimiter is None:
                self._report(DefectKind.MISSING_CLOSE_DELIMITER, body.end, body.end)
        header = scanned.header
        disposition: Parameterised | None = None
        if (value := header.get("content-disposition")) is not None:
            disposition = parse_parameterised(value)
        encoding: TransferEncoding | None = TransferEncoding.SEVEN_BIT
        if (value := header.get("content-transfer-encoding")) is not None:
            encoding = parse_transfer_encoding(value.decode("latin-1"))
        media_type = opened.media_type
        filename = filename_of(disposition, media_type)
        is_file = filename is not None or (
            disposition is not None and disposition.word == "attachment"
        )
        stands_in = encoding
        if not is_file and not opened.parts:
            media_type, stands_in = self._as_seen(opened, body, encoding)
        entity = Entity(
            header=header,
            body=body,
            media_type=media_type,
            transfer_encoding=stands_in,
            disposition=disposition,
            filename=filename,
            delimiter=opened.delimiter,
            close_delimiter=opened.close_delimiter,
            parts=tuple(opened.parts),
            is_mislabelled=stands_in is not encoding,
        )
        self._examine(entity)
        return entity

    def _as_seen(
        self, opened: _Open, body: Span, encoding: TransferEncoding | None
    ) -> tuple[MediaType, TransferEncoding | None]:
        """The type and the encoding of a leaf, by its bytes where its header is not believed.

        It has no name, and is not said to be an attachment.
        """
        media_type = opened.media_type
        stands_in = None if encoding is None else real_encoding(self.raw, body, encoding)
        if self._is_text(opened, body, stands_in):
            named = opened.scanned.header.first("content-type")
            if media_type.valid and named:
                self._report(DefectKind.INVALID_MEDIA_TYPE, *named.span)
            media_type = text_type_of(media_type)
        elif self._is_untold_file(opened, body, stands_in):
            media_type = parse_media_type(b"application/octet-stream")
        return media_type, stands_in if media_type.type == "text" else encoding

    def _is_text(self, opened: _Open, body: Span, encoding: TransferEncoding | None) -> bool:
        """Whether a leaf without a name is a text, of a type that nobody knows.

        Of the types that are well-formed, in a part, only those count whose words say text.
        """
        if is_known_type(opened.media_type, at_the_top=opened.delimiter is None):
            return False
        is_guess = not opened.media_type.valid or opened.delimiter is None
        if not (is_guess or is_said_to_be_text(opened.media_type)):
            return False
        if encoding is TransferEncoding.UUENCODE:
            return False
        if encoding in IDENTITY and self.raw.find(b"\0", *body) >= 0:
            return False
        start, end = body
        head = Span(start, min(end, start + HEAD))
        content = decode_content(self.raw, head, encoding or TransferEncoding.BINARY)
        return looks_like_text(b"".join(content))

    def _is_untold_file(
        self, opened: _Open, body: Span, encoding: TransferEncoding | None
    ) -> bool:
        """Whether a leaf is a file although its header tells neither a type nor a name."""
        header = opened.scanned.header
        if header.first("content-type") or opened.media_type.full != "text/plain":
            return False
        head = Span(body.start, min(body.end, body.start + HEAD))
        content = decode_content(self.raw, head, encoding or TransferEncoding.BINARY)
        return is_surely_a_file(b"".join(content))

    def _examine(self, entity: Entity) -> None:
        header = entity.header
        if not self.raw[header.span.start : header.span.end].isascii():
            self.has_raw_fields = True
            for one in header.fields:
                if not self.raw[one.value_start : one.value_end].isascii():
                    self._report(DefectKind.NON_ASCII_HEADER, *one.span)
        if entity.transfer_encoding is None and (
            named := header.first("content-transfer-encoding")
        ):
            self._report(DefectKind.UNKNOWN_TRANSFER_ENCODING, *named.span)
        if entity.is_multipart:
            return
        charset = entity.media_type.parameters.get("charset")
        if entity.media_type.type == "text" and charset and not charsets_of(charset):
            self._report(DefectKind.UNKNOWN_CHARSET, *header.span)


def _end_of_lf_lines(raw: bytes) -> int | None:
    """Where lines begin that end in a bare CR throughout; None in a message that is read by LF.

    SES puts fields with CRLF on top of what a device sent, and the last line may end so, too.
    """
    top = _LF_FIELDS.match(raw)
    start = top.end() if top else 0
    first_lf = raw.find(b"\n", start)
    if first_lf < 0:
        return start if raw.find(b"\r", start) >= 0 else None
    if raw.find(b"\r", start, first_lf - 1) < 0:
        return None
    return start if not raw[first_lf:].strip(b"\r\n") else None


# Fields and their folds, the lines of which hold no CR but before an LF.
_LF_FIELDS = re.compile(possessive(r"(?:[!-9;-~]++[ \t]*+:|[ \t]++)[^\r\n]*+\r?\n", "*").encode())


def _is_file(header: Header, media_type: MediaType) -> bool:
    """Whether a multipart is meant as a file: it has a name, or a disposition of attachment."""
    value = header.get("content-disposition")
    disposition = None if value is None else parse_parameterised(value)
    is_attached = disposition is not None and disposition.word == "attachment"
    return is_attached or filename_of(disposition, media_type) is not None


def _may_hold_parts(header: Header) -> bool:
    """Whether the header of a message speaks of MIME, and not of its content."""
    return (
        header.first("mime-version") is not None
        and header.first("content-type") is None
        and header.first("content-disposition") is None
        and not _is_encoded(header)
    )


def _is_plain_text(header: Header, media_type: MediaType) -> bool:
    """Whether a part is a text that stands as it is, not encoded, and not a file."""
    return (
        media_type.type == "text"
        and "name" not in media_type.parameters
        and header.first("content-disposition") is None
        and not _is_encoded(header)
    )


def _is_encoded(header: Header) -> bool:
    """Whether a transfer encoding is named under which content does not stand as it is."""
    named = header.get("content-transfer-encoding")
    return named is not None and named.lower() not in _IDENTITY_NAMES


_IDENTITY_NAMES = frozenset(one.encode("ascii") for one in IDENTITY)
