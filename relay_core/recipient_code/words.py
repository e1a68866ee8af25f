"""The words of a list, and the paired marks around them.

People, editors and programs put addresses into quotes, brackets and emphasis, one by one or the
whole list, and number them. `read_fields` gives the words between separators, without comments and
without words that consist only of marks; `Word.bare` is a word without the marks around it.

Some marks may be part of a local-part by RFC 5322 section 3.2.3 (`{a@example.net` is an address
there). They are removed only in pairs, within a word or across the list. A word that begins with
such a mark without a partner `is_doubtful`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from relay_core.errors import Span
from relay_core.html.text import OBJECT

MAX_WORDS = 10_000
"""How many words of a list are read, names and addresses alike; the rest is one error.

No real list is so long, and a code that fills a whole mail would take minutes to read.
"""

# A picture between two addresses separates them like a blank.
_BLANK = rf"[\s{OBJECT}]"
LINE_END = re.compile(r"[\n\r\v\f\x85\u2028\u2029]")
# In the middle of a domain it is not a comment: `ann@example.co(1).uk`.
COMMENT = r"(?:\([^()@,;<>|]{0,128}\)|\[[0-9]{1,3}\])(?!\.\w)"
# Blanks and separators are part of a quoted name, of text in angle brackets and of a Markdown
# link. The bounds limit the search for the partner of a mark that is never closed.
_LEXEME = re.compile(
    r"(?P<separator>\\?[,;|])"
    rf"|(?P<blank>{_BLANK}++)"
    rf"|(?P<comment>{COMMENT}|[0-9]{{1,3}}(?:\)|[.:](?={_BLANK})))"
    r'|(?P<word>(?:"(?:[^"\\]|\\.){0,256}"(?=@|\s{0,8}[<(\[])'
    r'|<(?:[^<>,;"]|"[^"\\]{0,64}+"){0,512}>'
    r"|\[[^\[\]<>]{0,256}\]\([^()]{0,400}\)"
    rf'|\\["\\]|[^\s{OBJECT},;|(\[\\]|\\(?![,;|])|(?!{COMMENT})[(\[])+)'
)
# Between two addresses in one word: a slash, a colon, a symbol, or two brackets.
_JOINT = re.compile(
    r"@[\w.-]+[\])>}\"'`*~]*"
    r"(?:(?P<mark>[/:]|[^\x00-\x7f\w])|(?<=>)(?=<)|(?<=\))(?=\()|(?<=\])(?=\[))(?=[^@]*@)"
)
_IN_ANGLES = re.compile(r"<[^<>\"]*>")
# Blanks around the target of a link, and its title.
_IN_LINK = re.compile(r"(?<=\]\()\s+|\s+\"[^\"]*\"(?=\s*\))|\s+(?=\))")
_ESCAPE = re.compile(r"\\(?=[^\w\s]|_)")
_LEFT = r"(?P<left>[^\w\s\x00-\x1f\x7f!#$%&+,.;?@\\^|-]*)"
# The name of a group may end in a dot.
_GROUP = re.compile(rf"{_LEFT}@")
_MARKED_GROUP = re.compile(
    rf"{_LEFT}(?P<bare>@[A-Za-z0-9_.-]+)(?P<right>[\[\](){{}}<>\"'`*~/=]*)\Z"
)
_MARKED = re.compile(
    rf"{_LEFT}"
    r"(?P<bare>.*(?:[^\W_]|-)|)(?P<right>.*)",
    re.DOTALL,
)
# After a second dot, or an ellipsis, the rest of the address is missing.
_CLOSING_MARKS = re.compile(r"[\[\](){}<>\"'`*~/=_:!?]*(?:\.[\[\](){}<>\"'`*~/=_:!?]*)?\Z")
_LABEL = r"(?:mailto:(?://)?|(?:smtp|e-?mail|to|cc|bcc)[\"']?:[\"']?)"
LABELS = re.compile(rf"{_LABEL}{{1,3}}", re.IGNORECASE)
"""The labels before an address."""

_NUMBER = re.compile(r"[^\w@]{0,3}[0-9]{1,3}[^\w@]{0,3}")  # of a list, a mark on one side at least

_PARTNERS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_OPENERS = {closing: opening for opening, closing in _PARTNERS.items()}
_QUOTES = (*"\"'`*~/=_",)
_INSIDE = re.compile(r"[()\[\]{}<>\"]")
# Marks that are reported if they have no partner; the others are often punctuation.
_SHOWN_IF_UNPAIRED = frozenset("()[]{}\"'`*~")
# Marks that a local-part may begin with by the RFC, and a bracket around a single address.
_DOUBTFUL = frozenset("'`*~/={<")


class Marks(NamedTuple):
    """A word without the marks around it, and the marks on both sides."""

    left: str
    bare: str
    right: str


@dataclass(slots=True, kw_only=True)
class Word:
    """A word of the list; `wrapped` if only a line end separates it from the word before.

    `unpaired` are its marks that have no partner in the list.
    """

    start: int
    end: int
    text: str
    wrapped: bool
    unpaired: str = ""
    is_doubtful: bool = False
    marks: Marks = field(init=False)

    def __post_init__(self) -> None:
        self.marks = _marks(self.text)

    @property
    def missing_partner_of(self) -> str:
        """The first mark that should have a partner and has none, or ""."""
        return next((mark for mark in self.unpaired if mark in _SHOWN_IF_UNPAIRED), "")

    def joined(self, other: Word) -> Word:
        """The word and the one on the next line as one."""
        return Word(
            start=self.start,
            end=other.end,
            text=self.text + other.text,
            wrapped=self.wrapped,
            unpaired=self.unpaired + other.unpaired,
            is_doubtful=self.is_doubtful or other.is_doubtful,
        )


def _marks(text: str) -> Marks:
    """A word in three parts; all of it is bare if other characters than marks follow it."""
    if text.isalnum():
        return Marks("", text, "")
    text = _IN_LINK.sub("", _IN_ANGLES.sub(_without_blanks, text))
    text = _ESCAPE.sub("", text)
    found = (_MARKED_GROUP if _GROUP.match(text) else _MARKED).match(text)
    if found is None or not _CLOSING_MARKS.match(found["right"]):
        return Marks("", text, "")
    if not found["left"].isascii() and any(map(_may_be_a_letter, found["left"])):
        return Marks("", text, "")
    left, bare, right = found["left"], found["bare"], found["right"]
    if underscores := min(_underscores(bare), _underscores(right)):
        left, bare, right = f"{left}_", bare[underscores:], right[underscores:]
    if bare[:1] in {*"bBuUrR"} and bare[1:2] in {*"\"'"} and bare[1:2] in right:
        left, bare = left + bare[1], bare[2:]  # a string as Python prints it
    return Marks(left, bare, right)


def _may_be_a_letter(character: str) -> bool:
    """Whether it replaces an unreadable character, or modifies the character before it."""
    kind = unicodedata.category(character)
    is_variant = "\ufe00" <= character <= "\ufe0f"  # of a symbol
    return character == "\ufffd" or kind in {"Co", "Cn"} or (kind[0] == "M" and not is_variant)


def _without_blanks(match: re.Match[str]) -> str:
    return "".join(match[0].split())


def _underscores(text: str) -> int:
    return len(text) - len(text.lstrip("_"))


class Link(NamedTuple):
    """A range of the text that is a link to an address, and that address."""

    start: int
    end: int
    target: str


class Fields(NamedTuple):
    """The words between separators, and the rest that was not read because there are too many."""

    fields: list[list[Word]]
    unread: Span | None


def read_fields(text: str, start: int, end: int, links: Sequence[Link]) -> Fields:
    """`list = *( word / separator / comment / mark )`, read from `text[start:end]`.

    separator = "," / ";" / "|" / white space, or "/" ":" and symbols between two addresses;
    comment = "(" text without "@" ")" / "[" number "]" / number ( ")" / "." / ":" );
    mark = a word without a letter, a digit and an at-sign, or a label.
    """
    fields: list[list[Word]] = [[]]
    marks: list[Word] = []  # all words, including those that consist only of marks
    number = 0
    for word in _lexemes(text, start, end, links):
        if word is None:
            if fields[-1]:
                fields.append([])
            continue
        if number == MAX_WORDS:
            # All of the field: half of it might read as an address that was not meant.
            first = fields.pop()[:1] or [word]
            return Fields(_paired(fields, marks), Span(first[0].start, end))
        marks.append(word)
        if has_content(word.text):
            number += 1
            fields[-1].append(word)
        elif len(marks) > 2 * MAX_WORDS:
            return Fields(_paired(fields, marks), Span(word.start, end))
    return Fields(_paired(fields, marks), None)


def has_content(text: str) -> bool:
    """Whether a word is more than a mark, a label or the number of an entry."""
    if "@" in text or text.isdigit():
        return True
    is_label = LABELS.fullmatch(text) or _NUMBER.fullmatch(text)
    return not is_label and any(map(str.isalnum, text))


def _lexemes(text: str, start: int, end: int, links: Sequence[Link]) -> Iterator[Word | None]:
    """The words, and None for each separator."""
    blank = ""
    for segment_start, segment_end, link in _segments(start, end, links):
        for lexeme in _LEXEME.finditer(text, segment_start, segment_end):
            kind = lexeme.lastgroup
            if kind == "word":
                for word in _apart(lexeme.group(), lexeme.start()):
                    yield word and Word(
                        start=word.start,
                        end=word.end,
                        text=text[word.start : word.end],
                        wrapped=bool(LINE_END.search(blank)),
                    )
            elif kind == "separator":
                yield None
            blank = lexeme.group() if kind == "blank" else ""
        if link:
            wrapped = bool(LINE_END.search(blank))
            yield Word(start=link.start, end=link.end, text=f"<{link.target}>", wrapped=wrapped)
            blank = ""


def _segments(
    start: int, end: int, links: Sequence[Link]
) -> Iterator[tuple[int, int, Link | None]]:
    """The parts of the text to read word by word, each with the link after it."""
    for link in links:
        yield start, link.start, link
        start = link.end
    yield start, end, None


def _apart(lexeme: str, at: int) -> Iterator[Span | None]:
    """The addresses in one word, None between two of them."""
    position = 0
    if lexeme.count("@") > 1:
        for joint in _JOINT.finditer(lexeme):
            if joint["mark"] and _may_be_within_a_domain(
                joint["mark"], lexeme[joint.end() : joint.end() + 65]
            ):
                continue
            edge = joint.end() - len(joint["mark"] or "")
            yield Span(at + position, at + edge)
            yield None
            position = joint.end()
    yield Span(at + position, at + len(lexeme))


def _may_be_within_a_domain(mark: str, behind: str) -> bool:
    """Whether an apparent separator of two addresses may be part of the domain before it."""
    if mark in _MIDDLE_DOTS:
        return _LOCAL_PART.match(behind) is None
    return _may_be_a_letter(mark)


_MIDDLE_DOTS = "\u00b7\u30fb"  # used in Catalan and Japanese domain names
_LOCAL_PART = re.compile(r"[\w.+&#~^$'-]{1,64}@")


def _paired(fields: list[list[Word]], words: Iterable[Word]) -> list[list[Word]]:
    """The fields, with `unpaired` set in each word.

    Each kind of mark is paired by itself: marks of two kinds need not be nested.
    """
    waiting: _Waiting = {mark: [] for mark in (*_PARTNERS, *_QUOTES)}
    for word in words:
        _pair(word, waiting)
    for mark, openers in waiting.items():
        for word in openers:
            word.unpaired += mark
            word.is_doubtful |= mark in _DOUBTFUL and mark in word.marks.left
    return fields


_Waiting = dict[str, list[Word]]
"""By mark, the words in which it opens and is not closed yet."""


def _pair(word: Word, waiting: _Waiting) -> None:
    left, bare, right = word.marks
    for mark in left:
        if mark in _PARTNERS or (mark in _QUOTES and bare):
            waiting[mark].append(word)
        else:
            _close(mark, word, waiting)
    for mark in _INSIDE.findall(bare):
        if mark in _PARTNERS or (mark == '"' and not waiting[mark]):
            waiting[mark].append(word)
        else:
            _close(mark, word, waiting)
    for mark in right:
        if mark in _PARTNERS:
            waiting[mark].append(word)
        elif not _close(mark, word, waiting):
            # `a@exam=` is half an address; `u'a@x'` may be an address with a letter before it.
            word.is_doubtful |= mark == "=" or (mark == "'" and mark in bare)


def _close(mark: str, word: Word, waiting: _Waiting) -> bool:
    """Remove the partner of a closing mark. Returns whether it had one or needs none."""
    opening = _OPENERS.get(mark, mark if mark in _QUOTES else "")
    if not opening:
        return True
    if waiting[opening]:
        waiting[opening].pop()
        return True
    word.unpaired += mark
    return False
