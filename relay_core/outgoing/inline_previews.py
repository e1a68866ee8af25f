"""Small pictures in the mail itself: parts beside the HTML that shows them (RFC 2387, RFC 2392).

The HTML of the mail becomes a multipart/related with the pictures, which it names by Content-ID. A
mail without HTML gets one that says what its text says, as the alternative to it (RFC 2046 section
5.1.4). Nothing else of the mail's structure changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from relay_core.mime.base64_content import encode_base64

from .boundaries import own_boundary
from .text_writing import WrittenText


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
    """The pictures, each a link to the page if there is one."""
    images = (
        f'<img src="cid:{one.content_id}" alt="{escape(one.name)}" width="{one.width}"'
        f' height="{one.height}" style="{_IMAGE}">'
        for one in previews
    )
    if page_url is None:
        return "".join(f"<p>{image}</p>\n" for image in images)
    return "".join(f'<p><a href="{escape(page_url)}">{image}</a></p>\n' for image in images)


_URL = re.compile(r"https?://[^\s<>\"']+")
_END_OF_SENTENCE = ".,;:!?)]"
_EACH_LINE_FROM_ITS_SIDE = "unicode-bidi:plaintext;text-align:start"
_LONG_URLS_BROKEN = "word-break:break-word"
_LINE_END = re.compile(r"\r\n?")
_BLANK_THAT_HTML_DROPS = re.compile(r"^ | (?= )", re.MULTILINE)
_NO_BREAK_SPACE = "\xa0"


MAX_TEXT_LENGTH = 100_000
"""Characters of the longest text that is sent as HTML too, for its pictures.

A tab can take 48 bytes of HTML, and SES refuses mails above 40 MB. Mail programs cut longer HTML.
"""


def text_as_html(text: str) -> str:
    """A text as HTML that shows it line by line and with all blanks, with its URLs as links.

    Outlook for Windows ignores `white-space`: so lines end with `br`, and blanks that a program
    would drop are no-break spaces. A tab is blanks up to the next multiple of 8 columns.
    """
    text = _LINE_END.sub("\n", text).expandtabs()
    text = _BLANK_THAT_HTML_DROPS.sub(_NO_BREAK_SPACE, text)
    pieces: list[str] = []
    place = 0
    for found in _URL.finditer(text):
        written = found.group().rstrip(_END_OF_SENTENCE)
        if written.endswith("//"):  # the scheme alone
            continue
        url = escape(written)
        pieces += [escape(text[place : found.start()]), f'<a href="{url}">{url}</a>']
        place = found.start() + len(written)
    pieces.append(escape(text[place:]))
    html = "".join(pieces).replace("\n", "<br>\n").replace(_NO_BREAK_SPACE, "&nbsp;")
    return f'<div dir="auto" style="{_EACH_LINE_FROM_ITS_SIDE};{_LONG_URLS_BROKEN}">{html}</div>\n'


def with_previews(
    write: Callable[..., WrittenText],
    text: str,
    written: WrittenText,
    previews: Sequence[InlinePreview],
    page_url: str | None,
) -> WrittenText:
    """A text as it was written for an entity, with the pictures; HTML names them already.

    A plain text longer than `MAX_TEXT_LENGTH` stays without. `write` is `write_text` for the
    entity, in the reading of the text.
    """
    content_type = written.fields["content-type"] or ""
    if content_type.startswith("text/html"):
        return _related(written, previews)
    if len(text) > MAX_TEXT_LENGTH:
        return written
    html = write(text_as_html(text) + previews_html(previews, page_url), "text/html", is_note=True)
    return _alternative(written, _related(html, previews))


def _related(html: WrittenText, previews: Sequence[InlinePreview]) -> WrittenText:
    """The HTML with its pictures."""
    parts = [_part(html.fields, html.content), *map(_picture, previews)]
    return _multipart("related", parts, html.fields, {"type": "text/html"})


def _alternative(plain: WrittenText, html: WrittenText) -> WrittenText:
    """A text and what shows more of it, the better one last."""
    parts = [_part(plain.fields, plain.content), _part(html.fields, html.content)]
    return _multipart("alternative", parts, plain.fields)


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
    fields: Mapping[str, str | None],
    parameters: Mapping[str, str] | None = None,
) -> WrittenText:
    boundary = own_boundary(b"".join(parts))
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
