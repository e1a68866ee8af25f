"""The frame of every page: the document around its body, the policy, and text that is no HTML.

Everything that a mail brought is text here: it is cleaned of what is no text, and escaped
(HTML Living Standard, section 13.1.2). Texts of the catalogue are HTML as they are: none has a
character that HTML reads as more than itself, which a test holds.

The pages work without script and load nothing from anywhere but their own images. Their one style
sheet is in them, named by its digest in the policy, so that no other style applies.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from hashlib import sha256
from html import escape

from relay_core.outgoing.line_breaks import breakable_html
from relay_core.wording.contact import contact_html

from .frame import Frame
from .style import icon, style


@cache
def _style_digest(accent: str) -> str:
    return base64.b64encode(sha256(style(accent).encode()).digest()).decode()


def content_policy(
    frame: Frame,
    *,
    images: str = "data:",
    form_action: str = "'none'",
    media: str | None = None,
) -> str:
    """The Content-Security-Policy of a page: nothing but its style, its images and its form.

    `media` is the one host that a recording may be played from.
    """
    playing = f" media-src {media};" if media else ""
    digest = _style_digest(frame.appearance.accent_colour)
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src {images};{playing}"
        f" form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    )


def document(title: str, body: str, frame: Frame) -> bytes:
    """A whole page; `title` is plain text, `body` is HTML."""
    wording, accent = frame.wording, frame.appearance.accent_colour
    return (
        f'<!doctype html>\n<html lang="{wording.language.value}" dir="{wording.direction}">\n'
        '<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex, nofollow">\n'
        # Dates and numbers in names are no telephone numbers.
        '<meta name="format-detection" content="telephone=no">\n'
        f'<link rel="icon" href="{icon(accent)}">\n'
        f"<title>{text(title)}</title>\n<style>{style(accent)}</style>\n</head>\n"
        f"<body>\n{_banner(frame)}<main>\n{body}</main>\n{_footer(frame)}</body>\n</html>\n"
    ).encode()


def _banner(frame: Frame) -> str:
    name = frame.appearance.organisation
    return f'<header class="banner"><p>{isolated(name)}</p></header>\n' if name else ""


def _footer(frame: Frame) -> str:
    """Whom to ask, and by which number."""
    say, contact = frame.wording.say, frame.appearance.contact
    lines = []
    if contact:
        lines.append(say("Contact: {contact}", contact=contact_html(contact)))
    if frame.reference:
        number = f"<strong><bdi>{escape(frame.reference)}</bdi></strong>"
        lines.append(say("Reference: {reference}", reference=number))
    text_html = "".join(f"<p>{one}</p>\n" for one in lines)
    return f"<footer>\n{text_html}</footer>\n" if text_html else ""


# No characters of HTML (controls, surrogates, non-characters), or such that turn the direction of
# the text that follows them.
_NO_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    "\ufffe\uffff]"
)


def text(value: str) -> str:
    """Any text as HTML that shows it."""
    return escape(_cleaned(value))


def _cleaned(value: str) -> str:
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value)


def isolated(value: str) -> str:
    """Any text as HTML whose direction turns nothing around it (`bdi`)."""
    return f"<bdi>{text(value)}</bdi>"


def isolated_name(value: str) -> str:
    """The name of a file, as `isolated`, which may be broken between its parts."""
    return f"<bdi>{breakable_html(_cleaned(value))}</bdi>"
