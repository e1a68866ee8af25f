"""An error in a code as text for a person: the line, and a caret under the place."""

from __future__ import annotations

import re
import unicodedata

from .entries import CodeError

_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_CONTEXT = 40  # characters shown on either side of the place, and of the place itself


def format_error(text: str, error: CodeError) -> str:
    """The expected item and its place, then the line of `text`, then a caret under the place.

    `text` is the searched text, `error` a result of that search. Of a long line, only the part
    around the place is shown. There is no line end after the caret.
    """
    start = min(error.span.start, len(text))
    end = min(max(error.span.end, start), len(text))
    before = _LINE_END.split(text[max(0, start - _CONTEXT) : start])[-1]
    place, *more_lines = _LINE_END.split(text[start : min(end, start + _CONTEXT)])
    # The place is shortened if it continues beyond this line or is too long.
    is_cut = bool(more_lines) or end > start + _CONTEXT
    after = "" if is_cut else _LINE_END.split(text[end : end + _CONTEXT])[0]
    clipped_left = len(before) == _CONTEXT and start > _CONTEXT
    clipped_right = is_cut or (len(after) == _CONTEXT and len(text) > end + _CONTEXT)
    indent = ("…" if clipped_left else "") + _printable(before)
    shown = _printable(place)
    line = indent + shown + _printable(after) + ("…" if clipped_right else "")
    carets = "^" * max(1, _width(shown))
    found = f"found {error.found[:_CONTEXT]!r}" if error.found else "found nothing"
    return f"expected {error.expected}, {found}\n    {line}\n    {' ' * _width(indent)}{carets}"


def _printable(text: str) -> str:
    """The text with a space for each character that is invisible or would shift the caret."""
    return "".join(character if character.isprintable() else " " for character in text)


def _width(text: str) -> int:
    """How many columns a terminal gives the text (Unicode Standard Annex 11)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if _is_wide(character) else 1
        for character in text
    )


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"F", "W"}
