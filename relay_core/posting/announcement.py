"""What is posted: a notice of the relay, or an alarm of CloudWatch, as SNS delivers it.

SNS wraps what it delivers to a queue in an envelope (SNS Developer Guide, "Amazon SNS message and
JSON formats"). `Message` holds the notice's form for machines (`docs/decisions/0014-notices.md`),
or CloudWatch's JSON of an alarm that changed its state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from relay_core.errors import RelayError

_PLACE = re.compile(r"More: (?P<place>\S+#(?P<key>[a-z-]+))\s*\Z")
_OVER = "OK"


class UnreadableAnnouncement(RelayError):
    """A message that is neither a notice of the relay nor an alarm of CloudWatch."""


class Kind(StrEnum):
    """What an announcement is. These words are an interface."""

    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A notice, or an alarm that began or ended.

    `id` is SNS's message id, the same at every delivery; `at` is when SNS took it, in UTC. `code`
    is the reason of the notice, or the key of the alarm. `title` is one line; `text` is what the
    e-mail says; `place` is where the operator's document tells more. `is_over`: whether an alarm
    says that its trouble has ended.
    """

    id: str
    at: datetime
    kind: Kind
    stack: str
    code: str
    title: str
    text: str
    place: str
    is_over: bool = False


def parse_announcement(body: str, stack: str) -> Announcement:
    """The announcement in a message of the queue, of the stack of this name.

    Raises:
        UnreadableAnnouncement: if it is none.
    """
    try:
        envelope = json.loads(body)
        message = json.loads(envelope["Message"])
        if "AlarmName" in message:
            return _alarm(envelope, message, stack)
        return _notice(envelope, message)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableAnnouncement(
            f"neither a notice of the relay nor an alarm of CloudWatch: {error!r}"
        ) from error


def _notice(envelope: Mapping[str, Any], message: Mapping[str, Any]) -> Announcement:
    text = str(message["text"])
    found = _PLACE.search(text)
    return Announcement(
        id=str(envelope["MessageId"]),
        at=_time(envelope),
        kind=Kind.NOTICE,
        stack=str(message["stack"]),
        code=str(message["reason"]),
        title=_one_line(envelope.get("Subject") or f"Mail relay {message['stack']}: notice"),
        text=_encodable(text),
        place=found["place"] if found else "",
    )


def _alarm(envelope: Mapping[str, Any], message: Mapping[str, Any], stack: str) -> Announcement:
    description = str(message.get("AlarmDescription") or "")
    found = _PLACE.search(description)
    code = found["key"] if found else str(message["AlarmName"])
    is_over = message["NewStateValue"] == _OVER
    state = "has ended" if is_over else "fires"
    reason = str(message.get("NewStateReason") or "")
    return Announcement(
        id=str(envelope["MessageId"]),
        at=_time(envelope),
        kind=Kind.ALARM,
        stack=stack,
        code=code,
        title=_one_line(f"Mail relay {stack}: alarm {code} {state}"),
        text=_encodable("\n\n".join(part for part in (description, reason) if part)),
        place=found["place"] if found else "",
        is_over=is_over,
    )


def _time(envelope: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(envelope["Timestamp"]).astimezone(UTC)


def _one_line(text: str) -> str:
    return " ".join(_encodable(text).split())


def _encodable(text: str) -> str:
    # JSON may hold half a surrogate pair, which has no UTF-8 (RFC 8259 section 8.2).
    return text.encode("utf-8", "replace").decode()
