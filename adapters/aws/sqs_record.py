"""A message of a queue, as Lambda hands it over.

Powertools has a class for it, beside one for each kind of event there is: to import them takes
longer than all else that this module is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class SQSRecord:
    """One of a batch's records (AWS Lambda guide, "Using Lambda with Amazon SQS")."""

    raw: Mapping[str, Any]

    @property
    def message_id(self) -> str:
        """The id that SQS gave the message."""
        return str(self.raw["messageId"])

    @property
    def receipt_handle(self) -> str:
        """What this delivery of the message is changed or deleted by."""
        return str(self.raw["receiptHandle"])

    @property
    def body(self) -> str:
        """The message's text."""
        return str(self.raw["body"])

    @property
    def queue_arn(self) -> str:
        """Which queue it comes from."""
        return str(self.raw["eventSourceARN"])

    @property
    def receive_count(self) -> int:
        """How often it was received, this time included; 1 if the record does not say."""
        attributes = self.raw.get("attributes") or {}
        return int(attributes.get("ApproximateReceiveCount", 1))
