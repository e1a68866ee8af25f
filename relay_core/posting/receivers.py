"""The receivers of notices and alarms besides e-mail.

The deployment writes the receivers into one parameter, and the function reads them there: the
address of a chat's webhook is a secret, since whoever has it can post. Each receiver has a queue
of its own, by whose ARN the function finds it: so one that does not answer holds nobody up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from relay_core.posting.signature import parse_key


class ReceiverKind(StrEnum):
    """What a receiver takes."""

    SLACK = "slack"
    TEAMS = "teams"
    JSON = "json"
    EVENT_BUS = "event-bus"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One receiver.

    `address` is the URL that is posted to, or the ARN of the event bus. `signing_key` is of
    `JSON` alone. `queue_url` is of its queue; `name` is for
    people and logs. Neither the address nor the key is in the representation.
    """

    name: str
    kind: ReceiverKind
    queue_url: str
    address: str = field(repr=False)
    signing_key: bytes = field(default=b"", repr=False)


def parse_receivers(document: str) -> Mapping[str, Receiver]:
    """The receivers by the ARN of their queue.

    Raises:
        ValueError: if the document is not as the deployment writes it; it is not in the message.
    """
    try:
        return {
            queue: Receiver(
                name=str(one["name"]),
                kind=ReceiverKind(one["kind"]),
                queue_url=str(one["queue_url"]),
                address=str(one["address"]),
                signing_key=parse_key(one["signing_key"]) if one["signing_key"] else b"",
            )
            for queue, one in json.loads(document).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the receivers cannot be read: {type(error).__name__}") from None
