"""A body over the size limit: its beginning stays in the mail, the whole text becomes a file.

Nobody reads a megabyte in a mail, and mail programs stop showing text long before. So of such a
text the mail shows as much as there is room for, up to the end of a line or an element, and says
where the rest is. The whole is an attachment like any other, in the bytes that came, only without
its recipient codes, which are looked for everywhere in it.

All that is done on the bytes of the text (`relay_core.text.source`). In a charset in which a byte
may mean one thing here and another there (UTF-16, UTF-7, ISO-2022-JP, Shift_JIS), they are those
of the same text in UTF-8. Files that stand uuencoded in the text are taken out of it first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO

from relay_core.addresses.secrecy import MARK
from relay_core.errors import Span
from relay_core.html.markup import last_end_of_block, open_elements
from relay_core.mime.chunks import CHUNK
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.transfer_encoding import IDENTITY
from relay_core.mime.uuencode import UuencodedFile, find_uuencoded_in_bytes, without_uuencoded
from relay_core.recipient_code import (
    Allowance,
    CodeError,
    Markers,
    RecipientCode,
    SearchSizes,
    find_in_source,
    format_error,
)
from relay_core.recipient_code.candidate_regions import ORDINARY
from relay_core.text.charsets import extends_ascii
from relay_core.text.reading import Reading, find_reading, to_utf8
from relay_core.text.source import TextSource

from .full_text import FULL_TEXT, FULL_TEXT_HTML

MIN_SHOWN = 2000
"""With less room than so many bytes the mail shows nothing of a text: it is only a file."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongText:
    """What becomes of a long text.

    `source` is the text without the files in it, `removals` are the spans of it that no reader
    may see, and `codes` what they say. `reading` is how its bytes are read.
    `shown` is what the mail shows, None if nothing. The whole is an attachment if `is_attached`.
    `files` are in `content`. In the whole, `MARK` takes the place of each of the addr-specs
    `secrets`, as they are written, in letters of either case.
    """

    source: TextSource
    removals: tuple[Span, ...]
    codes: tuple[RecipientCode, ...]
    shown: str | None
    reading: Reading
    is_attached: bool
    content: bytes
    files: tuple[UuencodedFile, ...]
    secrets: tuple[str, ...] = ()

    def whole(self) -> Iterator[bytes]:
        """The text without its codes and the secrets, in chunks of bounded size."""
        for start, end in _kept(self.source, self.removals):
            position = start
            for secret in self._secrets_in(Span(start, end)):
                yield from self._chunks(position, secret.start)
                yield MARK.encode("ascii")
                position = secret.end
            yield from self._chunks(position, end)

    def _chunks(self, start: int, end: int) -> Iterator[bytes]:
        for place in range(start, end, CHUNK):
            yield _bytes_of(self.source)[place : min(place + CHUNK, end)]

    def _secrets_in(self, span: Span) -> Iterator[Span]:
        if self.secrets:
            spelled = b"|".join(re.escape(one.encode()) for one in self.secrets)
            content = _bytes_of(self.source)
            for found in re.compile(spelled, re.IGNORECASE).finditer(content, *span):
                yield Span(*found.span())

    def format_error(self, error: CodeError) -> str:
        """An error in one of the codes, shown to a person."""
        start, end = error.span
        first = self.source.between_characters(max(self.source.start, start - _AROUND))
        last = self.source.between_characters(min(end, start + _AROUND))
        behind = self.source.between_characters(min(self.source.end, last + _AROUND))
        before, place = self.source.text(first, start), self.source.text(start, last)
        span = Span(len(before), len(before) + len(place))
        text = before + place + self.source.text(last, behind)
        return format_error(text, replace(error, span=span))


Removals = Sequence[Span] | LongText
"""What a body loses: spans of its text, in characters, or what is longer than the mail shows."""

_AROUND = 200


def read_long_text(
    message: Message,
    entity: Entity,
    markers: Markers,
    *,
    allowance: Allowance,
    is_prose: bool,
    room: int,
    max_files: int,
    sizes: SearchSizes = ORDINARY,
) -> LongText:
    """Read a body that may be longer than `room`, in bytes, which is what the mail has left.

    With more than `max_files` files in it they stay in the text, and it is attached. Only of
    prose a beginning is shown: half a table is none.
    """
    content, within = _content(message, entity)
    label = entity.media_type.parameters.get("charset")
    reading = find_reading(
        content,
        within,
        label,
        message.hints(entity),
        may_take_long=message.may_take_long(entity),
    )
    codec = reading.charset
    if not (reading.is_whole and extends_ascii(codec)):
        content = to_utf8(content, within, codec)
        reading, codec = Reading("utf-8"), "utf-8"
        within = Span(0, len(content))
    files = find_uuencoded_in_bytes(content, within, most=max_files + 1)
    are_too_many = len(files) > max_files
    if are_too_many:
        files = ()
    text = _without(content, within, files) if files else content
    source = TextSource(
        content=text,
        start=0 if files else within.start,
        end=len(text) if files else within.end,
        codec=codec,
        is_html=entity.media_type.full == "text/html",
    )
    found = find_in_source(source, markers, allowance=allowance, sizes=sizes)
    kept = sum(end - start for start, end in _kept(source, found.removals))
    is_attached = kept > room or are_too_many
    shown: str | None = None
    if not is_attached:
        shown = "".join(source.text(*span) for span in _kept(source, found.removals))
    elif is_prose and room >= MIN_SHOWN:
        shown = _beginning(source, found.removals, room)
    return LongText(
        source=source,
        removals=found.removals,
        codes=found.codes,
        shown=shown,
        reading=reading,
        is_attached=is_attached,
        content=content,
        files=files,
    )


def _content(message: Message, entity: Entity) -> tuple[bytes, Span]:
    """The decoded content of a body, and where in these bytes it lies; no copy without need."""
    if entity.transfer_encoding is None or entity.transfer_encoding in IDENTITY:
        return message.raw, entity.body
    written = BytesIO()
    for chunk in message.content(entity):
        written.write(chunk)
    content = written.getvalue()
    return content, Span(0, len(content))


def _without(content: bytes, within: Span, files: Sequence[UuencodedFile]) -> bytes:
    view = memoryview(content)
    edges = [within.start, *(edge for file in files for edge in file.span), within.end]
    return b"".join(view[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


def _bytes_of(source: TextSource) -> bytes:
    if not isinstance(source.content, bytes):
        raise TypeError("a long text is there as bytes")
    return source.content


def _kept(source: TextSource, removals: Sequence[Span]) -> Iterator[Span]:
    position = source.start
    for start, end in removals:
        yield Span(position, start)
        position = end
    yield Span(position, source.end)


# --- the beginning ------------------------------------------------------------------------------


def _beginning(source: TextSource, removals: Sequence[Span], room: int) -> str:
    """As much of the text as there is room for, with a note that says where the rest is."""
    end = _end_of_beginning(source, removals, room)
    spans = (Span(start, min(stop, end)) for start, stop in _kept(source, removals))
    text = "".join(source.text(start, stop) for start, stop in spans if start < stop)
    text = without_uuencoded(text)
    note = CONTINUED.format(name=FULL_TEXT_HTML if source.is_html else FULL_TEXT)
    if not source.is_html:
        return f"{text.rstrip()}\n\n{note}\n"
    # With everything closed, what comes behind it is seen; what is nested deeper was not meant.
    opened = open_elements(text)[-_MAX_CLOSED:]
    closing = "".join(f"</{name}>" for name in reversed(opened) if name not in _DOCUMENT)
    document = "".join(f"</{name}>" for name in reversed(opened) if name in _DOCUMENT)
    return f"{text}{closing}\n<p>{escape(note)}</p>\n{document}"


CONTINUED = "[This text is too long for a mail. All of it is in the attached file {name}.]"
_MAX_CLOSED = 500
_DOCUMENT = frozenset({"html", "body"})
_NEAR = 1 << 12


def _end_of_beginning(source: TextSource, removals: Sequence[Span], room: int) -> int:
    limit = source.start
    for start, end in _kept(source, removals):
        limit = min(end, start + room)
        room -= limit - start
        if not room:
            break
    content = _bytes_of(source)
    if source.is_html:
        end = last_end_of_block(content, source.start, limit, source.end)
    else:
        line_end = content.rfind(b"\n", max(source.start, limit - _NEAR), limit) + 1
        end = line_end or limit
    return source.between_characters(end)
