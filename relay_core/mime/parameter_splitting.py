"""Where the parameters of a value begin and end, with its quotes and comments undone.

RFC 2045 section 5.1 has the form, RFC 5322 section 3.2.2 the comments. What devices send instead
is read as a person would: quotes that never close, escaped quotes, parentheses in file names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from relay_core.text.charset_labels import known_charset


def split_parameters(text: str) -> list[tuple[str, str]]:
    """The parameters of a value as `(name, value)`, the leading word with the name "".

    Names and values are as written, without quotes and comments. Never fails; time is linear.
    """
    return _Splitter(text, is_two_bytes=not _is_utf8(text.encode("latin-1"))).split()


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_TOKEN_RUN = re.compile(r'[^"();=\\]+')


_ATTRIBUTE = re.compile(r"(?:file)?name(?:\*\d{0,9}\*?)?|boundary|charset", re.IGNORECASE)
_ASSIGNMENT = re.compile(r";[ \t]*[A-Za-z][\w-]*[\d*]*[ \t]*=[ \t]*")
_ENDS_VALUE = re.compile(r"[ \t]*(?:;|\Z)")
# Blanks or a comma, in place of the semicolon before an attribute.
_UNPARTED = re.compile(
    rf"(?:[ \t]++,?|,)[ \t]*+(?=(?:{_ATTRIBUTE.pattern})[ \t]*+=)", re.IGNORECASE
)


@dataclass(slots=True)
class _Splitter:
    """A walk through one value. No character is looked at more than a few times."""

    text: str
    pieces: list[tuple[str, str]] = field(default_factory=list)
    name: str = ""
    buffer: list[str] = field(default_factory=list)
    seen_equals: bool = False
    is_complete: bool = False
    has_text: bool = False  # in the buffer
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
                position = self._quoted_label(position + 1)
            elif character == "=" and (word := _WITH_QUOTE.match(self.text, position)):
                self._add(word.group())
                position = word.end()
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
            self.has_text = self.has_text or bool(text.strip())

    def _finish(self) -> None:
        content = "".join(self.buffer).strip(" \t")
        if not self.pieces:
            self.pieces.append(("", content))
        elif self.seen_equals and self.name:
            self.pieces.append((self.name, content))
        self.name, self.buffer = "", []
        self.seen_equals = self.is_complete = self.has_text = False

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
        self.buffer, self.seen_equals, self.has_text = [], True, False
        return True

    def _quoted(self, position: int) -> int:
        match = (_QUOTED_TWO_BYTES if self.is_two_bytes else _QUOTED).match(self.text, position)
        if match is None:
            return position + 1
        content, closing = match.groups()
        opens_another = self._opens_another(content, match.end())
        if not closing or opens_another:
            # A quote that never closes ends at the next parameter, as a reader would have it.
            self.has_open_quote = not opens_another
            content = content.partition(";")[0]
            if self.name == "charset" and self.has_text:
                self.is_complete = True  # `utf-8"x`
            self._add(content.rstrip())
            return position + 1 + len(content)
        # A Windows path keeps its backslashes: only quotes and backslashes are ever escaped.
        letters = _TWO_BYTES if self.is_two_bytes else "(?!)"
        self._add(re.sub(rf'({letters})|\\(["\\])', r"\1\2", content))
        # What follows a quoted value up to the next semicolon says nothing, but a parameter.
        self.is_complete = self.seen_equals and bool(content)
        if self.is_complete and (unparted := _UNPARTED.match(self.text, match.end())):
            self._finish()
            return unparted.end()
        return match.end()

    def _opens_another(self, content: str, behind: int) -> bool:
        """Whether the quote behind a content opens the next value: `charset="utf-8; name="x"`."""
        last = content.rfind(";")
        return (
            last >= 0
            and _ASSIGNMENT.fullmatch(content, last) is not None
            # With escaped quotes in it, the same text might be looked at again and again.
            and "\\" not in content
            and not _ENDS_VALUE.match(self.text, behind)
        )

    def _quoted_label(self, position: int) -> int:
        """Behind the charset of an extended value (RFC 2231 section 4) that has a double quote.

        It is taken in without the quote; whatever is in the place of the language says nothing.
        """
        if _HAS_LABEL.fullmatch(self.name) and (match := _LABEL.match(self.text, position)):
            label = match[1] or match[2]
            if known_charset(label):
                self._add(f"{label}''")
                return match.end()
        return position

    def _quoted_by_escapes(self, position: int) -> int | None:
        r"""Behind a value whose quotes are escaped: `name=\"a b.txt\"`, by a script's mistake."""
        if not self.seen_equals or self.has_text:
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
        inside_value = self.seen_equals and self.has_text
        if inside_value and not _ENDS_VALUE.match(self.text, behind):
            self._add(self.text[position:behind])  # `snap (1).png`
        return behind


_HAS_LABEL = re.compile(r"[^*]+\*(?:0\*)?")
_LABEL = re.compile(
    # `utf-8"x'en'`, `"utf-8"''`, `utf-8"'`, `utf-8'x"'`, or the quote in place of both marks.
    r"""[ \t]*(?:"?([\w.:+-]{1,40})(?:"[\w-]{0,20}'[\w-]{0,20}'|'[\w-]{0,20}"[\w-]{0,20}'|"')"""
    r"""|([\w.:+-]{1,40})"(?=[^\s;"]))""",
    re.ASCII,
)
_TWO_BYTES = r"[\x80-\xff][\x40-\xff]?"
# An encoded-word with a quote in its label (RFC 2047 allows none) closes no value.
_WORD = r'=\?[^?;\s"]{0,40}"[^?;\s]{0,40}\?[bBqQ]\?[^?;"]*\?='
_WITH_QUOTE = re.compile(_WORD)
_QUOTED_TWO_BYTES = re.compile(rf'"((?:{_TWO_BYTES}|{_WORD}|[^"\\]|\\.)*)("?)', re.DOTALL)
_QUOTED = re.compile(rf'"((?:{_WORD}|[^"\\]|\\.)*)("?)', re.DOTALL)
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
