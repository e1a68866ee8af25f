"""Values with parameters: Content-Type and Content-Disposition.

Rests on RFC 2045 section 5 (`type/subtype; attribute=value`), RFC 2183 (dispositions),
RFC 2231 (continuations and charsets of parameters) and RFC 5322 section 3.2.2 (comments).
Read leniently: unquoted values may hold blanks, file names may be encoded-words inside
quotes (which RFC 2047 forbids and most mailers write), the first of two equal parameters
counts.

Values are scanned as Latin-1, in which characters and bytes are one to one: a boundary is
bytes, whatever charset its letters were meant in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from relay_core.text.charsets import known_charset

from .encoding import decode_encoded_words, encode_words
from .header_text import decode_header_bytes, decode_labelled

_TYPE = re.compile(r"([!#$%&'*+.^_`{|}~0-9A-Za-z-]+)/([!#$%&'*+.^_`{|}~0-9A-Za-z-]+)")
_CONTINUATION = re.compile(r"(.+?)\*(\d{1,9})(\*?)\Z")


class Parameterised(NamedTuple):
    """A value such as `attachment; filename=x`: the word in lower case, and its parameters.

    `parameters` are decoded text by lower-case name. `boundary` is that parameter in the bytes
    that it stood in, unquoted.
    """

    word: str
    parameters: Mapping[str, str]
    boundary: bytes | None


class MediaType(NamedTuple):
    """A media type in lower case, with its parameters as text. `valid` is False if guessed.

    `full` is `type/subtype`. `boundary` is that parameter as it stands, and `boundaries` are its
    readings, the likeliest first: usually one, none where it is missing, and several where it
    was folded inside its quotes.
    """

    type: str
    subtype: str
    full: str
    parameters: Mapping[str, str]
    boundary: bytes | None
    boundaries: tuple[bytes, ...]
    valid: bool


def parse_media_type(
    value: bytes | None, *, default: str = "text/plain", charsets: tuple[str, ...] = ()
) -> MediaType:
    """The media type that a Content-Type value names; `default` if there is no such field.

    A value that is no media type is what its words say, otherwise `application/octet-stream`:
    whoever knows the content tells whether it is text (`text_type_of`), as RFC 2045 section 5.2
    has it, or a file whose type is misspelled, which must still be detached. `charsets` are
    labels that may be meant where raw bytes are not ASCII.
    """
    written = value or default.encode("ascii")
    parse = _recurring if len(written) <= _MAX_RECURRING else _parse_media_type
    return parse(written, charsets)


_MAX_RECURRING = 200


def _parse_media_type(value: bytes, charsets: tuple[str, ...]) -> MediaType:
    parsed = parse_parameterised(value, charsets)
    boundary = parsed.boundary
    valid = _TYPE.fullmatch(parsed.word)
    major, minor = valid.groups() if valid else _guessed(parsed.word)
    return MediaType(
        type=major,
        subtype=minor,
        full=f"{major}/{minor}",
        parameters=parsed.parameters,
        boundary=boundary,
        boundaries=_readings(boundary) if boundary else (),
        valid=valid is not None,
    )


_SLASH = re.compile(r"[ \t]*[/\\][ \t]*")
_LEAD = re.compile(r"content-?type[ \t]*[:=]?[ \t]*")
# What stands instead of the slash.
_TWO_WORDS = re.compile(
    r"(application|audio|font|image|message|model|multipart|text|video)"
    r"(?:[ \t:=,._\\|-]+|(?=plain|html))([a-z0-9][a-z0-9.+-]*)"
)
_TOP_LEVEL = frozenset(
    {
        *("application", "audio", "chemical", "example", "font", "haptics", "image", "message"),
        *("model", "multipart", "text", "video"),
    }
)
"""All top-level media types that are registered (IANA, "Media Types"), and one that is not."""
_TEXT_WORD = re.compile(r"(?<![a-z])(plain|text|txt|x?html?)(?![a-z])")
# What texts are under types of programs that stand in no registry.
_PROGRAMS_OWN = frozenset(
    {
        *("csh", "ecmascript", "httpd-php", "javascript", "latex", "mpegurl", "ndjson", "perl"),
        *("pem-file", "pkcs7-mime", "pkcs7-signature", "pkcs12", "python", "ruby", "sh", "shar"),
        *("shellscript", "sql", "subrip", "tcl", "tex", "x509-ca-cert", "x509-user-cert", "yaml"),
    }
)
_SAYS_TEXT = frozenset({"html", "plain", "text", "txt", "x-html", "x-plain", "x-text", "x-txt"})


def is_known_type(media_type: MediaType, *, at_the_top: bool) -> bool:
    """Whether the type means anything to anybody, so that it is to be believed.

    What is the whole content of a message (`at_the_top`) is no file of a program's own kind
    (`application/x-…`) only because it says so.
    """
    if not media_type.valid:
        return media_type.full != _NOTHING_SAID
    if media_type.type == "application":
        rest = media_type.subtype.removeprefix("x-")
        is_own = rest != media_type.subtype and rest not in _PROGRAMS_OWN
        return media_type.subtype not in _SAYS_TEXT and not (at_the_top and is_own)
    return media_type.type in _TOP_LEVEL


def is_said_to_be_text(media_type: MediaType) -> bool:
    """Whether the words of a type that nobody knows say text: `plain/text`, `application/text`."""
    return _TEXT_WORD.search(media_type.full) is not None


def text_type_of(media_type: MediaType) -> MediaType:
    """The same, but what it is of is text: `text/html` where the words say so, else `text/plain`.

    A type that is none means text/plain (RFC 2045 section 5.2).
    """
    subtype = "html" if "htm" in media_type.full else "plain"
    return media_type._replace(type="text", subtype=subtype, full=f"text/{subtype}", valid=False)


def _guessed(word: str) -> tuple[str, str]:
    """Type and subtype of what is no media type: `image/image/png`, `text plain`, `multipart`."""
    plain = _SLASH.sub("/", _LEAD.sub("", word.strip(), count=1).strip(" \t\"'<>/"))
    first, _, rest = plain.partition("/")
    if rest.startswith(f"{first}/"):
        plain = rest
    if match := _TYPE.match(plain) or _TWO_WORDS.match(plain):
        return match[1], match[2]
    if first in {"multipart", "mixed", "alternative", "related"}:
        return "multipart", "mixed" if first == "multipart" else first
    if not plain or (words := _TEXT_WORD.findall(plain)):
        return "text", "html" if plain and "htm" in words[-1] else "plain"
    major, _, minor = _NOTHING_SAID.partition("/")
    return major, minor


_NOTHING_SAID = "application/octet-stream"


# `text/plain; charset=utf-8` is in nearly every mail, and a multipart's type is looked at when it
# is read and again when it is written.
_recurring = lru_cache(maxsize=64)(_parse_media_type)


def _readings(boundary: bytes) -> tuple[bytes, ...]:
    # A boundary cannot end in a blank (RFC 2046 section 5.1.1). Blanks inside may come from a
    # fold that its writer did not mean to be part of it.
    stripped = boundary.rstrip(b" \t")
    if b" " not in stripped and b"\t" not in stripped:
        return (stripped,) if stripped else ()
    candidates = [stripped, _BLANKS.sub(b" ", stripped), _BLANKS.sub(b"", stripped)]
    return tuple(dict.fromkeys(one for one in candidates if one))


_BLANKS = re.compile(rb"[ \t]+")


_BARE_WORD = r"[!#$%&'*+.^_`{|}~0-9A-Za-z/:@=-]++"
_QUOTED_WORD = r"[ !#-[\]-~]*+"
# Only character classes are possessive: CPython before 3.11.5 matches possessive groups wrongly.
_SIMPLE = re.compile(
    r"([0-9A-Za-z.+-]++(?:/[0-9A-Za-z.+-]++)?)"
    rf'((?:;[ \t]*+[A-Za-z-]++=(?:{_BARE_WORD}|"{_QUOTED_WORD}"))*);?[ \t]*+\Z'
)
_SIMPLE_PARAMETERS = re.compile(rf'([A-Za-z-]++)=(?:({_BARE_WORD})|"({_QUOTED_WORD})")')


def parse_parameterised(value: bytes, charsets: tuple[str, ...] = ()) -> Parameterised:
    """Split a value into its word and its parameters. Never fails.

    `charsets` are labels that may be meant where raw bytes are not ASCII.
    """
    text = value.decode("latin-1")
    simple = None if "=?" in text else _SIMPLE.match(text)
    if simple is None:
        return parse_any_parameterised(value, charsets)
    parameters: dict[str, str] = {}
    for name, token, quoted in _SIMPLE_PARAMETERS.findall(simple[2]):
        parameters.setdefault(name.lower(), token or quoted.strip(" \t"))
    boundary = parameters.get("boundary")
    return Parameterised(
        word=simple[1].lower(),
        parameters=parameters,
        boundary=None if boundary is None else boundary.encode("ascii"),
    )


def parse_any_parameterised(value: bytes, charsets: tuple[str, ...] = ()) -> Parameterised:
    """The same, for any value at all.

    Most values have nothing to unescape, to join, to decode or to guess, and are read at once;
    this is for the others.
    """
    pieces = _split(value.decode("latin-1"))
    raw_parameters: dict[str, bytes] = {}
    for name, content in pieces[1:]:
        raw_parameters.setdefault(name, content.encode("latin-1"))
    parameters = _decoded(raw_parameters, charsets)
    return Parameterised(
        word=pieces[0][1].strip().strip('"').lower(),
        parameters=parameters,
        boundary=_boundary(raw_parameters, parameters),
    )


def _boundary(raw_parameters: Mapping[str, bytes], parameters: Mapping[str, str]) -> bytes | None:
    """The boundary as it stands; in the form of RFC 2231 where that is the only one."""
    if (plain := raw_parameters.get("boundary")) is not None:
        return plain
    decoded = parameters.get("boundary")
    return None if decoded is None else decoded.encode("utf-8", "replace")


_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`{|}~"
# A value may stand unquoted that is an attribute-char throughout (RFC 2231 section 7). A token may
# also hold `'`, `*` and `%`; there some parsers take it for a charset, a section or an escape.
_BARE = re.compile(rf"[0-9A-Za-z{re.escape(_ATTRIBUTE_CHARACTERS)}]+\Z")


def format_parameterised(word: str, parameters: Mapping[str, str]) -> str:
    """The value as it is written in a field: ASCII, folded before a parameter where needed.

    Values beyond ASCII, and those too long for a line, take the form of RFC 2231. But the `name`
    of a Content-Type becomes encoded-words in quotes: RFC 2047 (section 5) forbids that, and every
    program reads it, while Outlook shows a file named by RFC 2231 alone as "untitled".
    """
    pieces = [word, *_formatted_parameters(parameters)]
    one_line = "; ".join(pieces)
    return one_line if len(one_line) <= 50 else ";\r\n ".join(pieces)


def _formatted_parameters(parameters: Mapping[str, str]) -> Iterator[str]:
    for name, value in parameters.items():
        if not _BARE.match(name):
            continue
        printable = value.isascii() and value.isprintable()
        if printable and len(value) <= 70:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            yield f"{name}={value}" if _BARE.match(value) else f'{name}="{escaped}"'
            continue
        if name == "name":
            yield f'{name}="{encode_words(value)}"'
            continue
        encoded = quote(value, safe=_ATTRIBUTE_CHARACTERS, errors="replace")
        # Where it fits into a line it is one section, which more programs read than several.
        pieces = [encoded] if len(encoded) <= 60 else _PERCENT_PIECES.findall(encoded)
        if len(pieces) == 1:
            yield f"{name}*=utf-8''{encoded}"
        else:
            yield from (
                f"{name}*{number}*={piece}"
                for number, piece in enumerate(["utf-8''" + pieces[0], *pieces[1:]])
            )


_PERCENT_PIECES = re.compile(r"(?:%[0-9A-F]{2}|[^%]){1,20}")

_TOKEN_RUN = re.compile(r'[^"();=\\]+')


_ATTRIBUTE = re.compile(r"(?:file)?name(?:\*\d{0,9}\*?)?|boundary|charset", re.IGNORECASE)
_ENDS_VALUE = re.compile(r"[ \t]*(?:;|\Z)")


def _split(text: str) -> list[tuple[str, str]]:
    """`(name, value)` pairs, the leading word with the name "". Comments are dropped."""
    return _Splitter(text, is_two_bytes=not _is_utf8(text.encode("latin-1"))).split()


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class _Splitter:
    """A walk through one value. No character is looked at more than a few times."""

    text: str
    pieces: list[tuple[str, str]] = field(default_factory=list)
    name: str = ""
    buffer: list[str] = field(default_factory=list)
    seen_equals: bool = False
    is_complete: bool = False
    has_ink: bool = False  # in the buffer
    has_open_quote: bool = False
    is_two_bytes: bool = False  # a backslash behind a byte beyond ASCII may be half of a letter

    def split(self) -> list[tuple[str, str]]:
        position = 0
        last_close = self.text.rfind(")")
        while position < len(self.text):
            character = self.text[position]
            if (
                character == '"'
                and not self.has_open_quote
                and (self.seen_equals or not self.pieces)
            ):
                position = self._quoted(position)
            elif character == "\\" and (escaped := self._quoted_by_escapes(position)):
                position = escaped
            elif character == "(" and self._may_open_comment(position):
                position = self._comment(position, last_close)
            elif character == ";":
                self._finish()
                position += 1
            elif character == "=" and self._is_assignment():
                position += 1
            elif run := _TOKEN_RUN.match(self.text, position):
                self._add(run.group())
                position = run.end()
            else:
                self._add(character)
                position += 1
        self._finish()
        return self.pieces

    def _add(self, text: str) -> None:
        if not self.is_complete:
            self.buffer.append(text)
            self.has_ink = self.has_ink or bool(text.strip())

    def _finish(self) -> None:
        content = "".join(self.buffer).strip(" \t")
        if not self.pieces:
            self.pieces.append(("", content))
        elif self.seen_equals and self.name:
            self.pieces.append((self.name, content))
        self.name, self.buffer = "", []
        self.seen_equals = self.is_complete = self.has_ink = False

    def _is_assignment(self) -> bool:
        """Whether the `=` here parts an attribute from its value; if so, it is taken in."""
        if self.seen_equals:
            return False
        if self.pieces:
            self.name = "".join(self.buffer).strip(" \t").lower()
        else:
            # `filename=x` with no word before it, or `attachment filename=x`.
            *words, name = "".join(self.buffer).split() or [""]
            if not _ATTRIBUTE.fullmatch(name):
                return False
            self.pieces.append(("", " ".join(words)))
            self.name = name.lower()
        self.buffer, self.seen_equals, self.has_ink = [], True, False
        return True

    def _quoted(self, position: int) -> int:
        match = (_QUOTED_TWO_BYTES if self.is_two_bytes else _QUOTED).match(self.text, position)
        if match is None:
            return position + 1
        content, closing = match.groups()
        if not closing:
            # A quote that never closes ends at the next parameter, as a reader would have it.
            self.has_open_quote = True
            content = content.partition(";")[0]
            self._add(content.rstrip())
            return position + 1 + len(content)
        # A Windows path keeps its backslashes: only quotes and backslashes are ever escaped.
        letters = _TWO_BYTES if self.is_two_bytes else "(?!)"
        self._add(re.sub(rf'({letters})|\\(["\\])', r"\1\2", content))
        # What follows a quoted value up to the next semicolon says nothing.
        self.is_complete = self.seen_equals and bool(content)
        return match.end()

    def _quoted_by_escapes(self, position: int) -> int | None:
        r"""Behind a value whose quotes are escaped: `name=\"a b.txt\"`, by a script's mistake."""
        if not self.seen_equals or self.has_ink:
            return None
        match = _QUOTED_BY_ESCAPES.match(self.text, position)
        if match is None:
            return None
        self._add(match[1])
        self.is_complete = bool(match[1])
        return match.end()

    def _may_open_comment(self, position: int) -> bool:
        """A parenthesis that is glued to a value is a part of it: `snap(1).png`."""
        return position == 0 or self.text[position - 1] in ' \t;=)"'

    def _comment(self, position: int, last_close: int) -> int:
        behind = _after_comment(self.text, position, last_close)
        if behind is None:
            self._add("(")
            return position + 1
        inside_value = self.seen_equals and self.has_ink
        if inside_value and not _ENDS_VALUE.match(self.text, behind):
            self._add(self.text[position:behind])  # `snap (1).png`
        return behind


_TWO_BYTES = r"[\x80-\xff][\x40-\xff]?"
_QUOTED_TWO_BYTES = re.compile(rf'"((?:{_TWO_BYTES}|[^"\\]|\\.)*)("?)', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_QUOTED_BY_ESCAPES = re.compile(r'\\"((?:[^"\\]|\\(?!"))*)\\"')
_COMMENT_MARK = re.compile(r"[()\\]")


def _after_comment(text: str, position: int, last_close: int) -> int | None:
    """The position behind the comment that opens here (comments nest), or None.

    A comment that is not closed at its own depth reaches to the last `)` of all, so that no
    text is looked at twice; without any `)` the parenthesis is an ordinary character.
    """
    if position > last_close:
        return None
    depth = 0
    while match := _COMMENT_MARK.search(text, position):
        position = match.end()
        if match.group() == "\\":
            position += 1
        elif match.group() == "(":
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return position
    return last_close + 1


def _decoded(raw_parameters: Mapping[str, bytes], charsets: tuple[str, ...]) -> dict[str, str]:
    plain: dict[str, str] = {}
    extended: dict[str, str] = {}
    continued: dict[str, dict[int, tuple[bytes, bool]]] = {}
    order: dict[str, None] = {}
    for name, content in raw_parameters.items():
        base = name
        if match := _CONTINUATION.match(name):
            base, number, star = match.groups()
            continued.setdefault(base, {}).setdefault(int(number), (content, bool(star)))
        elif name.endswith("*"):
            base = name[:-1]
            extended[base] = _decode_extended([(content, True)], charsets)
        else:
            plain[name] = decode_encoded_words(decode_header_bytes(content, charsets))
        order[base] = None
    for base, sections in continued.items():
        in_order = [sections[number] for number in sorted(sections)]
        extended.setdefault(base, _decode_extended(in_order, charsets))
    # The RFC 2231 form is the exact one where both are given (RFC 6266 section 4.3).
    both = plain | extended
    return {name: both[name] for name in order}


def _decode_extended(sections: list[tuple[bytes, bool]], charsets: tuple[str, ...]) -> str:
    charset: str | None = None
    values: list[bytes] = []
    for index, (section, is_extended) in enumerate(sections):
        value = section
        if is_extended:
            if index == 0 and value.count(b"'") >= 2:
                name, _, value = value.split(b"'", 2)
                charset = name.decode("latin-1") or None
            elif index == 0 and b"'" in value:
                # `utf-8'x`: the language was left out with its quote.
                name, _, rest = value.partition(b"'")
                if known_charset(name.decode("latin-1")):
                    charset, value = name.decode("latin-1"), rest
            value = unquote_to_bytes(value)
        values.append(value)
    content = b"".join(values)
    if charset is None:
        return decode_encoded_words(decode_header_bytes(content, charsets))
    return decode_labelled(content, charset)
