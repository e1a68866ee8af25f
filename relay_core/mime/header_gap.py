"""Empty lines in the middle of a header, as scripts write them.

A header ends at its first empty line. Some programs write one too many: behind every field, or
before those that describe the content. A person sees that the fields go on, where what follows is
one of these:

* a parameter, indented, behind a field of a part that ends in a semicolon, or behind a multipart
  that has no boundary yet; of a part that is no text also a name that is not indented;
* a paragraph of nothing but fields that describe the content, none of which was there before;
* fields of a message, none of which was there before, each with an empty line behind it: two of
  them, or one before such a paragraph.

A field is one if its value is one of that field: `Content-Type: pump` and `Sender: pump 3` are
readings.

What is inside of a message or a multipart begins with fields of its own, and a text may begin with
anything, so the headers of these end at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container

from relay_core.text.possessive import possessive

_BLANK_LINES = re.compile(rb"[ \t\r\n]*+")
_PARAMETER = re.compile(rb"[ \t]++[A-Za-z][A-Za-z0-9*-]*+[ \t]*+=")
_NAME = re.compile(rb"(?i)(?:file)?name[ \t]*+=")
_FIELD_AND_FOLDS = re.compile(
    (
        r"([A-Za-z-]++)[ \t]*+:[^\r\n]*+"
        + possessive(r"(?:\r\n?|\n)[ \t]++[^ \t\r\n][^\r\n]*+", "*")
    ).encode()
    + rb"(?:\r\n?|\n)"
)
_EMPTY_LINE = re.compile(rb"[ \t]*+(?:\r\n?|\n)")
_DESCRIBES = frozenset({"content-type", "content-disposition", "content-transfer-encoding"})
_CONTENT = _DESCRIBES | {
    *("content-id", "content-description", "content-location", "content-language"),
    "mime-version",
}
_TOP_LEVEL = rb"application|audio|font|image|message|model|multipart|text|video|x-[a-z0-9-]++"
_VALUES = {
    "content-type": re.compile(rb"(?:%b)[ \t]*+/[ \t]*+[a-z0-9]" % _TOP_LEVEL, re.IGNORECASE),
    "content-disposition": re.compile(
        rb"(?:attachment|inline|form-data)\b|[^\r\n]*?\bfilename\b", re.IGNORECASE
    ),
    "content-transfer-encoding": re.compile(
        rb"(?:[78]-?bit|binary|base-?64|quoted-printable|x-[a-z]|uuencode)", re.IGNORECASE
    ),
}
_COLON = re.compile(rb"[A-Za-z-]++[ \t]*+:[ \t\r\n\"']*+")
_OF_MESSAGE = frozenset(
    {"cc", "date", "from", "message-id", "mime-version", "reply-to", "sender", "subject", "to"}
)

_ADDRESSED = frozenset({"cc", "from", "message-id", "reply-to", "sender", "to"})
_DATE = re.compile(  # RFC 5322 section 3.3; a reading has another form
    rb"(?i)[0-9][ \t-]*+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[ \t-]*+[0-9]{2}"
)

MAY_CONTINUE = re.compile(
    rb"[ \t\r\n]*+(?i:(?:content-|mime-version|message-id|reply-to|sender|subject|from|date|cc|to)"
    rb"[a-z-]*+[ \t]*+:|[a-z][a-z0-9*-]*+[ \t]*+=)"
)
"""How a body begins behind which it must be looked whether the header goes on."""


def end_of_gap(
    raw: bytes,
    position: int,
    limit: int,
    *,
    seen: Container[str],
    value_of: Callable[[bytes], bytes],
    last_name: str,
    last_value: bytes,
    is_message: bool,
) -> tuple[int, int] | None:
    """Where the header goes on behind an empty line, and up to where other empty lines are none.

    `position` is behind the line. `seen` are the names of the fields so far, `value_of` tells how
    the value of one begins, and `last_name` and `last_value` are of the last one. None if the
    header is over. Time is linear in what is found, and in the first line of what is not.
    """
    start = _behind_blanks(raw, position, limit)
    line_start = max(raw.rfind(b"\n", position, start), raw.rfind(b"\r", position, start)) + 1
    line_start = max(line_start, position)
    media_type = value_of(b"content-type")
    is_parameter = _PARAMETER.match(raw, line_start, limit) or (
        not media_type.startswith(b"text") and _NAME.match(raw, line_start, limit)
    )
    if last_value.endswith(b";") and is_parameter:
        is_wanting = media_type.startswith(b"multipart") and b"boundary" not in last_value.lower()
        is_structured = last_name in {"content-type", "content-disposition"}
        if is_structured and (is_wanting or not is_message):
            return line_start, line_start
    if line_start != start or media_type.startswith((b"message/", b"multipart", b"text")):
        return None
    met: set[str] = set()
    position, singles = start, 0
    while True:
        names, end = _paragraph(raw, position, limit)
        if end is None or met.intersection(names) or any(name in seen for name in names):
            break
        if _CONTENT.issuperset(names) and not _DESCRIBES.isdisjoint(names):
            return start, end
        if not is_message or len(names) != 1 or names[0] not in _OF_MESSAGE:
            break
        singles += 1
        met.update(names)
        position = _behind_blanks(raw, end, limit)
        last_end = end
    return (start, last_end) if singles > 1 else None


def describes_content(line: bytes) -> bool:
    """Whether a field that begins so says what the content is, and does not only look like it."""
    colon = _COLON.match(line)
    if colon is None:
        return False
    value = _VALUES.get(colon[0].partition(b":")[0].strip().lower().decode("ascii"))
    return value is not None and value.match(line, colon.end()) is not None


def _is_of_message(name: str, line: bytes) -> bool:
    """Whether a field that stands so in a message has a value that programs write there."""
    value = line.partition(b":")[2]
    if name == "date":
        return _DATE.search(value) is not None
    return name not in _ADDRESSED or b"@" in value


def _behind_blanks(raw: bytes, position: int, limit: int) -> int:
    found = _BLANK_LINES.match(raw, position, limit)
    return found.end() if found else position


def _paragraph(raw: bytes, position: int, limit: int) -> tuple[list[str], int | None]:
    """The names of the fields from here to an empty line, and where that begins; None if none."""
    names: list[str] = []
    while match := _FIELD_AND_FOLDS.match(raw, position, limit):
        name = match[1].decode("ascii").lower()
        if name in names or not (name in _CONTENT or name in _OF_MESSAGE):
            return [], None
        if name in _DESCRIBES and not describes_content(match[0]):
            return [], None
        if name in _OF_MESSAGE and not _is_of_message(name, match[0]):
            return [], None
        names.append(name)
        position = match.end()
    if not names or not _EMPTY_LINE.match(raw, position, limit):
        return [], None
    return names, position
