"""The tokens of HTML as a browser finds them (WHATWG HTML, section 13.2.5, "Tokenization").

What never ends is None: a comment, a tag with an open quote, a script. All that follows is in it.
Positions are offsets into the HTML, in characters.
"""

from __future__ import annotations

import re

_SPACE = r"[\t\n\f\r ]"
# 13.2.5.32 to 13.2.5.39. A value that never ends makes no tag.
_ATTRIBUTE = (
    rf"[^\t\n\f\r />][^\t\n\f\r />=]*+"
    rf"(?:{_SPACE}*+={_SPACE}*+(?:\"[^\"]*+\"|'[^']*+'|(?=>)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)"
    rf"|(?!{_SPACE}*+=))"
)
# The attributes are taken by a lookahead and repeated, so that nothing of them is given back.
TAG = re.compile(rf"<(/?)([A-Za-z][^\t\n\f\r />]*+)(?=((?:[\t\n\f\r /]++|{_ATTRIBUTE})*))\3>")
"""A whole tag: whether it is an end tag, its name, its attributes."""

MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_COMMENT_END = re.compile(r"--!?>")
_RAW_TEXT_END = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE)
    for name in ("title", "textarea", "style", "xmp", "iframe", "noembed", "noframes")
}
NOSCRIPT_END = re.compile(r"</noscript(?=[\t\n\f\r />])", re.IGNORECASE)
_SCRIPT_STEP = re.compile(r"<!--|-->|<(/?)script(?=[\t\n\f\r />])", re.IGNORECASE)
RAW_TEXT = frozenset({*_RAW_TEXT_END, "script"})
"""The elements that hold no markup (13.2.6.4.4, 13.2.6.4.7)."""


def end_of_comment(html: str, start: int) -> int | None:
    """The end of the comment that begins at `start` with `<!--`; None if it never ends."""
    if html.startswith((">", "->"), start + 4):
        return html.index(">", start) + 1
    ended = _COMMENT_END.search(html, start + 4)
    return ended and ended.end()


def end_of_other(html: str, start: int) -> int | None:
    """The end of what begins at `start` with `<` and is no comment and no whole tag.

    A bogus comment (13.2.5.41) or words; None for a tag that never ends.
    """
    second, third = html[start + 1 : start + 2], html[start + 2 : start + 3]
    if second == "/" and not third:
        return start + 2  # words, at the very end
    if second.isalpha() or (second == "/" and third.isascii() and third.isalpha()):
        return None  # a tag that never ends
    return end_of(html, ">", start + 2)


def end_of_markup(html: str, start: int) -> int | None:
    """The end of the markup that begins at `start` with `<`; None if it never ends.

    An element of `RAW_TEXT` includes its content and its end tag.
    """
    if html.startswith("<!--", start):
        return end_of_comment(html, start)
    tag = TAG.match(html, start)
    if tag is None:
        return end_of_other(html, start)
    name = tag[2].lower()
    is_raw = not tag[1] and name in RAW_TEXT
    return end_of_raw_text(html, name, tag.end()) if is_raw else tag.end()


def end_of(html: str, mark: str, position: int) -> int | None:
    """The offset after the next `mark` from `position` on; None if there is none."""
    found = html.find(mark, position)
    return None if found < 0 else found + len(mark)


def end_of_raw_text(html: str, name: str, position: int) -> int | None:
    """The offset after the end tag of an element of `RAW_TEXT`; None if it never ends.

    `name` is in lower case; the content of the element begins at `position`.
    """
    if name == "script":
        ended = _end_of_script(html, position)
    else:
        found = _RAW_TEXT_END[name].search(html, position)
        ended = found.start() if found else None
    tag = None if ended is None else TAG.match(html, ended)
    return tag and tag.end()


def _end_of_script(html: str, position: int) -> int | None:
    """13.2.5.15 to 13.2.5.31: a script in a comment in a script does not end it."""
    escaped = nested = False
    while step := _SCRIPT_STEP.search(html, position):
        position = step.end()
        if step[1] is None:
            escaped = step[0] == "<!--"
            nested = nested and escaped
            if escaped:
                position -= 2  # the dashes of <!--> end it, too
        elif step[1] == "/":
            if not nested:
                return step.start()
            nested = False
        else:
            nested = nested or escaped
    return None
