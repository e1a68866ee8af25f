"""The support of mail programs for HTML and CSS: the facts of caniemail.com that the relay needs.

Taken from the files of the project hteumeuleu/caniemail on GitHub (`_features/*.md`, licence MIT),
read in November 2026: for each feature, what the newest tested version of a program does. `y`: it
is supported; `a`: in part, as the note says; `n`: it is ignored; `-`: caniemail has not tried it.
Programs: Apple Mail on iOS, Gmail on Android, Outlook on Windows (2019, Word's engine) and
outlook.com.
"""

from __future__ import annotations

from typing import NamedTuple


class Fact(NamedTuple):
    apple: str
    gmail: str
    outlook: str
    outlook_com: str


CSS = {
    "background-color": Fact("y", "y", "y", "y"),
    "border-radius": Fact("y", "y", "n", "y"),
    "display": Fact("y", "a", "a", "y"),  # Outlook: `none` only; Gmail: not flex and grid
    "margin": Fact("y", "a", "a", "a"),  # no negative values
    "max-width": Fact("y", "y", "y", "y"),  # Outlook: of tables
    "padding": Fact("y", "y", "a", "y"),  # Outlook: of cells
    "height": Fact("y", "y", "a", "y"),  # Outlook: not of span, div and p
    "position": Fact("a", "n", "n", "a"),
    "table-layout": Fact("y", "y", "n", "y"),
    "text-align": Fact("y", "a", "a", "y"),  # `start` and `end` are ignored
    "white-space": Fact("y", "a", "n", "y"),  # Gmail and outlook.com: not `pre`
    "width": Fact("y", "y", "a", "y"),  # Outlook: not of span, div, p and img
    "word-break": Fact("a", "a", "y", "a"),  # breaks more often than necessary
}
"""By property. The others are in `EVERYWHERE`, or listed in the test."""

EVERYWHERE = frozenset(
    {
        "border",
        "border-collapse",
        "border-top",
        "color",
        "font-family",
        "font-size",
        "font-weight",
        "line-height",
        "text-decoration",
        "vertical-align",
    }
)
"""Properties of CSS 1 and 2.0 for text and table cells, which Word's engine supports too
(Microsoft, "Word 2007 HTML and CSS Rendering Capabilities in Outlook 2007")."""

HTML = {
    "dir": Fact("y", "y", "a", "y"),  # Outlook: not of links
    "wbr": Fact("y", "a", "n", "y"),
    "prefers-color-scheme": Fact("y", "n", "n", "y"),
}
