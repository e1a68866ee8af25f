"""Small pictures in the mail itself: parts beside the HTML that shows them (RFC 2387, RFC 2392).

The HTML of the mail becomes a multipart/related with the pictures, which it names by Content-ID. A
mail without HTML gets one that says what its text says, as the alternative to it (RFC 2046 section
5.1.4). Nothing else of the mail's structure changes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from relay_core.mime.base64_content import encode_base64
from relay_core.mime.entity import Entity
from relay_core.text.reading import Reading

from .text_writing import WrittenText, write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class InlinePreview:
    """A picture made of the attachment `name`: a JPEG file, and its size in pixels."""

    name: str
    content: bytes
    width: int
    height: int

    @property
    def content_id(self) -> str:
        """The part's name within the mail, the same at every try."""
        digest = sha256(self.name.encode(errors="replace") + b"\0" + self.content).hexdigest()
        return f"{digest[:32]}@mail-relay"


_IMAGE = "max-width:100%;height:auto;border:0"


def previews_html(previews: Sequence[InlinePreview], page_url: str | None) -> str:
    """The pictures, each leading to the page if there is one."""
    images = (
        f'<img src="cid:{one.content_id}" alt="{escape(one.name)}" width="{one.width}"'
        f' height="{one.height}" style="{_IMAGE}">'
        for one in previews
    )
    if page_url is None:
        return "".join(f"<p>{image}</p>\n" for image in images)
    return "".join(f'<p><a href="{escape(page_url)}">{image}</a></p>\n' for image in images)


_URL = re.compile(r"https?://[^\s<>\"']{1,2000}(?<![.,;:!?)\]])")


def text_as_html(text: str) -> str:
    """A text as HTML that shows it, with its URLs as links."""
    pieces: list[str] = []
    place = 0
    for found in _URL.finditer(text):
        url = escape(found.group())
        pieces += [escape(text[place : found.start()]), f'<a href="{url}">{url}</a>']
        place = found.end()
    pieces.append(escape(text[place:]))
    return f'<div style="white-space:pre-wrap">{"".join(pieces)}</div>\n'


def with_previews(
    entity: Entity,
    text: str,
    written: WrittenText,
    previews: Sequence[InlinePreview],
    page_url: str | None,
    *,
    boundaries: Collection[bytes],
) -> WrittenText:
    """A text as it was written for an entity, with the pictures; HTML names them already.

    `boundaries` are those of the whole message.
    """
    content_type = written.fields["content-type"] or ""
    if content_type.startswith("text/html"):
        return _related(written, previews, boundaries)
    html = write_text(
        entity,
        text_as_html(text) + previews_html(previews, page_url),
        "text/html",
        Reading("utf-8"),
        boundaries=boundaries,
        is_note=True,
    )
    shown = _related(html, previews, boundaries)
    return _alternative(written, shown, boundaries)


def _related(
    html: WrittenText, previews: Sequence[InlinePreview], taken: Collection[bytes]
) -> WrittenText:
    """The HTML with its pictures; `taken` are boundaries of the message around it."""
    parts = [_part(html.fields, html.content), *map(_picture, previews)]
    return _multipart("related", parts, taken, html.fields, {"type": "text/html"})


def _alternative(plain: WrittenText, html: WrittenText, taken: Collection[bytes]) -> WrittenText:
    """A text and what shows more of it, the better one last."""
    parts = [_part(plain.fields, plain.content), _part(html.fields, html.content)]
    return _multipart("alternative", parts, taken, plain.fields)


_OF_CONTENT = ("content-type", "content-transfer-encoding")
_NAMES = {"content-type": "Content-Type", "content-transfer-encoding": "Content-Transfer-Encoding"}


def _part(fields: Mapping[str, str | None], content: bytes) -> bytes:
    lines = "".join(f"{_NAMES[name]}: {fields[name]}\r\n" for name in _OF_CONTENT if fields[name])
    return lines.encode("ascii") + b"\r\n" + content


def _picture(preview: InlinePreview) -> bytes:
    return (
        "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{preview.content_id}>\r\nContent-Disposition: inline\r\n\r\n"
    ).encode("ascii") + encode_base64([preview.content])


def _multipart(
    subtype: str,
    parts: Sequence[bytes],
    taken: Collection[bytes],
    fields: Mapping[str, str | None],
    parameters: Mapping[str, str] | None = None,
) -> WrittenText:
    boundary = _boundary(b"".join(parts), taken)
    dashes = b"--" + boundary
    content = b"".join(dashes + b"\r\n" + part.rstrip(b"\r\n") + b"\r\n" for part in parts)
    named = "".join(f'; {name}="{value}"' for name, value in (parameters or {}).items())
    return WrittenText(
        content + dashes + b"--\r\n",
        {
            **fields,
            "content-type": f'multipart/{subtype}{named};\r\n boundary="{boundary.decode()}"',
            # A multipart has none of its own (RFC 2045 section 6.4).
            "content-transfer-encoding": None,
        },
    )


_TRIES = 1000


def _boundary(content: bytes, taken: Collection[bytes]) -> bytes:
    """A boundary that is in no part, and that none around it begins with or is begun by.

    A device that uses one for each first letter has nested hundreds of multiparts to get the last.
    """
    boundary = b""
    for number in range(_TRIES):
        boundary = sha256(b"%d" % number).hexdigest()[:32].encode()
        if boundary not in content and not any(
            one.startswith(boundary) or boundary.startswith(one) for one in taken
        ):
            break
    return boundary
