"""The slow path: an irregular header, read line by line.

What devices send departs from the rules, and a reader who gives up at the first odd line loses the
attachments below it. So:

* A space before the colon, a BOM, a leading mbox `From ` line do not end the header.
* A line that is no field is junk if fields that everybody knows still follow it before the
  next empty line; otherwise the body starts there and the empty line was forgotten.
* A header without any empty line ends after its last known field: the lines behind it that
  look like `Name: value` are content.
* A line that holds only blanks is the empty line, unless the header goes on after it, or after
  more of its kind. Where it goes on behind a line that is really empty `header_gap` tells.
* Indented lines of base64 behind a field that is complete without them are content: some
  devices indent it, and some of these forget the empty line.

One pass, no backtracking: every look-ahead either moves the reader forward to what it found
or ends the header.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from relay_core.abnf import BASE64, FTEXT
from relay_core.errors import Defect, DefectKind, LimitExceeded, Span
from relay_core.text.possessive import possessive

from .header import HeaderField
from .header_gap import describes_content, end_of_gap
from .known_fields import KNOWN, KNOWN_IN_PART, Place

# Names beyond ASCII are wrong, but a field all the same.
_FIELD = re.compile(rb"([\x80-\xff%b]+)[ \t]*:" % FTEXT.encode())
# A whole field as it should be, with its folds, and never a delimiter line.
FIELD_NAME = r"(?!--)([!#-9;<>-~]++)"
_REGULAR_FIELD = re.compile(
    (
        rf"{FIELD_NAME}[ \t]*+:([^\r\n]*+"
        + possessive(r"\r?\n[ \t]++[^ \t\r\n][^\r\n]*+", "*")
        + r")\r?\n"
    ).encode()
)


_PARAMETER = re.compile(rb"[A-Za-z][A-Za-z0-9*-]*[ \t]*=")
_NOT_BASE64 = re.compile(rb"[^%b= \t]" % BASE64.encode())
FOLDED_BASE64 = re.compile(rb"[\r\n][ \t]++[%b]++={0,2}[ \t]*+(?=[\r\n]|\Z)" % BASE64.encode())
# Fields that a line of nothing but base64 does not go on, once they are complete.
_STRUCTURED = frozenset(
    {
        *("content-type", "content-disposition", "content-transfer-encoding", "content-id"),
        "mime-version",
    }
)
_WORD_SIZE = 200
"""Within how many bytes a value says what kind of content it means."""
BOM = b"\xef\xbb\xbf"


def too_many_fields(start: int) -> str:
    """The message of the error about too many fields, up to the header at the offset `start`."""
    return f"too many header fields in the mail, counted up to the header at byte {start}"


@dataclass(slots=True)
class LineByLine:
    """A walk over the lines of one header; a CR before an LF belongs to the line break.

    Nothing is read behind `limit` but the line that reaches over it.
    """

    raw: bytes
    newline: bytes
    lf_until: int
    is_delimiter: Callable[[bytes], bool]
    place: Place
    start: int
    limit: int
    max_fields: int
    fields: list[HeaderField] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    has_met_base64: bool = False
    places: dict[str, int] = field(default_factory=dict)  # name → its first field …
    placed: int = 0  # … among so many fields
    gap_until: int = 0  # before this, empty lines end nothing

    def read(self) -> tuple[int, int | None]:
        """The offset of the end of the fields, and that of the body if an empty line ends them.

        Raises:
            LimitExceeded: if there are more than `max_fields` fields.
        """
        position = self._skip_lead(self.start)
        while position < self.limit:
            if len(self.fields) > self.max_fields:
                raise LimitExceeded(too_many_fields(self.start))
            # Nearly all that headers consist of; the rest is looked at line by line.
            if match := _REGULAR_FIELD.match(self.raw, position, self.limit):
                name = match[1].decode("ascii").lower()
                after = match.end()
                self.fields.append(HeaderField(name, position, *match.span(2), after))
            else:
                line, after = self._line(position)
                resumed = (
                    self._take_odd_line(position, line, after)
                    if line.strip(b" \t")
                    else self._behind_empty_line(position, line, after)
                )
                if resumed is None and not line.strip(b" \t"):
                    return position, after
                if resumed is None:
                    break
                after = resumed
            if self.fields and self.fields[-1].name in _STRUCTURED:
                content = self._content_in_folds(position - 1)
                if content is not None:
                    return content, None
            position = after
        return position, None

    def _take_odd_line(self, position: int, line: bytes, after: int) -> int | None:
        """Where the header goes on behind a line that is no regular field; None if it ends."""
        if line.startswith(b"--") and self.is_delimiter(line):
            return None
        if line[:1] in (b"", b" ", b"\t") and self.fields:
            self._extend(after)
        elif self.fields and self._is_unfolded_parameter(line):
            self.report(DefectKind.JUNK_IN_HEADER, position, after)
            self._extend(after)
        elif match := _FIELD.match(line):
            name = match.group(1).decode("latin-1").lower()
            value_start = position + match.end()
            value_end = self._value_end(value_start, after)
            self.fields.append(HeaderField(name, position, value_start, value_end, after))
        else:
            resumed = self._resumed(line, after)
            if resumed is not None:
                self.report(DefectKind.JUNK_IN_HEADER, position, resumed)
            return resumed
        return after

    def drop_unknown(self, end: int) -> int:
        """Remove the fields after the last known one: they are body. Returns where it starts."""
        while self.fields and not self.known.match(self.raw, self.fields[-1].start):
            end = self.fields.pop().start
        return end

    @property
    def known(self) -> re.Pattern[bytes]:
        """The expression of the fields that have a meaning in this place."""
        return KNOWN if self.place is Place.MESSAGE else KNOWN_IN_PART

    def report(self, kind: DefectKind, start: int, end: int) -> None:
        """Add a defect of the header; `start` and `end` are offsets into the message."""
        self.defects.append(Defect(kind=kind, span=Span(start, end)))

    def _line(self, position: int) -> tuple[bytes, int]:
        """The line that starts at `position`, and where the next one starts."""
        newline = b"\n" if position < self.lf_until else self.newline
        found = self.raw.find(newline, position)
        after = len(self.raw) if found < 0 else found + 1
        return self.raw[position:after].rstrip(b"\r\n"), after

    def _skip_lead(self, start: int) -> int:
        position = start
        if self.raw.startswith(BOM, position):
            position += len(BOM)
            self.report(DefectKind.JUNK_IN_HEADER, start, position)
        if self.raw.startswith((b"From ", b">From "), position):
            _, after = self._line(position)
            self.report(DefectKind.JUNK_IN_HEADER, position, after)
            position = after
        return self._skip_blank_lines(position)

    def _skip_blank_lines(self, start: int) -> int:
        """Empty lines before a header are junk, if a field follows that can be nothing else."""
        position = start
        while position < self.limit:
            line, after = self._line(position)
            if line.strip(b" \t"):
                break
            position = after
        if position == start or self.place is Place.PART_OF_DIGEST:
            return start
        is_one = (
            KNOWN.match(self.raw, position) is not None
            if self.place is Place.MESSAGE
            else describes_content(self._line(position)[0])
        )
        if not is_one:
            return start
        self.report(DefectKind.JUNK_IN_HEADER, start, position)
        return position

    def _content_in_folds(self, position: int) -> int | None:
        """Where among the lines of the last field, from `position` on, its content begins.

        Only the first line that may be content is looked at closely.
        """
        last = self.fields[-1]
        if last.name not in _STRUCTURED or self.has_met_base64:
            return None
        match = FOLDED_BASE64.search(self.raw, position, last.value_end)
        if match is None or not self._value_of(b"content-transfer-encoding").startswith(b"base64"):
            return None
        self.has_met_base64 = True
        start = match.start() + 1
        value = self.raw[last.value_start : start].strip()
        is_complete = value[-1:] not in b";=" and value.count(b'"') % 2 == 0
        if not is_complete or not self._goes_on_in_base64(self._line(start)[1]):
            return None
        value_end = self._value_end(last.value_start, start)
        self.fields[-1] = last._replace(value_end=value_end, end=start)
        return start

    def _goes_on_in_base64(self, position: int) -> bool:
        """Whether a line of base64 may be followed by what stands at `position`: more, or nothing.

        A word of a file name that was folded is followed by other fields, or by the content.
        """
        line, after = self._line(position)
        if not line.strip(b" \t"):
            line, _ = self._line(after)
            return not line.strip(b" \t") or (line.startswith(b"--") and self.is_delimiter(line))
        return _NOT_BASE64.search(line) is None or (
            line.startswith(b"--") and self.is_delimiter(line)
        )

    def _is_unfolded_parameter(self, line: bytes) -> bool:
        """Whether the line is a parameter whose writer forgot the blank before it."""
        return (
            self.raw[self.fields[-1].value_end - 1 : self.fields[-1].value_end] == b";"
            and _PARAMETER.match(line) is not None
        )

    def _resumed(self, line: bytes, after: int) -> int | None:
        """Where the header goes on behind a line that is no field, or None if the body starts."""
        if line.startswith(b"--") and b"multipart" in self._value_of(b"content-type"):
            return None
        resumed = self._next_known_field(after)
        if resumed is None and self._value_of(b"content-transfer-encoding") == b"base64":
            following, _ = self._line(after)
            if _NOT_BASE64.search(line) and not following.strip(b" \t"):
                return after
        return resumed

    def _value_of(self, name: bytes) -> bytes:
        # Asked for at every odd line, so neither all fields nor all of a long value are looked at.
        for place in range(self.placed, len(self.fields)):
            self.places.setdefault(self.fields[place].name, place)
        self.placed = len(self.fields)
        place = self.places.get(name.decode("ascii"), -1)
        if place < 0:
            return b""
        one = self.fields[place]
        value_end = min(one.value_end, one.value_start + _WORD_SIZE)
        return self.raw[one.value_start : value_end].strip().lower()

    def _behind_empty_line(self, position: int, line: bytes, after: int) -> int | None:
        """Where the header goes on behind a line with no ink at `position`; None if it ends."""
        if not self.fields:
            return None
        if line and (resumed := self._behind_blanks(after)) is not None:
            self._extend(resumed)
            return resumed
        if after < self.gap_until:
            return after
        if self.place is Place.PART_OF_DIGEST:
            return None
        self._value_of(b"")  # all fields so far are placed
        gap = end_of_gap(
            self.raw,
            after,
            self.limit,
            seen=self.places,
            value_of=self._value_of,
            last_name=self.fields[-1].name,
            last_value=self.raw[self.fields[-1].value_start : self.fields[-1].value_end],
            is_message=self.place is Place.MESSAGE,
        )
        if gap is None:
            return None
        resumed, self.gap_until = gap
        self.report(DefectKind.JUNK_IN_HEADER, position, resumed)
        return resumed

    def _behind_blanks(self, position: int) -> int | None:
        """The next line with ink if only lines of blanks are before it, and it is of a header."""
        while position < self.limit:
            line, after = self._line(position)
            if line.strip(b" \t"):
                continues = self.known.match(line) or line[:1] in (b" ", b"\t")
                return position if continues else None
            if not line:
                return None
            position = after
        return None

    def _extend(self, after: int) -> None:
        last = self.fields[-1]
        value_end = self._value_end(last.value_start, after)
        self.fields[-1] = last._replace(value_end=value_end, end=after)

    def _value_end(self, start: int, end: int) -> int:
        while end > start and self.raw[end - 1] in b"\r\n":
            end -= 1
        return end

    def _next_known_field(self, position: int) -> int | None:
        while position < self.limit:
            line, after = self._line(position)
            if not line.strip(b" \t"):
                return None
            # The boundary that this header declares is not among those that are open yet.
            if line.startswith(b"--") and (
                self.is_delimiter(line) or b"multipart" in self._value_of(b"content-type")
            ):
                return None
            if self.known.match(line):
                return position
            position = after
        return None
