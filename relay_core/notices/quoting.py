"""Text of a mail quoted in a notice: readable, and never a link.

Mail programs turn text into links by different rules: a scheme and a colon, also after a letter or
an underscore, a bare domain, `www.`, an address, the path of a share. So every character that a
link needs is put in brackets, as is usual in security reports: `https[:]//evil[.]example/login`.

* a dot (or one of IDNA's) between two words, except in a number such as `21.5`;
* a colon between a word and further text, except in a time such as `12:05`;
* two slashes or backslashes that begin a path;
* an at-sign, where addresses are not kept.

A plain address may stay unchanged: an operator copies it into the configuration, and a mail
program can only start a new mail from it. Telephone numbers stay unchanged: no character prevents
links in programs that make links of bare numbers.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = (
    r"(?<![^\s'\"(<,;])(?!www\.)[A-Za-z0-9](?:[A-Za-z0-9_+-]|\.(?=[A-Za-z0-9])){0,63}"
    rf"@(?:{_LABEL}\.){{1,8}}[A-Za-z][A-Za-z0-9-]{{1,62}}(?![^\s'\")>,;:.!?])(?![:.!?][^\s'\")>])"
)
_NUMBER = r"(?<![\w.])\d{1,12}\.\d{1,12}(?![\w.:/@-])"
_SIGNS = (
    r"(?<=[^\s\[])[.\u2024\u3002\ufe52\uff0e\uff61](?=\w|[^\x00-\x7f])"
    r"|(?<=[\w+.-])(?:(?<!\d)[:\ufe55\uff1a](?=[^\s\]])|(?<=\d)[:\ufe55\uff1a](?=[^\s\d\]]))"
    r"|(?<!\[)(?<![\w+.-]:)(?<!\[:\])//(?=\w)|(?<!\[)\\\\(?=\w)"
)
_AT_SIGN = r"|(?<=\S)(?!(?<=\[).\])[@\ufe6b\uff20](?=\S)"
_CARETS = re.compile(r"( *)(\^+)\Z")


@lru_cache(maxsize=16)
def _pattern(markers: tuple[str, ...], *, keeps_addresses: bool) -> re.Pattern[str]:
    left_alone = [_NUMBER]
    left_alone += (rf":?(?<!\w){re.escape(marker)}:" for marker in markers)
    if keeps_addresses:
        left_alone.append(_ADDRESS)
    signs = _SIGNS if keeps_addresses else _SIGNS + _AT_SIGN
    return re.compile(rf"(?:{'|'.join(left_alone)})|(?P<sign>{signs})")


def quote_words(text: str, *, markers: tuple[str, ...] = (), keeps_addresses: bool = True) -> str:
    """The text without control characters, and without text that mail programs make a link of.

    Line breaks stay. `markers` are the words around recipient codes; their colons stay too. With
    `keeps_addresses`, plain addresses stay as well.
    """
    printable = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
    pattern = _pattern(markers, keeps_addresses=keeps_addresses)
    lines = printable.split("\n")
    quoted = [pattern.sub(_bracketed, line) for line in lines]
    for number, carets in enumerate(map(_CARETS.match, lines[1:]), 1):
        if carets:
            quoted[number] = _moved(carets, lines[number - 1], pattern)
    return "\n".join(quoted)


def _bracketed(match: re.Match[str]) -> str:
    return f"[{match['sign']}]" if match["sign"] else match[0]


def _moved(carets: re.Match[str], line: str, pattern: re.Pattern[str]) -> str:
    """The carets, moved below the new position of their place: each added bracket moves it."""
    start, end = len(carets[1]), len(carets[0])
    before = within = 0
    for sign in pattern.finditer(line):
        if sign["sign"]:
            column = _width(line[: sign.start()])
            before += column < start
            within += start <= column < end
    return " " * (start + 2 * before) + "^" * (end - start + 2 * within)


def _width(text: str) -> int:
    """How many columns a terminal gives the text (Unicode Standard Annex 11)."""
    return sum(
        0
        if unicodedata.combining(character)
        else 1 + (unicodedata.east_asian_width(character) in {"F", "W"})
        for character in text
    )
