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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from relay_core.attachments.attachment import Attachment, replaced_entities
from relay_core.attachments.leaves import find_bodies
from relay_core.attachments.long_text import Removals
from relay_core.errors import Span
from relay_core.html.placement import Place, at_place, find_place
from relay_core.mime.base64_content import encode_base64
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.parameter_writing import format_parameterised
from relay_core.recipient_code import Markers
from relay_core.text.reading import Reading

from .appendix import archive_note, visible_texts, with_appendix
from .boundaries import (
    declares_boundary,
    delimiting_boundary,
    opening_line,
    outgoing_boundaries,
)
from .inline_previews import InlinePreview, previews_html, with_previews
from .letterhead import PLAIN, Letterhead
from .link_list import ListedAttachment, format_appendix_text
from .link_list_html import format_appendix_html
from .part_header import (
    can_go_out,
    concealed_fields,
    fields_of_content,
    is_nameless,
    part_header,
)
from .removed_parts import delimiter_splices, removed_entities
from .signatures import no_longer_signed, signature_note
from .splices import CRLF, RewrittenBody, Splice, apply_splices, with_crlf
from .text_writing import texts_left, write_text
from .unchanged import can_stay_unchanged, is_better_reencoded, margin_can_stay


def rewrite_body(
    message: Message,
    *,
    detached: Sequence[Attachment],
    removals: Mapping[Entity, Removals],
    listed: Sequence[ListedAttachment],
    markers: Markers = (),
    notes: Sequence[str] = (),
    page_url: str | None = None,
    secrets: tuple[str, ...] = (),
    letterhead: Letterhead = PLAIN,
) -> RewrittenBody:
    """The message's body without its attachments, with their links.

    `removals` are the spans, in characters, to cut from the texts; the files that are in a
    text are among them. Of a long text goes out what it shows. `markers` are the words around
    codes: a code may appear once what was cut no longer hides the charset of a text. `listed`,
    with the page at `page_url` if there is one, and `notes` (sentences) are put into the first
    prose that a reader sees, and into its alternative form; without any prose, a new text takes
    the place of the first attachment. Without list and note, nothing is added. `secrets` are
    addresses that no text and no part's header may spell. `letterhead` says in whose name the
    list speaks.
    """
    prepared = prepare_bodies(
        message,
        detached=detached,
        removals=removals,
        listed=listed,
        markers=markers,
        notes=notes,
        secrets=secrets,
        letterhead=letterhead,
    )
    return prepared(page_url)


def prepare_bodies(
    message: Message,
    *,
    detached: Sequence[Attachment],
    removals: Mapping[Entity, Removals],
    listed: Sequence[ListedAttachment],
    markers: Markers = (),
    notes: Sequence[str] = (),
    secrets: tuple[str, ...] = (),
    previews: Sequence[InlinePreview] = (),
    letterhead: Letterhead = PLAIN,
) -> Callable[[str | None], RewrittenBody]:
    """What makes the body that leads to a page: all that such bodies have in common is done once.

    A mail may go to a hundred recipients. Arguments as of `rewrite_body`, and pictures to show.
    """
    rewriter = _Rewriter(
        message,
        tuple(detached),
        removals,
        tuple(listed),
        markers,
        notes,
        secrets,
        tuple(previews),
        letterhead,
    )
    rewriter.prepare()
    return rewriter.for_page


@dataclass(slots=True)
class _Rewriter:
    message: Message
    attachments: tuple[Attachment, ...]
    removals: Mapping[Entity, Removals]
    listed: tuple[ListedAttachment, ...]
    markers: Markers
    notes: Sequence[str]
    secrets: tuple[str, ...]
    previews: tuple[InlinePreview, ...]
    letterhead: Letterhead
    texts: dict[Entity, str] = field(default_factory=dict)
    readings: dict[Entity, Reading] = field(default_factory=dict)  # of long texts
    unsigned: frozenset[Entity] = frozenset()
    boundaries: Mapping[Entity, bytes] = field(default_factory=dict)
    splices: list[Splice] = field(default_factory=list)
    openings: list[Splice] = field(default_factory=list)  # before all else at the same place
    root_fields: dict[str, str | None] = field(default_factory=dict)
    hosts: tuple[Entity, ...] = ()  # the texts with list and notes
    places: dict[Entity, Place] = field(default_factory=dict)  # in those that are HTML
    note_place: Entity | None = None  # the attachment whose place a note takes
    shows: Entity | None = None  # the text that shows the previews
    page_url: str | None = None

    def prepare(self) -> None:
        """Do all that does not depend on the page."""
        detached = set(replaced_entities(self.attachments))
        multiparts = tuple(entity for entity in self.message.entities if entity.parts)
        self.boundaries = outgoing_boundaries(multiparts, self.secrets)
        self.texts, self.readings = texts_left(
            self.message,
            self.removals,
            markers=self.markers,
            secrets=self.secrets,
            detached=detached,
        )
        if archive := next((one for one in self.attachments if one.members), None):
            self.notes = [*self.notes, archive_note(archive, self.letterhead.wording)]
        hosts = tuple(one for one in visible_texts(self.message) if one not in detached)
        if not hosts and not detached:
            hosts = find_bodies(self.message)[:1]  # a table with a file in it, say
        changed = detached | set(self.texts)
        if self.listed or self.notes:
            changed |= set(hosts)
        self.unsigned = no_longer_signed(self.message, changed)
        if self.unsigned:
            self.notes = [*self.notes, signature_note(self.letterhead.wording)]
        self._choose_places(hosts, detached)
        gone = removed_entities(self.message, detached - {self.note_place}, self.unsigned)
        for entity in self.message.entities:
            if entity in self.hosts or entity is self.note_place or entity in gone:
                continue
            if entity.parts:
                self._repair_multipart(entity)
            else:
                self._rewrite_leaf(entity)
        openings, splices = delimiter_splices(self.message, self.boundaries, removed=gone)
        self.openings += openings
        self.splices += splices

    def for_page(self, page_url: str | None) -> RewrittenBody:
        """The body whose readers are led to that page."""
        page = replace(
            self,
            texts=dict(self.texts),
            splices=[],
            root_fields=dict(self.root_fields),
            page_url=page_url,
        )
        return page.body_with_appendix(page_url, self.splices)

    def body_with_appendix(self, page_url: str | None, common: Sequence[Splice]) -> RewrittenBody:
        """The body with the list and notes; `common` are the splices of all bodies."""
        for entity in self.hosts:
            self.texts[entity] = self._text_with_appendix(entity, page_url)
            self._rewrite_leaf(entity)
        if self.note_place is not None:
            note = self._appendix_text(page_url)
            self._write_text(self.note_place, note, "text/plain", Reading("utf-8"), is_note=True)
        splices = chain(self.openings, self.splices, common)
        start = self.message.root.header.span.end
        content = apply_splices(self.message.raw, splices, start=start)
        return RewrittenBody(content=with_crlf(content), fields=self.root_fields)

    def _text(self, entity: Entity) -> str:
        """A text as it goes out, but without list and notes."""
        text = self.texts.get(entity)
        return self.message.text(entity).text if text is None else text

    # --- the list of links, and notes to the reader -------------------------------------------

    def _choose_places(self, hosts: Sequence[Entity], detached: set[Entity]) -> None:
        """Choose the places of the list and the notes, if there are any."""
        if not self.listed and not self.notes:
            return
        self.hosts = tuple(hosts)
        for entity in hosts:
            if entity.media_type.full == "text/html":
                self.places[entity] = find_place(self._text(entity))
        if not hosts:
            files = (one for one in self.message.entities if one in detached)
            self.note_place = next(files, None)
        self.shows = next(iter(self.places), hosts[0] if hosts else self.note_place)

    def _text_with_appendix(self, entity: Entity, page_url: str | None) -> str:
        """A text with list and notes in it."""
        text = self._text(entity)
        if (place := self.places.get(entity)) is None:
            return with_appendix(text, self._appendix_text(page_url))
        appendix = format_appendix_html(
            self.listed, self.notes, page_url=page_url, among=text, letterhead=self.letterhead
        )
        if entity is self.shows:
            appendix = previews_html(self.previews, page_url) + appendix
        return at_place(text, place, appendix)

    def _appendix_text(self, page_url: str | None) -> str:
        return format_appendix_text(
            self.listed, self.notes, page_url=page_url, letterhead=self.letterhead
        )

    # --- what is corrected ----------------------------------------------------------------------

    def _splice(self, start: int, end: int, replacement: bytes) -> None:
        self.splices.append(Splice(Span(start, end), replacement))

    def _repair_multipart(self, entity: Entity) -> None:
        fields: dict[str, str | None] = {}
        if entity.header.first("content-transfer-encoding") is not None:
            # The parts are 7-bit clean now, and a multipart has no encoding of its own
            # (RFC 2045 section 6.4).
            fields["content-transfer-encoding"] = None
        boundary = self.boundaries[entity]
        if entity in self.unsigned or not declares_boundary(entity, boundary):
            full = "multipart/mixed" if entity in self.unsigned else entity.media_type.full
            parameters = dict(entity.media_type.parameters) if entity not in self.unsigned else {}
            fields["content-type"] = format_parameterised(
                full, parameters | {"boundary": boundary.decode("ascii")}
            )
        self._write_header(entity, fields)
        dashes = b"--" + delimiting_boundary(entity)
        self._clean_margin(entity.body.start, opening_line(entity.parts[0]).start, dashes)
        if entity.close_delimiter is not None:
            self._clean_margin(entity.close_delimiter.end, entity.body.end, dashes)

    def _clean_margin(self, start: int, end: int, dashes: bytes) -> None:
        """Drop a preamble or an epilogue that must not go out. Nobody is shown them."""
        if start < end and not margin_can_stay(
            self.message, Span(start, end), dashes=dashes, secrets=self.secrets
        ):
            self._splice(start, end, b"")

    def _rewrite_leaf(self, entity: Entity) -> None:
        if entity in self.texts or is_better_reencoded(self.message, entity):
            reading = self.readings.get(entity)
            if reading is None:
                read = self.message.text(entity)
                reading = read.reading
                self.texts.setdefault(entity, read.text)
            # A multipart that could not be split goes out as the text that it is.
            is_text = entity.media_type.type == "text"
            full = entity.media_type.full if is_text else "text/plain"
            self._write_text(entity, self.texts[entity], full, reading)
        elif not can_stay_unchanged(self.message, entity):
            content = encode_base64(self.message.content(entity))
            fields = {**_undeclared_type(entity), "content-transfer-encoding": "base64"}
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
            self._write_header(entity, _undeclared_type(entity))

    def _write_text(
        self, entity: Entity, text: str, full: str, reading: Reading, *, is_note: bool = False
    ) -> None:
        boundaries = frozenset(self.boundaries.values())
        write = partial(write_text, entity, reading=reading, boundaries=boundaries)
        written = write(text, full, is_note=is_note)
        if self.previews and entity is self.shows:
            written = with_previews(write, text, written, self.previews, self.page_url)
        self._write_leaf(entity, written.fields, written.content)

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
        header, is_root = entity.header, entity is self.message.root
        # All other fields of the message are composed elsewhere.
        own = fields_of_content(header) if is_root else header.fields
        fields = {**concealed_fields(header, own, self.secrets), **fields}
        if not fields and entity.media_type.full == "text/plain" and is_nameless(header):
            # Behind no field at all, a text that begins like a header may be taken for one.
            fields = {"content-type": "text/plain; charset=us-ascii"}
        if is_root:
            self.root_fields.update(
                (name, value) for name, value in fields.items() if name.startswith("content-")
            )
        elif any(value is not None for value in fields.values()) or not can_go_out(header, fields):
            self._splice(header.span.start, header.span.end, part_header(header, fields))


def _undeclared_type(entity: Entity) -> dict[str, str | None]:
    """The Content-Type of a file that has none: it is no text to those who do not look at it."""
    if entity.media_type.full != "application/octet-stream" or entity.header.first("content-type"):
        return {}
    return {"content-type": entity.media_type.full}
