"""The texts of a mail, read one by one: recipient codes, files, and what is too long for a mail.

What all texts of a mail may cost together is one budget (`relay_core.mime.size_limits.Limits`),
which the first ones take from. A text that fits is read whole; of any other becomes a `LongText`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from relay_core.errors import Reason, Refusal
from relay_core.mime.entity import Entity
from relay_core.mime.message import Message
from relay_core.mime.size_limits import DEFAULT_LIMITS, Limits
from relay_core.mime.uuencode import UuencodedFile
from relay_core.recipient_code import (
    Allowance,
    CodeError,
    Markers,
    RecipientCode,
    find_in_html,
    find_in_text,
    format_error,
    near_miss_pattern,
)

from .leaves import find_bodies, find_embedded, find_named_texts, is_prose
from .long_text import Removals, read_long_text
from .subject import one_line, read_subject

MAX_REPORTED_ERRORS = 20
"""How many different errors in the codes of one mail are reported; the rest is counted.

A code of some megabytes can hold a million errors, and nobody reads beyond the first few.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesFound:
    """The codes that count, what was wrong with them, and what to cut from the texts.

    A code in text/plain counts before one in text/html or another text, which usually says the
    same again, and one in the Subject counts only if no body holds any (`are_in_subject`). Where
    other words are before that, it may be the Subject of an answer (`may_be_quoted`).
    `removals` are sorted, disjoint spans, in characters of each body's text: the codes, and
    the files that are in it, which are `files`; or what becomes of a text that is too long for
    the mail. `subject` is without codes, whether they count or not.
    """

    found: tuple[RecipientCode, ...]
    refusals: tuple[Refusal, ...]
    removals: Mapping[Entity, Removals]
    files: Mapping[Entity, tuple[UuencodedFile, ...]]
    subject: str
    subject_changed: bool
    are_in_subject: bool
    may_be_quoted: bool


def find_codes(message: Message, markers: Markers, limits: Limits = DEFAULT_LIMITS) -> CodesFound:
    """Find the recipient codes in every body and in the Subject, and the files."""
    reader = _BodyReader(message, markers, limits.text_size, limits.attachments)
    plain: list[RecipientCode] = []
    others: list[RecipientCode] = []
    errors = _Errors()
    for entity in find_bodies(message):
        codes, show = reader.read(entity)
        (plain if entity.media_type.full == "text/plain" else others).extend(codes)
        for code in codes:
            for error in code.errors:
                errors.report(error, show)
    counting = plain if any(code.entries for code in plain) else plain + others
    subject = read_subject(message.header, markers)
    are_in_subject = not counting and bool(subject.codes)
    if are_in_subject:
        counting = list(subject.codes)
        for error in (error for code in counting for error in code.errors):
            errors.report(
                error, lambda one: f"in the Subject: {format_error(subject.folded, one)}"
            )
    return CodesFound(
        found=tuple(counting),
        refusals=errors.refusals(),
        removals=reader.removals,
        files=reader.files,
        subject=subject.shown,
        subject_changed=subject.is_changed,
        are_in_subject=are_in_subject,
        may_be_quoted=are_in_subject and subject.has_words_before,
    )


def find_body_codes(
    message: Message, markers: Markers, limits: Limits = DEFAULT_LIMITS
) -> tuple[Message, CodesFound]:
    """Find the recipient codes, and the message in which their texts are bodies.

    Some programs name every part. Where no body holds a code, the first text with a name that
    holds one is a body, if it is not said to be an attachment: its name counts no longer.
    """
    codes = find_codes(message, markers, limits)
    if codes.found and not codes.are_in_subject:
        return message, codes
    for entity in find_named_texts(message)[:_MAX_NAMED]:
        if entity.body.end - entity.body.start > limits.text_size:
            continue
        reader = _BodyReader(message, markers, limits.text_size, limits.attachments)
        if reader.read(entity)[0]:
            changed = message.without_name(entity)
            return changed, find_codes(changed, markers, limits)
    return message, codes


_MAX_NAMED = 8


def find_near_miss(
    message: Message, markers: Markers, limits: Limits = DEFAULT_LIMITS
) -> str | None:
    """Where something stands that may be meant as a code, and what; None if there is nothing.

    It is the first with an at-sign, else the first. In HTML, what it is written with counts: a
    code in an attribute or a comment is seen by nobody.
    """
    pattern = near_miss_pattern(markers)
    places = [("the subject", one_line(message.header.text("subject") or ""))]
    for entity in (*find_bodies(message), *find_named_texts(message)):
        if entity.body.end - entity.body.start <= limits.text_size and len(places) <= _MAX_NAMED:
            where = f"the file {entity.filename}" if entity.filename else "a text"
            places.append((where, message.text(entity).text))
    found = (
        (where, one_line(near[0])) for where, text in places for near in pattern.finditer(text)
    )
    nearest = max(found, key=lambda one: "@" in one[1], default=None)
    return nearest and f"{nearest[0]} has {nearest[1]!r}"


Show = Callable[[CodeError], str]
"""What shows an error in a code to a person."""


@dataclass(slots=True)
class _BodyReader:
    """Reads the bodies of a mail one by one, within what the mail has left of its budget.

    `room` is in bytes of text, `files_left` counts files that are in texts.
    """

    message: Message
    markers: Markers
    room: int
    files_left: int
    allowance: Allowance = field(default_factory=Allowance)
    removals: dict[Entity, Removals] = field(default_factory=dict)
    files: dict[Entity, tuple[UuencodedFile, ...]] = field(default_factory=dict)

    def read(self, entity: Entity) -> tuple[tuple[RecipientCode, ...], Show]:
        """The codes of a body, and what shows errors in them."""
        size = entity.body.end - entity.body.start
        if size <= self.room:  # encoded text is never shorter than what it says
            files = find_embedded(self.message, entity, most=self.files_left + 1)
            if len(files) <= self.files_left:
                self.room -= size
                return self._read_short(entity, files)
        long_text = read_long_text(
            self.message,
            entity,
            self.markers,
            allowance=self.allowance,
            is_prose=is_prose(entity),
            room=self.room,
            max_files=self.files_left,
        )
        self.removals[entity] = long_text
        self.files_left -= len(long_text.files)
        self.room -= min(self.room, len(long_text.shown or ""))
        return long_text.codes, long_text.format_error

    def _read_short(
        self, entity: Entity, files: tuple[UuencodedFile, ...]
    ) -> tuple[tuple[RecipientCode, ...], Show]:
        text = self.message.text(entity).text
        find = find_in_html if entity.media_type.full == "text/html" else find_in_text
        spans = [file.span for file in files]
        found = find(text, self.markers, files=spans, allowance=self.allowance)
        if found.removals:
            self.removals[entity] = found.removals
        if files:
            self.files[entity] = files
            self.files_left -= len(files)
        return found.codes, partial(format_error, text)


@dataclass(slots=True)
class _Errors:
    """The errors to report: the HTML usually repeats what the text got wrong."""

    reported: dict[tuple[str, str], Refusal] = field(default_factory=dict)
    unreported: int = 0

    def report(self, error: CodeError, show: Show) -> None:
        """Take in one error, unless the same is there already or there are too many."""
        what = (error.expected, error.found)
        if what in self.reported:
            return
        if len(self.reported) == MAX_REPORTED_ERRORS:
            self.unreported += 1
            return
        self.reported[what] = Refusal(reason=Reason.MALFORMED_RECIPIENT_CODE, detail=show(error))

    def refusals(self) -> tuple[Refusal, ...]:
        """The errors as refusals, and a last one that counts the rest."""
        if not self.unreported:
            return tuple(self.reported.values())
        detail = f"{self.unreported} more places in the recipient codes cannot be read"
        more = Refusal(reason=Reason.MALFORMED_RECIPIENT_CODE, detail=detail)
        return (*self.reported.values(), more)
