"""A mail's HTML as a document for a frame without scripts and network.

Three walls, each of which is enough against scripts:

* the frame has the `sandbox` attribute without `allow-scripts`, so nothing runs, no form is sent
  and no page is refreshed (HTML standard, "sandboxing");
* the document has its own Content-Security-Policy, which repeats that (`sandbox`) for whoever
  opens it outside the frame;
* nothing is loaded but what the document itself holds: `data:` images. So the sender cannot see
  that a mail is read. An image that came with the mail (`cid:`, RFC 2392) is put in as such.

Links can be followed: they open in a new tab, outside of the sandbox.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import unquote

from .mail import Part

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
"""What the frame may do: open what a person clicks on."""

FRAME_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    f" form-action 'none'; frame-ancestors 'self'; sandbox {SANDBOX}"
)

# The first `base` with a target counts, and a second document's prologue counts for nothing
# (HTML standard, "the base element" and "tree construction").
_PROLOGUE = '<!doctype html><html lang=""><meta charset="utf-8"><base target="_blank">\n'

_CID = re.compile(r"""cid:([^\s"'<>()]+)""", re.IGNORECASE)
# No policy stops a browser from connecting ahead: because a link tells it to (`rel=preconnect`),
# or, in Chromium, because a frame may be about to load. So these elements are made others: a link
# one that does nothing and stands at the same places, the rest some that nobody knows.
_LINK = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)
_FRAME = re.compile(
    r"<(?=(?:i?frame|frameset|fencedframe|portal|object|embed|applet)[\s/>])", re.IGNORECASE
)
_IMAGE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}


def frame_document(html: str, parts: Iterable[Part]) -> str:
    """The document to show a mail's HTML with, with the images that the mail brings along."""
    images = {
        part.content_id: part
        for part in parts
        if part.content_id and part.content_type in _IMAGE_TYPES
    }

    def inline(match: re.Match[str]) -> str:
        part = images.get(unquote(unescape(match[1])))
        if part is None:
            return match[0]
        return f"data:{part.content_type};base64,{base64.b64encode(part.content).decode()}"

    return _PROLOGUE + _FRAME.sub("<x-", _LINK.sub("<meta", _CID.sub(inline, html)))
