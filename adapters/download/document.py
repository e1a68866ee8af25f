"""The frame of every page: the document around its body, the policy, and text that is no HTML.

Everything that a mail brought is text here: it is cleaned of what is no text, and escaped
(HTML Living Standard, section 13.1.2).

The pages work without script and load nothing from anywhere but their own images. Their one style
sheet stands in them, named by its digest in the policy, so that no other style counts.
"""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from html import escape

from .style import ICON, STYLE

_STYLE_DIGEST = base64.b64encode(sha256(STYLE.encode()).digest()).decode()


def content_policy(
    *, images: str = "data:", form_action: str = "'none'", media: str | None = None
) -> str:
    """The Content-Security-Policy of a page: nothing but its style, its images and its form.

    `media` is the one host that a recording may be played from.
    """
    playing = f" media-src {media};" if media else ""
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; img-src {images};{playing}"
        f" form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )


def document(title: str, body: str) -> bytes:
    """A whole page; `title` is plain text, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex, nofollow">\n'
        # Dates and numbers in names are no telephone numbers.
        '<meta name="format-detection" content="telephone=no">\n'
        f'<link rel="icon" href="{ICON}">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    ).encode()


# No characters of HTML (controls, surrogates, non-characters), or such that turn the direction of
# the text that follows them.
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    "\ufffe\uffff]"
)


def text(value: str) -> str:
    """Any text as HTML that shows it."""
    return escape(_NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value))


def isolated(value: str) -> str:
    """Any text as HTML whose direction turns nothing around it (`bdi`)."""
    return f"<bdi>{text(value)}</bdi>"
