"""Characters that stand for others: full-width forms, ideographic and typographic marks.

Input methods write the letters, the at-sign and the dots of an address at full width, editors make
quotes and hyphens pretty. A person reads the plain character, and so does the grammar. One
character always stands for one, so that places in the text stay what they are.
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
# What may be the first byte of a character, and a byte that may be the second one or, in GB18030
# and Johab, any other: from "0" to "~".
_HALF = re.compile("(?<=[\x80-\x9f\uf780-\uf7ff\ufffd])[0-~]")
# Between two letters it may be meant as a dot.
_BULLET = re.compile(r"(?<!\w)[•‣∙◦▪▫●○■□◆◇]|[•‣∙◦▪▫●○■□◆◇](?!\w)")


def as_read(text: str) -> str:
    """The text with plain characters for those that stand for them; no place moves."""
    return text if text.isascii() else _BULLET.sub("|", text.translate(_READ_AS))


def without_halves(text: str) -> str:
    """The text with U+FFFD for each ASCII character that may be half of another one.

    In a text that nobody understands (`relay_core.text.charsets.UNREAD`) `|` may be the second
    byte of a character of Shift_JIS, GBK or Big5, and then it separates nothing.
    """
    return _HALF.sub("\ufffd", text)


def spellings(character: str) -> str:
    """A regular expression for one character in each of its spellings, case ignored elsewhere."""
    others = [chr(code) for code, plain in _READ_AS.items() if plain == ord(character)]
    return f"[{''.join(map(_escaped, [character, *others]))}]"


def _escaped(character: str) -> str:
    return f"\\{character}" if character in "\\^]-[" else character
