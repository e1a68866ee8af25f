"""An announcement as JSON for machines: what a signed webhook and the event bus get.

| field | |
|---|---|
| `version` | 1; a change that could break a reader raises it |
| `id` | the same at every try: a receiver that keeps the last ids drops repetitions |
| `at` | when it was published, RFC 3339, UTC |
| `kind` | `notice` or `alarm` |
| `stack` | the deployment that speaks |
| `code` | the reason of a notice, or the key of an alarm |
| `over` | true where an alarm tells that its trouble has ended |
| `title`, `text` | one line, and what the e-mail says |
| `place` | where `docs/operating.md` tells more |
"""

from __future__ import annotations

import json
from typing import Any

from relay_core.posting.announcement import Announcement, Kind

EVENT_SOURCE = "mail-relay"
"""The `source` of events on the bus. Rules match it: it never changes."""

_DETAIL_TYPES = {Kind.NOTICE: "Mail Relay Notice", Kind.ALARM: "Mail Relay Alarm"}

MAX_TEXT = 100_000
"""Bytes of a text that are posted: an event of the bus holds 256 KB, JSON's escapes included."""

_CUT = "\n[cut here]"


def detail_type(kind: Kind) -> str:
    """The `detail-type` of an event on the bus. Rules match it: it never changes."""
    return _DETAIL_TYPES[kind]


def document(announcement: Announcement) -> dict[str, Any]:
    """The announcement as a JSON object."""
    return {
        "version": 1,
        "id": announcement.id,
        "at": announcement.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "kind": announcement.kind.value,
        "stack": announcement.stack,
        "code": announcement.code,
        "over": announcement.is_over,
        "title": announcement.title,
        "text": shortened(announcement.text, MAX_TEXT),
        "place": announcement.place,
    }


def encode(value: object) -> bytes:
    """JSON as it is sent: UTF-8, as short as it can be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def shortened(text: str, size: int) -> str:
    """The text in at most `size` bytes of UTF-8; what is cut ends with a mark."""
    if len(text.encode()) <= size:
        return text
    return text.encode()[: size - len(_CUT)].decode(errors="ignore") + _CUT
