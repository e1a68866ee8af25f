"""An announcement as a message of a Slack incoming webhook.

Slack reads `&`, `<` and `>` as markup: `<!channel>` calls everybody, `<https://…|words>` is a
link. All three are escaped, wherever the text comes from (Slack, "Formatting text for app
surfaces", "Escaping text"). `verbatim` keeps Slack from making links of bare addresses and names,
and the text is in a code block, so that neither `*` nor `_` changes a command. A backtick
would end that block: it becomes an apostrophe.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from relay_core.posting.announcement import Announcement, Kind

_HEADER = 150  # characters of a header block (Slack, "Header block")
_SECTION = 2900  # characters of a section's text, of 3000 (Slack, "Section block")
_MAX_SECTIONS = 4
_CUT = "[cut here]"
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"})


def slack_message(announcement: Announcement) -> dict[str, Any]:
    """What is posted to the webhook, as JSON."""
    title = f"{_mark(announcement)} {announcement.title}"
    sections = [*_sections(announcement.text)]
    if len(sections) > _MAX_SECTIONS:
        sections = [*sections[:_MAX_SECTIONS], _CUT]
    return {
        # What a notification on a phone shows.
        "text": escape(title),
        "blocks": [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": _short(title), "emoji": False},
            },
            *(
                {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": f"```{one}```", "verbatim": True},
                }
                for one in sections
            ),
        ],
    }


def escape(text: str) -> str:
    """The text with nothing in it that Slack reads as markup."""
    return text.translate(_ENTITIES)


def _short(title: str) -> str:
    # A header is plain text, and yet entities are read in it; one that is cut would be shown.
    cut = title.translate(str.maketrans("&<>`", "+()'"))
    return cut if len(cut) <= _HEADER else cut[: _HEADER - 3] + "..."


def _mark(announcement: Announcement) -> str:
    if announcement.is_over:
        return "\N{WHITE HEAVY CHECK MARK}"
    is_alarm = announcement.kind is Kind.ALARM
    return "\N{POLICE CARS REVOLVING LIGHT}" if is_alarm else "\N{ENVELOPE}"


def _sections(text: str) -> Iterator[str]:
    """The text, escaped, in pieces that a section holds, cut at ends of lines where it can be."""
    piece = ""
    for line in text.splitlines(keepends=True):
        for part in _parts(line):
            if len(piece) + len(part) > _SECTION:
                yield piece
                piece = ""
            piece += part
    if piece.strip():
        yield piece


def _parts(line: str) -> Iterator[str]:
    """A line, escaped, in parts that a section holds; an escaped character is never cut."""
    part = ""
    for character in line:
        written = escape(character)
        if len(part) + len(written) > _SECTION:
            yield part
            part = ""
        part += written
    if part:
        yield part
