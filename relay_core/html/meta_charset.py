"""The charset that an HTML document names itself (WHATWG HTML, section 13.2.3.2).

A browser looks for it in the first bytes where no header says more; here it is also put right
where a document goes out in another charset than it came in. Markup is read loosely: what counts
is a `<meta>` with a charset, in an attribute of that name or in its `content`, or an XML
declaration with an encoding.
"""

from __future__ import annotations

import re

LOOKED_AT = 1 << 13
"""In how many characters from the beginning it is looked for; browsers look at 1024 bytes."""

_NAMED = re.compile(
    r"<(?:meta\b[^<>]{0,500}?[\s\"';/]charset\s{0,20}=|\?xml\b[^<>]{0,200}?\sencoding\s{0,20}=)"
    r"\s{0,20}[\"']?\s{0,20}(?P<charset>[A-Za-z0-9_.:-]{1,60})",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def _find(beginning: str) -> re.Match[str] | None:
    # A comment names nothing; its place is kept.
    visible = _COMMENT.sub(lambda comment: " " * len(comment[0]), beginning)
    return _NAMED.search(visible)


def find_meta_charset(beginning: bytes) -> str | None:
    """The label of the charset that an HTML document names in its first bytes, or None.

    It is written in ASCII, or nobody could read it.
    """
    if b"<" not in beginning[:LOOKED_AT]:
        return None
    named = _find(beginning[:LOOKED_AT].decode("latin-1"))
    return named and named["charset"]


def with_meta_charset(html: str, charset: str) -> str:
    """The document with this charset in place of another that it names; else as it is."""
    named = _find(html[:LOOKED_AT])
    if named is None or named["charset"].lower() == charset:
        return html
    start, end = named.span("charset")
    return f"{html[:start]}{charset}{html[end:]}"
