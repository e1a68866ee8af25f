"""Delimiter lines whose boundary no header declares, recognised by the header behind them.

A boundary is often left out, cut short, escaped or that of another mail. A person sees where the
parts are: a line that begins with two hyphens, and behind it the header of a part.
"""

from __future__ import annotations

import re

from relay_core.abnf import FTEXT

_END = rb"(?:\r?\n|\r(?!\n))"
_DELIMITER = re.compile(
    rb"--(?:"
    # An empty line is an empty header.
    rb"([^\s-][^\r\n]{0,200}?)[ \t]*%b(?:[%b]+[ \t]*:|%b)"
    # Behind more hyphens, which make a rule in many a text, only fields of content count.
    rb"|(-[^\r\n]{0,200}?)[ \t]*%b(?i:content-(?:type|disposition|transfer-encoding)[ \t]*:)"
    rb")" % (_END, FTEXT.encode(), _END, _END)
)
_SURE = re.compile(rb"--([^\s][^\r\n]{0,200}?)[ \t]*%b(?i:content-type[ \t]*:)" % _END)


def undeclared_boundary(raw: bytes, start: int, end: int, *, is_sure: bool) -> bytes | None:
    """The boundary of the line at `start`, if the header of a part follows; else None.

    `start` and `end` are offsets into `raw`. With `is_sure` the header has to begin with a
    Content-Type: for a body that no header calls a multipart.
    """
    match = (_SURE if is_sure else _DELIMITER).match(raw, start, end)
    if match is None:
        return None
    return match[1] or match[2] if match.re.groups == 2 else match[1]


_EXPLAINS = re.compile(rb"(?i)\bmime\b|multi-?part")
_PARAGRAPH_END = re.compile(rb"(?:\r?\n|\r)[ \t]*+(?:\r?\n|\r)")
_NOT_BLANK = re.compile(rb"\S")


def is_shown(preamble: bytes) -> bool:
    """Whether words for people precede a first delimiter.

    A preamble explains to old programs what they do not understand (RFC 2046 section 5.1.1). What
    a device wrote there that knows little of MIME are words: a paragraph that speaks of others.
    """
    return any(
        _NOT_BLANK.search(paragraph) and not _EXPLAINS.search(paragraph)
        for paragraph in _PARAGRAPH_END.split(preamble)
    )
