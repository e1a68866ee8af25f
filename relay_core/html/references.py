"""What the HTML of a mail shows of its other parts: the references in it.

A browser reads them in the values of attributes, character references decoded (WHATWG HTML,
section 13.2.5), and in style sheets. A picture is named by its Content-ID (RFC 2392), by its
Content-Location (RFC 2557), or, by programs that know neither, by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urljoin

from .tokens import MARKUP, TAG, end_of_markup

_ATTRIBUTE = re.compile(
    r"([^\t\n\f\r />][^\t\n\f\r />=]*+)"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    r"(?:\"([^\"]*+)\"|'([^']*+)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*+)))?"
)
_LOADED = frozenset({"background", "data", "href", "poster", "src", "srcset", "xlink:href"})
"""The attributes whose value a browser loads."""
_ONLY_LINKED = frozenset({"a", "area"})
_URL = re.compile(r"(?i)url\([\t\n\f\r ]*+(?:\"([^\"\n]*+)\"|'([^'\n]*+)'|([^\"'()\s]++))")
# Wherever it stands, in a script or in a comment for one program.
_CID = re.compile(r"""(?i)cid:([^"'\s<>)]+)""")
_MAX_REFERENCE = 2000
_MAX_JOINED = 10_000
"""How many relative references of a text are joined with its Content-Location."""


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What texts refer to: `content_ids` in lower case, other `urls` as written.

    `absolute` are the URLs joined with the Content-Location of their text (RFC 2557 section 5).
    """

    content_ids: frozenset[str]
    urls: frozenset[str]
    absolute: frozenset[str]

    def include(
        self, *, content_id: str | None, content_location: str | None, filename: str | None
    ) -> bool:
        """Whether one of them refers to a part with these names, None where it has none."""
        if content_id and (content_id.lower() in self.content_ids or content_id in self.urls):
            return True
        if filename and (filename.lower() in self.content_ids or filename in self.urls):
            return True
        return content_location is not None and (
            content_location in self.urls or _joined(None, content_location) in self.absolute
        )


def find_references(texts: Iterable[tuple[str, str | None]]) -> References:
    """The references in texts: pairs of HTML and its Content-Location, None if it has none.

    Time is linear in their length.
    """
    content_ids: set[str] = set()
    urls: set[str] = set()
    absolute: set[str] = set()
    for html, base in texts:
        own: dict[str, None] = {}
        for written in _references(html):
            if len(written) > _MAX_REFERENCE:
                continue
            url = written.strip()
            if url[:4].lower() == "cid:":
                content_id = url[4:].strip().lower()
                content_ids.update((content_id, unquote(content_id)))
            elif url:
                own[url.removeprefix("./")] = None
        urls.update(own, map(unquote, own))
        absolute.update(_joined(base, one) for one in list(own)[:_MAX_JOINED])
    return References(
        content_ids=frozenset(content_ids), urls=frozenset(urls), absolute=frozenset(absolute)
    )


def _references(html: str) -> Iterator[str]:
    for tag in _tags(html):
        for attribute in _ATTRIBUTE.finditer(tag[3]) if "=" in tag[3] else ():
            name, *values = attribute.groups("")
            value = unescape("".join(values))
            if name.lower() == "style":
                yield from _in_style(value)
            elif name.lower() in _LOADED and tag[2].lower() not in _ONLY_LINKED:
                yield value
    yield from _in_style(html)
    for cid in _CID.finditer(html):
        yield cid[0]


def _tags(html: str) -> Iterator[re.Match[str]]:
    position: int | None = 0
    while position is not None and (markup := MARKUP.search(html, position)):
        if tag := TAG.match(html, markup.start()):
            yield tag
        position = end_of_markup(html, markup.start())


def _in_style(text: str) -> Iterator[str]:
    for found in _URL.finditer(text) if "(" in text else ():
        yield "".join(found.groups(""))


def _joined(base: str | None, url: str) -> str:
    try:
        return urljoin(base or "", url)
    except ValueError:
        return url
