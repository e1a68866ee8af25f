"""The list of links as HTML: a table that mail programs show well, whatever mail it is put into.

Outlook on Windows draws mail with Word's engine, Gmail drops style sheets in a body, and a phone
has 320 pixels. So each cell has its look in a `style` of its own; the button is a cell with a
colour, in which other programs than Word find a link with the padding; and the table is as wide as
its place and no wider, with names that may be broken. What the programs know is a table of facts
in `tests/core/outgoing/caniemail.py`. The one style sheet is for those that read one: dark
colours, and a guard against style sheets of the device that would hide the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape

from relay_core.html.tokens import TAG
from relay_core.wording.colour import TEXT, WHITE, readable, text_on
from relay_core.wording.contact import contact_html

from .letterhead import PLAIN, Letterhead
from .line_breaks import breakable_html
from .link_list import ListedAttachment, heading

_NAME = "mail-relay-files"
FONT = "font-family:Arial,Helvetica,sans-serif;font-size:15px;line-height:1.4"
_INK, _SOFT, _LINE = "#1f2328", "#57606a", "#d0d7de"
_DARK_GROUND, _DARK_INK, _DARK_SOFT, _DARK_LINE = "#1c2128", "#f0f3f6", "#b1bac4", "#444c56"
# In front of all else, and in colours of its own: the device's may be those of its paper.
_TABLE = (
    "position:relative;z-index:2147483647;clear:both;border-collapse:collapse;margin:16px 0;"
    f"width:100%;max-width:600px;table-layout:fixed;visibility:visible;background-color:{WHITE}"
)
_CELL = (
    "padding:8px 12px;text-align:{side};vertical-align:top;word-break:break-word;color:{colour};"
    f"{FONT}"
)
_ITEM = f"border-top:1px solid {_LINE}"


# Against style sheets of the device that hide everything: the name counts more than any of theirs,
# and nothing of them is left in the table.
_ROOT = f"#{_NAME}#{_NAME}#{_NAME}"
_SHOWN = (
    "display:block!important;visibility:visible!important;opacity:1!important;"
    "position:static!important;overflow:visible!important;content-visibility:visible!important;"
    "transform:none!important;translate:none!important;rotate:none!important;scale:none!important;"
    "offset-path:none!important;perspective:none!important;zoom:1!important;"
    "filter:none!important;clip-path:none!important;mask:none!important;"
    "contain:none!important;container-type:normal!important;animation:none!important;"
    "writing-mode:horizontal-tb!important;min-width:0!important"
)


def _guard(accent: str, direction: str) -> str:
    """The style sheet that restores the look of the list where the mail has styles of its own."""
    side = "right" if direction == "rtl" else "left"
    link = _link_colour(accent)
    plain = (
        f"all:initial!important;direction:{direction}!important;unicode-bidi:normal!important;"
        f"font:15px/1.4 Arial,Helvetica,sans-serif!important;color:{_INK}!important;"
        f"background:{WHITE}!important;word-break:break-word!important;text-align:{side}!important"
    )
    return (
        f"html:not({_ROOT}),body:not({_ROOT}){{{_SHOWN}}}\n"
        f"html:not({_ROOT})::before,html:not({_ROOT})::after,body:not({_ROOT})::before,"
        f"body:not({_ROOT})::after{{content:none!important}}\n"
        f"{_ROOT},{_ROOT} *{{{plain}}}\n"
        f"{_ROOT}::before,{_ROOT}::after,{_ROOT} *::before,{_ROOT} *::after"
        "{content:none!important}\n"
        f"{_ROOT} *::first-line,{_ROOT} *::first-letter{{all:inherit!important}}\n"
        f"{_ROOT}{{display:table!important;position:relative!important;"
        "z-index:2147483647!important;clear:both!important;border-collapse:collapse!important;"
        "margin:16px 0!important;width:100%!important;max-width:600px!important;"
        "table-layout:fixed!important}\n"
        f"{_ROOT} table{{display:table!important}}\n"
        f"{_ROOT} tbody{{display:table-row-group!important}}\n"
        f"{_ROOT} tr{{display:table-row!important}}\n"
        f"{_ROOT} td{{display:table-cell!important;padding:8px 12px!important;"
        "vertical-align:top!important}\n"
        f"{_ROOT} bdi{{unicode-bidi:plaintext!important}}\n"
        f"{_ROOT} .item{{border-top:1px solid {_LINE}!important}}\n"
        f"{_ROOT} b,{_ROOT} b *{{font-weight:bold!important}}\n"
        f"{_ROOT} .soft,{_ROOT} .soft *{{color:{_SOFT}!important}}\n"
        f"{_ROOT} a,{_ROOT} a *{{color:{link}!important;cursor:pointer!important}}\n"
        f"{_ROOT} a{{text-decoration:underline!important}}\n"
        f"{_ROOT} .button,{_ROOT} .button *{{padding:0!important;background:{accent}!important;"
        f"border-radius:6px!important;color:{text_on(accent)}!important;"
        "text-decoration:none!important;font-weight:bold!important}\n"
        f"{_ROOT} .button a{{display:inline-block!important;padding:12px 20px!important}}\n"
    )


def _dark(accent: str) -> str:
    """The dark colours, for programs that ask for them and read a style sheet in a body."""
    return (
        f"@media (prefers-color-scheme:dark){{{_ROOT},{_ROOT} *{{background-color:"
        f"{_DARK_GROUND}!important;color:{_DARK_INK}!important;border-color:{_DARK_LINE}!important}}"
        f"{_ROOT} .item{{border-color:{_DARK_LINE}!important}}"
        f"{_ROOT} .soft,{_ROOT} .soft *{{color:{_DARK_SOFT}!important}}"
        f"{_ROOT} a,{_ROOT} a *{{color:{readable(accent, _DARK_GROUND, least=TEXT)}!important}}"
        f"{_ROOT} .button,{_ROOT} .button *{{background-color:{accent}!important;"
        f"color:{text_on(accent)}!important}}}}"
    )


def _link_colour(accent: str) -> str:
    return readable(accent, WHITE, least=TEXT)


@cache
def _style_sheet(accent: str, direction: str, *, is_guarded: bool) -> str:
    guard = _guard(accent, direction) if is_guarded else ""
    return f"<style>{guard}{_dark(accent)}</style>"


_SHEET = re.compile(r"<(?:style|link)", re.IGNORECASE)
_OUTER = re.compile(r"<(?=(?:html|body)[\t\n\f\r />])", re.IGNORECASE)
_HIDES = re.compile(r"style|hidden", re.IGNORECASE)


def _is_styled(html: str) -> bool:
    """Whether the HTML may have styles that reach a table put into it."""
    outer = (TAG.match(html, found.start()) for found in _OUTER.finditer(html))
    return _SHEET.search(html) is not None or any(tag and _HIDES.search(tag[3]) for tag in outer)


def format_appendix_html(
    listed: Sequence[ListedAttachment],
    notes: Sequence[str] = (),
    *,
    page_url: str | None = None,
    among: str = "",
    letterhead: Letterhead = PLAIN,
) -> str:
    """The list and the notes for a text/html body, a table; empty if there are none.

    `among` is the HTML that it is put into. Where that has styles of its own, a style sheet keeps
    these from hiding the table.
    """
    if not listed and not notes:
        return ""
    wording, accent = letterhead.wording, letterhead.appearance.accent_colour
    rows = "".join(f"<tr>{cell}</tr>\n" for cell in _cells(listed, notes, page_url, letterhead))
    sheet = _style_sheet(accent, wording.direction, is_guarded=_is_styled(among))
    return (
        f'{sheet}<table id="{_NAME}" role="presentation" lang="{wording.language.value}"'
        f' dir="{wording.direction}" width="100%" cellpadding="0" cellspacing="0" border="0"'
        f' style="{_TABLE}">\n{rows}</table>\n'
    )


def _cells(
    listed: Sequence[ListedAttachment],
    notes: Sequence[str],
    page_url: str | None,
    letterhead: Letterhead,
) -> Iterator[str]:
    wording, accent = letterhead.wording, letterhead.appearance.accent_colour
    side = "right" if wording.direction == "rtl" else "left"
    cell = _CELL.format(side=side, colour=_INK)
    soft = _CELL.format(side=side, colour=_SOFT)
    if listed:
        words = escape(heading(listed, letterhead, has_page=page_url is not None))
        yield f'<td style="{cell}"><b>{words}</b></td>'
    if listed and page_url:
        button = _button(page_url, wording.say("Open the download page"), accent)
        yield f'<td style="{cell}">{button}</td>'
    for item in listed:
        size = (
            f'<span class="soft" style="color:{_SOFT}">({escape(wording.size(item.size))})</span>'
        )
        yield f'<td class="item" style="{_ITEM};{cell}">{_name(item, accent)} {size}</td>'
    for note in notes:
        words = " ".join(breakable_html(word) for word in note.split(" "))
        yield f'<td class="item" style="{_ITEM};{cell}">{words}</td>'
    if listed and (words := "<br>".join(_letterhead_lines(letterhead))):
        yield f'<td class="item soft" style="{_ITEM};{soft}">{words}</td>'


def _name(item: ListedAttachment, accent: str) -> str:
    name = f"<bdi>{breakable_html(item.name)}</bdi>"
    if item.url is None:
        return name
    return f'<a href="{escape(item.url)}" style="color:{_link_colour(accent)}">{name}</a>'


def _button(url: str, label: str, accent: str) -> str:
    """A button that Word's engine draws as well: it takes `mso-padding-alt` for the padding.

    The link fills the cell everywhere else, so that all of it can be pressed.
    """
    look = f"background-color:{accent};border-radius:6px"
    link = (
        f"display:inline-block;padding:12px 20px;color:{text_on(accent)};font-weight:bold;"
        f"text-decoration:none;{look};{FONT}"
    )
    return (
        '<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>'
        f'<td class="button" bgcolor="{accent}" style="{look};mso-padding-alt:12px 20px">'
        f'<a href="{escape(url)}" role="button" style="{link}">{label}</a></td></tr></table>'
    )


def _letterhead_lines(letterhead: Letterhead) -> Iterator[str]:
    appearance, say = letterhead.appearance, letterhead.wording.say
    colour = f"color:{_link_colour(appearance.accent_colour)}"
    if appearance.organisation:
        yield f"<b><bdi>{escape(appearance.organisation)}</bdi></b>"
    if appearance.contact:
        yield say("Contact: {contact}", contact=contact_html(appearance.contact, colour))
    if letterhead.reference:
        yield say("Reference: {reference}", reference=f"<bdi>{letterhead.reference}</bdi>")
