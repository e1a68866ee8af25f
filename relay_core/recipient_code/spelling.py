"""Variants of characters: full-width forms, ideographic and typographic marks.

Input methods write the letters, the at-sign and the dots of an address at full width; editors
insert typographic quotes and hyphens. The grammar reads the plain character, as a person does.
Each character is replaced by exactly one, so positions in the text do not change.
"""
# ruff: noqa: RUF001 - they are what this is about

from __future__ import annotations

import re

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MARKS = {
    ",": "、､﹐﹑،",
    ";": "﹔؛\u037e",
    ":": "﹕︰∶꞉",
    ".": "。｡﹒",
    "@": "﹫",
    "*": "﹡",
    "/": "⁄∕",
    "-": "\u2010\u2011",
    "|": "¦│┃║",
    '"': "“”„‟«»″〝〞",
    "'": "‘’‚‛‹›′´",
    "(": "﹙",
    ")": "﹚",
    "[": "【〔〖「『｢﹝",
    "]": "】〕〗」』｣﹞",
    "{": "﹛",
    "}": "﹜",
    "<": "《〈⟨⟪﹤",
    ">": "》〉⟩⟫﹥",
}
_READ_AS = {
    **_FULL_WIDTH,
    **{ord(one): ord(plain) for plain, ones in _MARKS.items() for one in ones},
}
# A possible first byte of a character, then a possible second byte (in GB18030 and Johab also any
# other byte): "0" to "~".
_HALF = re.compile("(?<=[\x80-\x9f\uf780-\uf7ff\ufffd])[0-~]")
# Between two letters it may be meant as a dot.
_BULLETS = "•‣∙◦▪▫●○■□◆◇"
_BULLET = re.compile(rf"(?<!\w)[{_BULLETS}]|[{_BULLETS}](?!\w)")
# One class of characters is searched for many times as fast as all are translated.
_VARIANT = re.compile(f"[{''.join(map(chr, _READ_AS))}{_BULLETS}]")


def as_read(text: str) -> str:
    """The text with plain characters in place of their variants; no position changes."""
    if text.isascii() or not _VARIANT.search(text):
        return text
    return _BULLET.sub("|", text.translate(_READ_AS))


def without_halves(text: str) -> str:
    """The text with U+FFFD for each ASCII character that may be half of another one.

    In a text of unknown charset (`relay_core.text.charsets.UNREAD`), `|` may be the second byte of
    a character of Shift_JIS, GBK or Big5; then it is no separator.
    """
    return _HALF.sub("\ufffd", text)


def spellings(character: str) -> str:
    """A regular expression for one character in each of its spellings, case ignored elsewhere."""
    others = [chr(code) for code, plain in _READ_AS.items() if plain == ord(character)]
    return f"[{''.join(map(_escaped, [character, *others]))}]"


def _escaped(character: str) -> str:
    return f"\\{character}" if character in "\\^]-[" else character
