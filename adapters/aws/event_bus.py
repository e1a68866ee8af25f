"""Events on a bus of Amazon EventBridge.

PutEvents answers 200 even if an entry failed, and says so in the answer (EventBridge API
reference, "PutEvents").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from relay_core.errors import TransientError
from relay_core.posting.announcement import Announcement
from relay_core.posting.document import EVENT_SOURCE, detail_type, document, encode

from .errors import aws_call

_CALL = "events:PutEvents"


class EventPutter(Protocol):
    """The one call of an EventBridge client that is needed."""

    def put_events(
        self,
        *,
        Entries: Sequence[Mapping[str, Any]],  # noqa: N803 - AWS's name
    ) -> Mapping[str, Any]:
        """PutEvents."""
        ...


@dataclass(frozen=True, slots=True)
class EventBus:
    """Puts announcements on a bus."""

    client: EventPutter

    def put(self, bus_arn: str, announcement: Announcement) -> None:
        """Put it on the bus.

        Raises:
            TransientError: if EventBridge did not take it, and may later.
            PermanentError: if it never will.
        """
        entry = {
            "EventBusName": bus_arn,
            "Source": EVENT_SOURCE,
            "DetailType": detail_type(announcement.kind),
            "Time": announcement.at,
            "Detail": encode(document(announcement)).decode(),
        }
        with aws_call(call=_CALL, target=bus_arn):
            answer = self.client.put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            (failed,) = answer["Entries"]
            detail = f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}"
            raise TransientError(call=_CALL, target=bus_arn, detail=detail)
