"""Which parts are removed, and the delimiter lines of the multiparts that remain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet

from relay_core.attachments.attachment import is_signature
from relay_core.errors import Span
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message

from .boundaries import opening_line, repaired_delimiter
from .splices import CRLF, Splice


def removed_entities(
    message: Message, detached: AbstractSet[Entity], unsigned: Collection[Entity]
) -> frozenset[Entity]:
    """The detached entities, the signatures of the unsigned, and multiparts left without a part.

    The root of the message is never removed for having no part left.
    """
    removed = set(detached)
    for entity in unsigned:
        removed.update(part for part in entity.parts[1:] if is_signature(part))
    for entity in reversed(message.entities):
        is_multipart = entity.parts and entity is not message.root
        if is_multipart and all(part in removed for part in entity.parts):
            removed.add(entity)
    return frozenset(removed)


def delimiter_splices(
    message: Message,
    boundaries: Mapping[Entity, bytes],
    *,
    removed: AbstractSet[Entity],
) -> tuple[list[Splice], list[Splice]]:
    """The splices that cut the removed parts out and write the delimiter lines of what remains.

    The first list holds the delimiter lines that are inserted: where other splices begin at the
    same place, these come first. A multipart without a close delimiter gets one. `boundaries` are
    those of all multiparts of the message.
    """
    inserted: list[Splice] = []
    splices: list[Splice] = []

    def write_line(line: Span, wanted: bytes, *, limit: int) -> None:
        if (repaired := repaired_delimiter(message, line, wanted, limit=limit)) is not None:
            (inserted if line.start == line.end else splices).append(repaired)

    # Innermost first: where several multiparts end at one place, so do their delimiters.
    for multipart in reversed(message.entities):
        if not multipart.parts or multipart in removed:
            continue
        close = multipart.close_delimiter
        dashes = b"--" + boundaries[multipart]
        starts = [opening_line(part).start for part in multipart.parts]
        ends = [*starts[1:], multipart.body.end if close is None else close.start]
        for part, start, end in zip(multipart.parts, starts, ends, strict=True):
            if part in removed:
                splices.append(Splice(Span(start, end), b""))
                continue
            write_line(opening_line(part), dashes, limit=part.span.start)
            if message.raw[part.body.end : end].strip(b"\r\n"):
                # Delimiter lines without a part, or a close delimiter too early.
                splices.append(Splice(Span(part.body.end, end), CRLF))
        end = multipart.body.end
        if close is None:
            line_break = b"" if multipart.parts[-1] in removed else CRLF
            splices.append(Splice(Span(end, end), line_break + dashes + b"--" + CRLF))
        else:
            write_line(close, dashes + b"--", limit=end)
    return inserted, splices
