"""A mail's HTML as a document for a frame without scripts and network.

Three independent protections, each sufficient against scripts:

* The frame has the `sandbox` attribute without `allow-scripts`: nothing runs, no form is sent
  and no page is refreshed (HTML standard, "sandboxing").
* The document has its own Content-Security-Policy, which repeats that (`sandbox`) for a browser
  that opens it outside the frame.
* Only `data:` images are loaded, so the sender cannot see that a mail is read. An image that came
  with the mail (`cid:`, RFC 2392) is inlined as such.

Links open in a new tab, outside of the sandbox.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import unquote

from .mail import Part

SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
"""The frame's permissions: opening links in a new tab."""

FRAME_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    f" form-action 'none'; frame-ancestors 'self'; sandbox {SANDBOX}"
)

# The first `base` with a target applies, and a second document's prologue is ignored (HTML
# standard, "the base element" and "tree construction").
_PROLOGUE = '<!doctype html><html lang=""><meta charset="utf-8"><base target="_blank">\n'

_CID = re.compile(r"""cid:([^\s"'<>()]+)""", re.IGNORECASE)
# No policy stops a browser from connecting early, for `rel=preconnect` or, in Chromium, because a
# frame may load. So these elements are renamed: a link to an element without effect that is
# allowed at the same places, the others to unknown elements.
_LINK = re.compile(r"<link(?=[\s/>])", re.IGNORECASE)
_FRAME = re.compile(
    r"<(?=(?:i?frame|frameset|fencedframe|portal|object|embed|applet)[\s/>])", re.IGNORECASE
)
_IMAGE_TYPES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}


def frame_document(html: str, parts: Iterable[Part]) -> str:
    """The document that shows a mail's HTML with the images of the mail."""
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
