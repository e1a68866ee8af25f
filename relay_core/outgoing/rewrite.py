"""The outgoing message as splices on the incoming one.

A splice replaces one span of the original by new bytes. Everything between splices goes out
as it came in, so what nobody meant to change is byte-identical. What is spliced:

* a detached attachment, from its delimiter line to the next;
* the body of a text whose words change (the recipient code goes, the list of links comes),
  re-encoded in a charset and a transfer encoding that hold them, with the two fields that
  say so;
* a leaf that could not travel: 8-bit or over-long lines become quoted-printable or base64;
* the signature of a signed message, once anything in it changes, for it would only alarm;
* a header with lines that are no fields, or a multipart without its closing delimiter: a
  reader downstream must not have to guess as we did.

The header of the message itself is composed elsewhere (`header`) and put in front.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from relay_core.addresses.secrecy import conceal, is_spelled_in
from relay_core.attachments.attachment import (
    Attachment,
    find_bodies,
    is_body,
    is_prose,
    is_signature,
    replaced_entities,
)
from relay_core.attachments.long_text import LongText, Removals
from relay_core.errors import Span
from relay_core.html.meta_charset import with_meta_charset
from relay_core.html.placement import Place, at_place, find_place
from relay_core.mime.encoding import (
    TransferEncoding,
    are_read_alike,
    encode_base64,
    encode_text_content,
    encode_unstructured,
    has_irregular_base64,
    has_irregular_quoted_printable,
    is_seven_bit_clean,
    parse_transfer_encoding,
)
from relay_core.mime.header import Header, HeaderField
from relay_core.mime.media_type import (
    Parameterised,
    format_parameterised,
    parse_media_type,
    parse_parameterised,
)
from relay_core.mime.message import CONTENT_FIELD, ONCE_ONLY, Entity, Message
from relay_core.mime.uuencode import quote_uuencoded
from relay_core.text.charsets import encode_text, encode_unread
from relay_core.text.reading import Reading
from relay_core.text.spans import cut

from .link_list import ListedAttachment, format_appendix_html, format_appendix_text

CRLF = b"\r\n"


class Splice(NamedTuple):
    """Replace `raw[span.start:span.end]` by `replacement`."""

    span: Span
    replacement: bytes


def apply_splices(raw: bytes, splices: Iterable[Splice], *, start: int = 0) -> bytes:
    """The bytes from `start` on with every splice carried out. `apply_splices(raw, ()) == raw`.

    Raises:
        ValueError: if two splices overlap or one reaches outside.
    """
    view = memoryview(raw)
    pieces: list[bytes | memoryview] = []
    position = start
    for span, replacement in sorted(splices, key=itemgetter(0)):
        if span.start < position or span.end > len(raw):
            raise ValueError(f"splice at {span} overlaps another or an end")
        pieces += [view[position : span.start], replacement]
        position = span.end
    pieces.append(view[position:])
    return b"".join(pieces)


class RewrittenBody(NamedTuple):
    """All that stands below the message's header, ready to go out, and the fields it needs.

    `fields` maps lower-case names to the values that the message's header must have for this
    body; None means that the field must not be there.
    """

    content: bytes
    fields: Mapping[str, str | None]


def rewrite_body(
    message: Message,
    *,
    detached: Sequence[Attachment],
    removals: Mapping[Entity, Removals],
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    page_url: str | None = None,
    secrets: tuple[str, ...] = (),
) -> RewrittenBody:
    """The message's body without its attachments, with their links.

    `removals` are the spans, in characters, to cut from the texts; the files that stand in a
    text are among them. Of a long text goes out what it shows. `listed`, with the page at
    `page_url` if there is one, and `notes` (sentences) are put into the first prose that a reader
    sees, and into its alternative form; without any prose, a new text takes the place of the first
    attachment. Where there is nothing to tell, nothing is added. `secrets` are addresses that no
    text and no part's header may spell.
    """
    prepared = prepare_bodies(
        message, detached=detached, removals=removals, listed=listed, notes=notes, secrets=secrets
    )
    return prepared(page_url)


def prepare_bodies(
    message: Message,
    *,
    detached: Sequence[Attachment],
    removals: Mapping[Entity, Removals],
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    secrets: tuple[str, ...] = (),
) -> Callable[[str | None], RewrittenBody]:
    """What makes the body that leads to a page: all that such bodies have in common is done once.

    A mail may go to a hundred recipients, with a page each. Arguments as of `rewrite_body`.
    """
    rewriter = _Rewriter(message, tuple(detached), removals, tuple(listed), notes, secrets)
    rewriter.prepare()
    return rewriter.for_page


SIGNATURE_NOTE = (
    "This mail was signed. The signature was taken off, because the mail was changed on its way."
)


@dataclass(slots=True)
class _Rewriter:
    message: Message
    attachments: tuple[Attachment, ...]
    removals: Mapping[Entity, Removals]
    listed: tuple[ListedAttachment, ...]
    notes: Sequence[str]
    secrets: tuple[str, ...]
    multiparts: tuple[Entity, ...] = ()
    texts: dict[Entity, str] = field(default_factory=dict)
    readings: dict[Entity, Reading] = field(default_factory=dict)  # of long texts
    unsigned: frozenset[Entity] = frozenset()
    boundaries: Mapping[Entity, bytes] = field(default_factory=dict)
    splices: list[Splice] = field(default_factory=list)
    openings: list[Splice] = field(default_factory=list)  # before all else at the same place
    root_fields: dict[str, str | None] = field(default_factory=dict)
    hosts: tuple[Entity, ...] = ()  # the texts that tell
    places: dict[Entity, Place] = field(default_factory=dict)  # in those that are HTML
    note_place: Entity | None = None  # the attachment whose place a note takes

    def prepare(self) -> None:
        """Do all that does not depend on the page."""
        detached = set(replaced_entities(self.attachments))
        self.multiparts = tuple(entity for entity in self.message.entities if entity.parts)
        self.boundaries = _outgoing_boundaries(self.multiparts, self.secrets)
        self._take_texts()
        self._conceal_secrets(detached)
        if archive := next((one for one in self.attachments if one.members), None):
            self.notes = [*self.notes, _archive_note(archive)]
        hosts = tuple(one for one in _visible_texts(self.message) if one not in detached)
        if not hosts and not detached:
            hosts = find_bodies(self.message)[:1]  # a table with a file in it, say
        self.unsigned = self._no_longer_signed(detached, hosts)
        if self.unsigned:
            self.notes = [*self.notes, SIGNATURE_NOTE]
        self._choose_places(hosts, detached)
        gone = self._removed(detached - {self.note_place})
        for entity in self.message.entities:
            if entity in self.hosts or entity is self.note_place or entity in gone:
                continue
            if entity.parts:
                self._mend_multipart(entity)
            else:
                self._rewrite_leaf(entity)
        self._cut_and_close(gone)

    def for_page(self, page_url: str | None) -> RewrittenBody:
        """The body whose readers are led to that page."""
        page = replace(
            self, texts=dict(self.texts), splices=[], root_fields=dict(self.root_fields)
        )
        return page.telling(page_url, self.splices)

    def telling(self, page_url: str | None, common: Sequence[Splice]) -> RewrittenBody:
        """The body with what the readers are told; `common` are the splices of all bodies."""
        for entity in self.hosts:
            self.texts[entity] = self._told(entity, page_url)
            self._rewrite_leaf(entity)
        if self.note_place is not None:
            note = format_appendix_text(self.listed, self.notes, page_url=page_url)
            self._write_text(self.note_place, note, "text/plain", Reading("utf-8"), is_note=True)
        splices = chain(self.openings, self.splices, common)
        start = self.message.root.header.span.end
        content = apply_splices(self.message.raw, splices, start=start)
        return RewrittenBody(content=_crlf(content), fields=self.root_fields)

    def _text(self, entity: Entity) -> str:
        """A text as it goes out, but for what it tells."""
        text = self.texts.get(entity)
        return self.message.text(entity).text if text is None else text

    def _take_texts(self) -> None:
        """The texts that lost something, as they are without it."""
        for entity, removed in self.removals.items():
            if not isinstance(removed, LongText):
                self.texts[entity] = quote_uuencoded(cut(self.message.text(entity).text, removed))
            elif removed.shown is not None:
                self.texts[entity] = quote_uuencoded(removed.shown)
                self.readings[entity] = removed.reading

    def _conceal_secrets(self, detached: set[Entity]) -> None:
        for entity in self.message.leaves() if self.secrets else ():
            # An invitation that stays is a text, too.
            is_text = is_body(entity) or entity.media_type.subtype.endswith("calendar")
            if is_text and entity not in detached:
                text = self._text(entity)
                if (concealed := conceal(text, self.secrets)) != text:
                    self.texts[entity] = concealed

    # --- what the reader is told --------------------------------------------------------------

    def _choose_places(self, hosts: Sequence[Entity], detached: set[Entity]) -> None:
        """Choose where the readers are told, if there is anything to tell."""
        if not self.listed and not self.notes:
            return
        self.hosts = tuple(hosts)
        for entity in hosts:
            if entity.media_type.full == "text/html":
                self.places[entity] = find_place(self._text(entity))
        if not hosts:
            files = (one for one in self.message.entities if one in detached)
            self.note_place = next(files, None)

    def _told(self, entity: Entity, page_url: str | None) -> str:
        """A text with list and notes in it."""
        text = self._text(entity)
        if (place := self.places.get(entity)) is None:
            return _with_text(
                text, format_appendix_text(self.listed, self.notes, page_url=page_url)
            )
        appendix = format_appendix_html(self.listed, self.notes, page_url=page_url, among=text)
        return at_place(text, place, appendix)

    def _no_longer_signed(
        self, detached: set[Entity], hosts: Sequence[Entity]
    ) -> frozenset[Entity]:
        """The signed multiparts (RFC 1847) in whose content anything changes."""
        signed = [one for one in self.multiparts if one.media_type.full == "multipart/signed"]
        if not signed:
            return frozenset()
        changed = detached | set(self.texts)
        if self.listed or self.notes:
            changed |= set(hosts)
        for entity in reversed(self.message.entities):
            if entity.parts:
                if any(part in changed for part in entity.parts):
                    changed.add(entity)
            elif not is_signature(entity) and not self._travels_as_it_is(entity):
                changed.add(entity)
        return frozenset(entity for entity in signed if entity in changed)

    # --- what goes ----------------------------------------------------------------------------

    def _removed(self, detached: set[Entity]) -> frozenset[Entity]:
        """The detached entities, void signatures, and the multiparts with nothing left in them."""
        removed = set(detached)
        for entity in self.unsigned:
            removed.update(part for part in entity.parts[1:] if is_signature(part))
        for entity in reversed(self.multiparts):
            if entity is not self.message.root and all(part in removed for part in entity.parts):
                removed.add(entity)
        return frozenset(removed)

    def _cut_and_close(self, removed: frozenset[Entity]) -> None:
        # Innermost first: where several multiparts end at one place, so do their delimiters.
        for multipart in reversed(self.multiparts):
            if multipart in removed:
                continue
            close = multipart.close_delimiter
            boundary = self.boundaries[multipart]
            starts = [_opening(part).start for part in multipart.parts]
            ends = [*starts[1:], multipart.body.end if close is None else close.start]
            for part, start, end in zip(multipart.parts, starts, ends, strict=True):
                if part in removed:
                    self._splice(start, end, b"")
                    continue
                self._write_line(_opening(part), b"--" + boundary, limit=part.span.start)
                if self.message.raw[part.body.end : end].strip(b"\r\n"):
                    # Delimiter lines without a part, or a close-delimiter before its time.
                    self._splice(part.body.end, end, CRLF)
            if close is None:
                line_break = b"" if multipart.parts[-1] in removed else CRLF
                closing = line_break + b"--" + boundary + b"--" + CRLF
                self._splice(multipart.body.end, multipart.body.end, closing)
            else:
                self._write_line(close, b"--" + boundary + b"--", limit=multipart.body.end)

    def _write_line(self, line: Span, wanted: bytes, *, limit: int) -> None:
        """Make a delimiter line what it should be, if it is not; `limit` is where it may end."""
        written = self.message.raw[line.start : line.end]
        token = written.rstrip(b"\r\n")
        line_break = written[len(token) :]
        is_plain = line_break in (b"", b"\n", CRLF) or not self.message.reads_by_lf
        if token.rstrip(b" \t") != wanted or not is_plain:
            # The line break at the end of a multipart belongs to the delimiter behind it.
            end = min(line.end, limit)
            replacement = wanted + (CRLF if end == line.end else b"")
            where = self.openings if line.start == line.end else self.splices
            where.append(Splice(Span(line.start, end), replacement))

    def _splice(self, start: int, end: int, replacement: bytes) -> None:
        self.splices.append(Splice(Span(start, end), replacement))

    # --- what is mended -------------------------------------------------------------------------

    def _mend_multipart(self, entity: Entity) -> None:
        fields: dict[str, str | None] = {}
        if entity.header.first("content-transfer-encoding") is not None:
            # The parts are 7-bit clean now, and a multipart has no encoding of its own
            # (RFC 2045 section 6.4).
            fields["content-transfer-encoding"] = None
        boundary = self.boundaries[entity]
        if entity in self.unsigned or not _declares(entity, boundary):
            full = "multipart/mixed" if entity in self.unsigned else entity.media_type.full
            parameters = dict(entity.media_type.parameters) if entity not in self.unsigned else {}
            fields["content-type"] = format_parameterised(
                full, parameters | {"boundary": boundary.decode("ascii")}
            )
        self._write_header(entity, fields)
        dashes = b"--" + _boundary(entity)
        self._clean_margin(entity.body.start, _opening(entity.parts[0]).start, dashes)
        if entity.close_delimiter is not None:
            self._clean_margin(entity.close_delimiter.end, entity.body.end, dashes)

    def _clean_margin(self, start: int, end: int, dashes: bytes) -> None:
        """Drop a preamble or an epilogue that could not travel, or would be taken for a part.

        Nobody is shown them.
        """
        raw = self.message.raw
        if start < end and (
            end - start > _MAX_MARGIN
            or raw.find(dashes, start, end) >= 0
            or not self._is_clean(Span(start, end))
            or is_spelled_in(raw[start:end], self.secrets)
            or CONTENT_FIELD.match(raw[start:end].lstrip(b"\r\n"))
        ):
            self._splice(start, end, b"")

    def _rewrite_leaf(self, entity: Entity) -> None:
        if entity in self.texts or self._reads_better_anew(entity):
            reading = self.readings.get(entity)
            if reading is None:
                read = self.message.text(entity)
                reading = read.reading
                self.texts.setdefault(entity, read.text)
            # A multipart that could not be split goes out as the text that it is.
            is_text = entity.media_type.type == "text"
            full = entity.media_type.full if is_text else "text/plain"
            self._write_text(entity, self.texts[entity], full, reading)
        elif not self._travels_as_it_is(entity):
            content = encode_base64(self.message.content(entity))
            fields: dict[str, str | None] = {"content-transfer-encoding": "base64"}
            if entity.media_type.type in {"multipart", "message"}:
                # Neither may be encoded (RFC 2045 section 6.4): it goes as the bytes that it is.
                fields["content-type"] = "application/octet-stream"
            self._write_leaf(entity, fields, content)
        elif (
            entity is self.message.root
            and entity.header.first("content-type") is None
            and self.message.raw.find(b"--", *entity.body) >= 0
        ):
            # A text that says so is never taken for the multipart that it may look like.
            self._write_header(entity, {"content-type": "text/plain; charset=us-ascii"})
        else:
            self._write_header(entity, {})

    def _reads_better_anew(self, entity: Entity) -> bool:
        """Whether prose is better written anew than left as it is, or encoded as it is.

        Of any other text we know too little: its charset may be told inside of it.
        """
        if not (is_body(entity) and is_prose(entity)):
            return False
        if _is_relabelled(entity) or not self._travels_as_it_is(entity):
            return True
        reading = self.message.text(entity).reading
        return reading.is_understood and reading.is_whole and not reading.is_declared

    def _travels_as_it_is(self, entity: Entity) -> bool:
        raw, body, encoding = self.message.raw, entity.body, entity.transfer_encoding
        if encoding in {None, TransferEncoding.UUENCODE} or entity.media_type.type == "multipart":
            return False  # few know how to read it
        if entity.is_mislabelled:
            return False
        if encoding is TransferEncoding.BASE64:
            # Blanks do no harm to base64, but not every reader knows.
            is_regular = not _BLANK.search(raw, *body) and not has_irregular_base64(raw, body)
        elif encoding is TransferEncoding.QUOTED_PRINTABLE:
            is_regular = not has_irregular_quoted_printable(raw, body)
        else:
            is_regular = True
        return is_regular and self._is_clean(body)

    def _is_clean(self, span: Span) -> bool:
        """Whether a range can go out as it stands: no other line breaks than those we read by."""
        raw = self.message.raw
        return is_seven_bit_clean(raw, span) and not (
            self.message.reads_by_lf and raw.count(b"\r", *span) != raw.count(CRLF, *span)
        )

    def _write_text(
        self, entity: Entity, text: str, full: str, reading: Reading, *, is_note: bool = False
    ) -> None:
        """Write a text in the place of an entity; a note stands in the place of a file.

        A text that is not understood keeps its bytes and its label.
        """
        is_html = full == "text/html"
        written = set() if is_note else {"format", "delsp"}
        parameters: dict[str, str] = {}
        if reading.is_understood:
            name, content = encode_text(text, reading.charset)
            if is_html and (named := with_meta_charset(text, name)) != text:
                content = named.encode(name)
            parameters["charset"] = name
        else:
            label = entity.media_type.parameters.get("charset")
            content = encode_unread(text, label, is_html=is_html)
            written.add("charset")
        encoding, encoded = encode_text_content(content)
        if encoding is not TransferEncoding.BASE64 and self._looks_delimited(encoded):
            encoding, encoded = TransferEncoding.BASE64, encode_base64([content])
        parameters |= {
            name: value
            for name, value in entity.media_type.parameters.items()
            if name in written or not (is_note or is_prose(entity) or name == "charset")
        }
        fields: dict[str, str | None] = {
            "content-type": format_parameterised(full, parameters),
            "content-transfer-encoding": str(encoding),
            "content-md5": None,
        }
        if is_note:
            fields |= {"content-disposition": None, "content-id": None, "content-location": None}
        elif entity.media_type.type == "multipart" or _is_named(entity.disposition):
            fields["content-disposition"] = None  # a text that has a name is an attachment
        self._write_leaf(entity, fields, encoded)

    def _looks_delimited(self, content: bytes) -> bool:
        """Whether a line of a text would be taken for a delimiter."""
        if b"--" not in content:
            return False
        tokens = (match[1].rstrip() for match in _DASHES.finditer(content))
        boundaries = frozenset(self.boundaries.values())
        return any(
            token in boundaries or token.removesuffix(b"--").rstrip() in boundaries
            for token in tokens
        )

    def _write_leaf(
        self, entity: Entity, fields: Mapping[str, str | None], content: bytes
    ) -> None:
        self._write_header(entity, fields)
        start, end = entity.body
        if content and self.message.raw[end : end + 1].strip(b"\r\n"):
            # An empty part may share its only line break with the delimiter behind it.
            content += CRLF
        self._splice(start, end, content)

    def _write_header(self, entity: Entity, fields: Mapping[str, str | None]) -> None:
        fields = {**concealed_fields(entity.header, self.secrets), **fields}
        if not fields and entity.media_type.full == "text/plain" and _is_nameless(entity.header):
            # Behind no field at all, a text that begins like a header may be taken for one.
            fields = {"content-type": "text/plain; charset=us-ascii"}
        if entity is self.message.root:
            # All other fields of the message are composed elsewhere.
            self.root_fields.update(
                (name, value) for name, value in fields.items() if name.startswith("content-")
            )
        elif any(value is not None for value in fields.values()) or not _is_clean(
            entity.header, fields
        ):
            span = entity.header.span
            self._splice(span.start, span.end, _part_header(entity.header, fields))


def _is_named(disposition: Parameterised | None) -> bool:
    if disposition is None:
        return False
    names = {"filename"} if disposition.word == "form-data" else {"filename", "name"}
    return not names.isdisjoint(disposition.parameters)


_MAX_MARGIN = 10_000
"""How long a preamble or an epilogue may be, in bytes: they hold a sentence for old programs."""


def _archive_note(archive: Attachment) -> str:
    total = archive.index - 1 + len(archive.members)
    return (
        f"This mail has {total} attachments. The first {archive.index - 1} are listed; "
        f"all others are in the archive {archive.safe_name}."
    )


_ALTERNATIVE = "multipart/alternative"


def _visible_texts(message: Message) -> tuple[Entity, ...]:
    """The first prose, and the other forms of it where it stands in a multipart/alternative."""
    prose = (leaf for leaf in message.leaves() if is_body(leaf) and is_prose(leaf))
    if (first := next(prose, None)) is None:
        return ()
    if all(one.media_type.full != _ALTERNATIVE for one in message.entities):
        return (first,)
    parents = {part: entity for entity in message.entities for part in entity.parts}
    entity = first
    while entity.media_type.full != _ALTERNATIVE:
        if entity not in parents:
            return (first,)
        entity = parents[entity]
    first_of_each_kind: dict[str, Entity] = {}
    for inner in entity.walk():
        if not inner.parts and is_body(inner) and is_prose(inner):
            first_of_each_kind.setdefault(inner.media_type.full, inner)
    return tuple(first_of_each_kind.values())


# A signature (RFC 3676 section 4.3) has some lines; before more of them the line is another one.
_SIGNATURE = re.compile(r"(?:^|(?<=[\r\n]))-- \r?\n(?:[^\n]*+\n?){0,15}\Z")


def _with_text(text: str, block: str) -> str:
    """A text with a block at its end, but above the signature."""
    signature = _SIGNATURE.search(text) if "-- " in text else None
    end = len(text) if signature is None else signature.start()
    stripped = text[:end].rstrip()
    told = f"{stripped}\n\n{block}" if stripped else block
    return told if signature is None else f"{told}\n{text[end:]}"


def _opening(part: Entity) -> Span:
    """The delimiter line that opens a part."""
    if part.delimiter is None:
        raise ValueError("only the parts of a multipart have a delimiter")
    return part.delimiter


def _boundary(multipart: Entity) -> bytes:
    """The boundary that the multipart's parts are really delimited by."""
    raw = multipart.header.raw
    for part in multipart.parts:
        start, end = _opening(part)
        if start < end:
            return raw[start:end].strip(b" \t\r\n").removeprefix(b"--")
    # Its only part lacks the delimiter before it.
    if (close := multipart.close_delimiter) is not None:
        token = raw[close.start + 2 : close.end].rstrip(b" \t\r\n")
        return token.removesuffix(b"--").rstrip(b" \t")
    return multipart.media_type.boundaries[0] if multipart.media_type.boundaries else b""


_MAX_BOUNDARY = 200
"""RFC 2046 section 5.1.1 allows 70 characters; longer ones are common and harmless."""

# No escapes, nothing that would be decoded as an encoded-word, no brackets that some take off.
_PRINTABLE = re.compile(rb"(?!.*=\?|<)[!-\[\]-~](?:[ -\[\]-~]*[!-\[\]-~])?")


def _outgoing_boundaries(
    multiparts: Sequence[Entity], secrets: tuple[str, ...]
) -> dict[Entity, bytes]:
    """The boundary that each multipart goes out with: its own, if all readers can tell it.

    One that could not travel or spells a secret, or that another has too, is replaced.
    """
    chosen: dict[Entity, bytes] = {}
    taken: set[bytes] = set()
    for number, entity in enumerate(multiparts):
        boundary = _boundary(entity)
        is_usable = (
            len(boundary) <= _MAX_BOUNDARY
            and _PRINTABLE.fullmatch(boundary)
            and not is_spelled_in(boundary, secrets)
        )
        if not is_usable or taken & {boundary, boundary + b"--", boundary.removesuffix(b"--")}:
            digest = sha256(b"%d %b" % (number, boundary)).hexdigest()
            boundary = b"relay_" + digest[:32].encode("ascii")
        chosen[entity] = boundary
        taken.add(boundary)
    return chosen


def _declares(multipart: Entity, boundary: bytes) -> bool:
    """Whether any reader finds the boundary in the header as it stands."""
    header = multipart.header
    if (one := header.first("content-type")) is None:
        return False
    media_type = parse_media_type(header.value(one))
    return (
        media_type.valid
        and media_type.boundary == boundary
        and _is_strict(header, one)
        and b"*" not in header.value(one)  # RFC 2231 is not known to all
    )


def _is_relabelled(entity: Entity) -> bool:
    """Whether the entity was read as another type than its header says."""
    named = entity.header.get("content-type")
    return named is not None and parse_media_type(named).full != entity.media_type.full


# --- what can travel ----------------------------------------------------------------------------

_DASHES = re.compile(rb"^--([^\r\n]*)", re.MULTILINE)
_BLANK = re.compile(rb"[ \t]")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _crlf(content: bytes) -> bytes:
    """Every line break as CRLF, the only one that mail has (RFC 5322 section 2.3)."""
    whole = content.count(CRLF)
    if content.count(b"\n") == whole == content.count(b"\r"):
        return content
    return content.replace(CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", CRLF)


def _is_clean(header: Header, dropped: Mapping[str, str | None]) -> bool:
    """Whether a part's header can go out as it stands."""
    raw = header.raw[header.span.start : header.span.end]
    if any(one.name in dropped for one in header.fields):
        return False
    written = b"".join(written_field(header, one) for one in _kept_fields(header))
    return _crlf(raw) == written + CRLF


def _is_nameless(header: Header) -> bool:
    """Whether no field of a part goes out, though there is something in its header."""
    has_content = header.span.start == header.span.end or bool(header.fields)
    return has_content and not any(one.name.isascii() for one in header.fields)


def _kept_fields(header: Header) -> Iterator[HeaderField]:
    """The fields of a part, of each that may stand there once only the first."""
    for one in header.fields:
        if one.name not in ONCE_ONLY or header.first(one.name) is one:
            yield one


def concealed_fields(header: Header, secrets: tuple[str, ...]) -> dict[str, str | None]:
    """What the fields that spell a secret become, by name; None for one that is dropped."""
    found: dict[str, str | None] = {}
    for one in header.fields if secrets else ():
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


def _part_header(header: Header, fields: Mapping[str, str | None]) -> bytes:
    kept = [one for one in _kept_fields(header) if one.name not in fields]
    # What stands behind the last known field may be read as content (`without_unknown_tail`).
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
    """A field as it goes out: as it came where that can travel, otherwise encoded anew."""
    if not one.name.isascii():
        return b""  # nobody downstream could tell it from content
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
        return _crlf(raw)
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
    return f"{canonical_name(one.name)}: {written}\r\n".encode("ascii")


# What nearly every field is: its name, a colon, printable lines of a length that may be sent.
_CLEAN_FIELD = re.compile(
    rb"[!#-9;<>-~]++:[\t -~]{0,900}+(?:\r\n[ \t]++[!-~][\t -~]{0,900}+)*\r\n"
)
_NAME = rb"[!#$%&'*+.^_`{|}~0-9A-Za-z-]++"
_BARE_VALUE = rb"[!#$&+.^_`{|}~0-9A-Za-z-]++"
_STRICT = re.compile(
    rb"%b(?:/%b)?(?:[ \t\r\n]*+;[ \t\r\n]*+%b=(?:%b|\"[^\"\\\r\n]*+\"))*;?\s*+"
    % (_NAME, _NAME, _NAME, _BARE_VALUE)
)
"""A value that every parser reads alike: no comments, no folds or escapes inside of quotes, and
nothing unquoted that is more than an attribute-char (RFC 2231 section 7)."""


def _is_plain_value(header: Header, one: HeaderField) -> bool:
    """Whether other parsers understand a field's value as we did."""
    if one.name == "content-transfer-encoding":
        return header.value(one).decode("latin-1").lower() in set(TransferEncoding)
    if one.name not in {"content-type", "content-disposition"}:
        value = header.value(one)
        return b"=?" not in value or are_read_alike(value.decode("latin-1"))
    return _is_strict(header, one) and (
        one.name != "content-type" or parse_media_type(header.value(one)).valid
    )


def _is_strict(header: Header, one: HeaderField) -> bool:
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
