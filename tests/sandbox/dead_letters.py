"""The messages of the dead-letter queue, and their causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message of the dead-letter queue, and its cause."""

    body: str
    cause: str


_POISON, _KILLED, _FAILED, UNKNOWN = (
    "nobody can read them",
    "tries lost with their workers",
    "every try in vain",
    "unknown",
)
_IN_VAIN = {"unfinished", "retried"}
"""The outcomes of a try that leave the message of a valid mail on the queue."""


def look_at_dead_letters(sqs: Any, url: str) -> list[Mapping[str, Any]]:
    """All messages of the dead-letter queue; they stay there."""
    found = list[Mapping[str, Any]]()
    while received := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=0,
        VisibilityTimeout=60,
        MessageSystemAttributeNames=["All"],
    ).get("Messages"):
        found += received
    for message in found:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    return found


def explain(
    messages: Iterable[Mapping[str, Any]],
    poison: Sequence[str],
    logged: Iterable[Mapping[str, Any]],
) -> list[DeadLetter]:
    """The possible cause of each message.

    Every try of a message logs how it ended, in an object of the function's log (`logged`), unless
    its worker was killed.
    """
    endings: dict[str, list[str]] = {}
    for line in logged:
        if "sqs_message_id" in line and "outcome" in line:
            endings.setdefault(line["sqs_message_id"], []).append(line["outcome"])

    def cause(message: Mapping[str, Any]) -> str:
        ended = endings.get(message["MessageId"], [])
        # Less one: receiving it from the dead-letter queue counts too.
        tries = int(message["Attributes"]["ApproximateReceiveCount"]) - 1
        if message["Body"] in poison:
            return _POISON
        if len(ended) < tries:
            return _KILLED
        return _FAILED if set(ended) <= _IN_VAIN else UNKNOWN

    return [DeadLetter(body=one["Body"], cause=cause(one)) for one in messages]
