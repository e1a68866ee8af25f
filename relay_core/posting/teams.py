"""An announcement as a card for a Workflows webhook of Microsoft Teams.

Connectors of Office 365 are retired; a workflow with the trigger "When a Teams webhook request is
received" takes a message with Adaptive Cards (Microsoft Learn, "Create Incoming Webhooks with
Workflows"). A `TextBlock` reads Markdown, in which strangers' words could be links. A `TextRun` in
a `RichTextBlock` is literal (Adaptive Cards, "TextRun"): so all text is in these, a line each.
A mention takes an entity of its own beside the text, and there is none.
"""

from __future__ import annotations

from typing import Any

from relay_core.posting.announcement import Announcement, Kind
from relay_core.posting.document import encode

_MAX_SIZE = 24_000  # bytes, of about 28 KB that Teams takes
_MAX_LINES = 120
_MAX_LINE = 1000  # characters
_CUT = "[cut here]"


def teams_message(announcement: Announcement) -> dict[str, Any]:
    """What is posted to the webhook, as JSON."""
    lines = [_short(line) for line in announcement.text.splitlines()]
    kept = min(len(lines), _MAX_LINES)
    while True:
        shown = lines if kept == len(lines) else [*lines[:kept], _CUT]
        message = _message(announcement, shown)
        if kept == 0 or len(encode(message)) <= _MAX_SIZE:
            return message
        kept //= 2


def _short(line: str) -> str:
    return line if len(line) <= _MAX_LINE else f"{line[:_MAX_LINE]} {_CUT}"


def _message(announcement: Announcement, lines: list[str]) -> dict[str, Any]:
    colour = "Default" if announcement.kind is Kind.NOTICE else "Attention"
    title = {
        "type": "TextRun",
        "text": announcement.title,
        "weight": "Bolder",
        "color": "Good" if announcement.is_over else colour,
    }
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "msteams": {"width": "Full"},
                    "body": [
                        {"type": "RichTextBlock", "inlines": [title]},
                        *(
                            {
                                "type": "RichTextBlock",
                                "spacing": "None",
                                "inlines": [
                                    {
                                        "type": "TextRun",
                                        # An empty run is not shown at all.
                                        "text": line or "\N{NO-BREAK SPACE}",
                                        "fontType": "Monospace",
                                    }
                                ],
                            }
                            for line in lines
                        ),
                    ],
                },
            }
        ],
    }
