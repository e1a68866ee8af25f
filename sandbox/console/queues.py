"""The relay's queues: how many messages, which, and why they are there.

The messages are read by the emulator's own endpoint, which changes nothing. SQS would deliver
them, hide them for the visibility timeout and count a receive. The reason why a mail is still in a
queue is in its manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.aws.s3 import S3Manifests
from adapters.aws.sqs import Received, UnreadableRecord, parse_record
from adapters.aws.sqs_record import SQSRecord
from relay_core.errors import AdapterError
from relay_core.keys import message_id_of

from .mail_progress import InQueue, failure_texts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_MAX_SHOWN = 50
_COUNTS: tuple[QueueAttributeNameType, ...] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """The number of messages in a queue: visible, in flight, and delayed."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """The sum of the three."""
        return self.visible + self.in_flight + self.delayed


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingMessage:
    """One message. `subject` names its mails; `reason` says why it is still there."""

    message_id: str
    subject: str
    reason: str
    sent_at: datetime
    tries: int
    is_visible: bool
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """One queue; `messages` are the first of `depth.total`, oldest first."""

    name: str
    url: str
    is_dead_letter: bool
    depth: Depth
    messages: Sequence[WaitingMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """Reads the queues of a stack. `peek` reads without receiving (`Emulator.messages`)."""

    sqs: SQSClient
    peek: Callable[[str], Sequence[Mapping[str, Any]]]
    manifests: S3Manifests
    incoming_bucket: str
    urls: Mapping[str, str]  # name of a queue → its URL, the dead-letter queue last

    def depths(self) -> dict[str, Depth]:
        """The number of messages in each queue."""
        return {name: self._depth(url) for name, url in self.urls.items()}

    def views(self) -> list[QueueView]:
        """Each queue with its first messages."""
        views = []
        for name, url in self.urls.items():
            found = sorted(self.peek(url), key=lambda message: int(message["SentTimestamp"]))
            views.append(
                QueueView(
                    name=name,
                    url=url,
                    is_dead_letter=name == list(self.urls)[-1],
                    depth=self._depth(url),
                    messages=[self._message(one) for one in found[:_MAX_SHOWN]],
                )
            )
        return views

    def queued(self) -> Mapping[str, InQueue]:
        """The mails in the queues now, by raw key; the dead-letter queue has precedence."""
        found: dict[str, InQueue] = {}
        for name, url in self.urls.items():  # the dead-letter queue last
            for message in self.peek(url):
                one = InQueue(
                    is_dead_letter=name == list(self.urls)[-1],
                    sent_at=datetime.fromtimestamp(int(message["SentTimestamp"]), UTC),
                    tries=int(message["ReceiveCount"]),
                    is_visible=bool(message["IsVisible"]),
                )
                found |= {entry.raw_key: one for entry in self._received(message)}
        return found

    def _received(self, message: Mapping[str, Any]) -> list[Received]:
        record = SQSRecord({"messageId": message["MessageId"], "body": message["Body"]})
        try:
            entries = parse_record(record, incoming_bucket=self.incoming_bucket)
        except UnreadableRecord:
            return []
        return [entry for entry in entries if isinstance(entry, Received)]

    def _depth(self, url: str) -> Depth:
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))
        visible, in_flight, delayed = (int(attributes["Attributes"][name]) for name in _COUNTS)
        return Depth(visible=visible, in_flight=in_flight, delayed=delayed)

    def _message(self, message: Mapping[str, Any]) -> WaitingMessage:
        tries = int(message["ReceiveCount"])
        subject, reason = self._explain(message, tries)
        return WaitingMessage(
            message_id=str(message["MessageId"]),
            subject=subject,
            reason=reason,
            sent_at=datetime.fromtimestamp(int(message["SentTimestamp"]), UTC),
            tries=tries,
            is_visible=bool(message["IsVisible"]),
            body=str(message["Body"]),
        )

    def _explain(self, message: Mapping[str, Any], tries: int) -> tuple[str, str]:
        record = SQSRecord({"messageId": message["MessageId"], "body": message["Body"]})
        try:
            entries = parse_record(record, incoming_bucket=self.incoming_bucket)
        except UnreadableRecord as error:
            return "no notification of a mail", error.detail
        received = [entry for entry in entries if isinstance(entry, Received)]
        if not received:
            return "no mail", "; ".join(getattr(entry, "reason", "") for entry in entries)
        subject = ", ".join(entry.raw_key for entry in received)
        if not tries:
            return subject, "not tried yet"
        return subject, "; ".join(self._reason(entry) for entry in received)

    def _reason(self, received: Received) -> str:
        try:
            stored = self.manifests.load(message_id_of(received.raw_key))
        except AdapterError as error:
            return f"its manifest cannot be read: {error}"
        if stored is None:
            return "no try came as far as to write a manifest; the log says more"
        return ": ".join(
            filter(None, [stored.manifest.state.value, *failure_texts(stored.manifest)])
        )
