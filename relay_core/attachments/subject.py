"""The Subject of a mail: the recipient codes in it, and what readers see of it without them.

A device whose body cannot be changed often lets its operator type the Subject. The code is looked
for in the field as it came, its folds as line ends: so a code that a mailer folded is read like
one that it wrapped in a body (RFC 5322 section 2.2.3).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from relay_core.mime.header import Header
from relay_core.recipient_code import (
    MAX_SEARCHES,
    Markers,
    RecipientCode,
    find_in_text,
)
from relay_core.text.spans import cut


class Subject(NamedTuple):
    """What a Subject says.

    `folded` is its text with the folds in it, and the places of errors in `codes` are in
    characters of it. `shown` is what readers see, on one line; `is_changed` tells whether a code
    was cut from it. With `has_words_before` other words are before the first code, as in the
    Subject of an answer that quotes one.
    """

    folded: str
    codes: tuple[RecipientCode, ...]
    shown: str
    is_changed: bool
    has_words_before: bool


def read_subject(header: Header, markers: Markers) -> Subject:
    """Read the Subject of a mail; one that is missing is empty."""
    folded = header.folded_text("subject") or ""
    found = find_in_text(folded, markers)
    whole = one_line(header.text("subject") or "")
    rest = one_line(cut(folded, found.removals)) if found.removals else whole
    is_searched = rest == folded and not found.removals
    shown = rest if is_searched else _without_codes(rest, markers)
    return Subject(
        folded=folded,
        codes=found.codes,
        shown=shown,
        is_changed=shown != whole,
        has_words_before=bool(found.removals)
        and bool(one_line(folded[: found.removals[0].start])),
    )


def _without_codes(line: str, markers: Markers) -> str:
    """The words of a line, one blank apart, without codes.

    Words that move together may make a code whole, as any cut may. A line that shows one after
    so many cuts as this was written for that, and is left out.
    """
    words = line
    for _ in range(MAX_SEARCHES):
        removals = find_in_text(words, markers).removals
        if not removals:
            return words
        words = one_line(cut(words, removals))
    return ""


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def one_line(text: str) -> str:
    """The words of a text, one blank apart, as they will be in a field."""
    return " ".join(_CONTROL.sub(" ", text).split())
