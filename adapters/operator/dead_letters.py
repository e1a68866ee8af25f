"""The dead-letter queue, as an operator reads, redrives and empties it.

SQS can show a message only by handing it out. It is hidden from all others then, until its
visibility timeout ends or is set to 0, which is what happens here to every message that is not
moved or dropped. What stays is its receive count, which SQS raises by each look.

SQS's own StartMessageMoveTask is not used. It moves everything or nothing, and the emulator
lacks it. What is done instead is for each message: send its body to the queue, then delete it
here. So no crash loses one. A crash between the two leaves it in both queues, and a message that
is there twice does no harm: the mail's manifest tells its second delivery that nothing is left
to do. S3 and SQS may deliver a notification twice at any time, for which the relay is made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from adapters.aws.errors import aws_call
from adapters.aws.sqs import (
    Bounced,
    NoMail,
    Received,
    ScansDue,
    SummaryDue,
    UnreadableRecord,
    parse_record,
)
from adapters.aws.sqs_record import SQSRecord
from relay_core.errors import AdapterError, TransientError
from relay_core.keys import RawKey

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Long polling asks all of SQS's servers (SQS guide, "Short and long polling"): an empty answer
# to it means an empty queue, where one to short polling means nothing.
_POLL_SECONDS = 1
_BATCH = 10
"""The most messages that one call of SQS takes or returns."""

_MIN_HIDDEN = 60
_MAX_HIDDEN = 12 * 60 * 60  # SQS's longest visibility timeout
_MESSAGES_A_SECOND = 20  # that are received and moved, at the least, over a slow line
_PATIENCE = 3
"""How many answers in a row with nothing new in them end the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue.

    `raw_keys` are the mails that it announces, in practice one, and `arrived_at` when the first
    of them did. `problem` says why it announces none. `queued_at` is when it was sent to the
    queue that it failed on. `tries` counts how often it was received before, by the function and
    by those who looked. Times are in UTC.
    """

    sqs_message_id: str
    body: str
    raw_keys: tuple[RawKey, ...]
    arrived_at: datetime | None
    problem: str | None
    queued_at: datetime
    tries: int
    receipt_handle: str


@dataclass(slots=True)
class Examination:
    """All messages of a dead-letter queue, handed out to one operator. Safe for threads.

    `elsewhere` is about how many more there are that somebody else looks at now, or did in a
    look that was broken off.
    """

    letters: Sequence[DeadLetter]
    elsewhere: int
    _client: SQSClient
    _url: str
    _queue_url: str
    _deleted: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def redrive(self, letter: DeadLetter) -> None:
        """Send a message back to the queue that it came from; its tries start at zero.

        It is deleted here only after SQS took it there: see this module's docstring.

        Raises:
            AdapterError: if it was not sent, or not deleted; it is still here then.
        """
        with aws_call(call="sqs:SendMessage", target=self._target(letter)):
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=letter.body)
        self.drop(letter)

    def drop(self, letter: DeadLetter) -> None:
        """Delete a message. The mail that it announces stays in the incoming bucket.

        Raises:
            AdapterError: if it was not deleted.
        """
        with aws_call(call="sqs:DeleteMessage", target=self._target(letter)):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt_handle)
        with self._lock:
            self._deleted.add(letter.sqs_message_id)

    def _target(self, letter: DeadLetter) -> str:
        return f"SQS message {letter.sqs_message_id} of {self._url}"

    @property
    def left(self) -> list[DeadLetter]:
        """The messages that were not deleted."""
        with self._lock:
            return [one for one in self.letters if one.sqs_message_id not in self._deleted]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsDeadLetters:
    """A dead-letter queue, and the queue whose messages end in it, by their URLs."""

    client: SQSClient
    url: str
    queue_url: str
    incoming_bucket: str

    @contextmanager
    def examined(
        self,
        on_received: Callable[[int], None] = lambda _: None,
        on_hidden: Callable[[AdapterError], None] = lambda _: None,
    ) -> Iterator[Examination]:
        """All messages, each once, to be looked at, moved or dropped within the context.

        At its end, what is left is visible to others again. `on_received` is called with how
        many more were found, and `on_hidden` with why some stay hidden for longer: they come
        back by themselves.

        Raises:
            AdapterError: if SQS does not hand them out.
        """
        found: dict[str, DeadLetter] = {}
        examination: Examination | None = None
        visible, hidden = self._count()
        try:
            self._receive_all(found, on_received, _hidden_seconds(visible))
            examination = Examination(
                letters=tuple(found.values()),
                # SQS's counts may be a minute old, but their sum is not moved by a look.
                elsewhere=max(0, visible + hidden - len(found)),
                _client=self.client,
                _url=self.url,
                _queue_url=self.queue_url,
            )
            yield examination
        finally:
            self._put_back(examination.left if examination else list(found.values()), on_hidden)

    def _receive_all(
        self,
        found: dict[str, DeadLetter],
        on_received: Callable[[int], None],
        hidden_seconds: int,
    ) -> None:
        patience = _PATIENCE
        while patience:
            messages = self._receive(hidden_seconds)
            if not messages:
                return
            before = len(found)
            # One that comes a second time can be put back with its last receipt handle only.
            found |= {message["MessageId"]: self._parse(message) for message in messages}
            patience = patience - 1 if len(found) == before else _PATIENCE
            on_received(len(found) - before)

    def _count(self) -> tuple[int, int]:
        """About how many messages are visible, and how many are hidden."""
        with aws_call(call="sqs:GetQueueAttributes", target=self.url):
            attributes = self.client.get_queue_attributes(
                QueueUrl=self.url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    def _receive(self, hidden_seconds: int) -> list[MessageTypeDef]:
        with aws_call(call="sqs:ReceiveMessage", target=self.url):
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=_BATCH,
                WaitTimeSeconds=_POLL_SECONDS,
                VisibilityTimeout=hidden_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return answer.get("Messages", [])

    def _parse(self, message: MessageTypeDef) -> DeadLetter:
        attributes = message.get("Attributes", {})
        raw_keys: list[RawKey] = []
        problems: list[str] = []
        arrived_at: datetime | None = None
        record = SQSRecord({"messageId": message["MessageId"], "body": message["Body"]})
        try:
            for notification in parse_record(record, incoming_bucket=self.incoming_bucket):
                match notification:
                    case Received(raw_key=raw_key):
                        raw_keys.append(raw_key)
                        arrived_at = arrived_at or notification.arrived_at
                    case NoMail(reason=reason):
                        problems.append(reason)
                    case SummaryDue(window=window):
                        problems.append(f"the summary of {window} could not be sent")
                    case ScansDue(message_id=message_id):
                        problems.append(f"the scans of {message_id} could not be checked")
                    case Bounced(addresses=addresses):
                        listed = ", ".join(one.address for one in addresses)
                        problems.append(f"{listed} bounced, and could not be written down")
        except UnreadableRecord as error:
            problems.append(error.detail)
        return DeadLetter(
            sqs_message_id=message["MessageId"],
            body=message["Body"],
            raw_keys=tuple(raw_keys),
            arrived_at=arrived_at,
            problem="; ".join(problems) or None,
            queued_at=datetime.fromtimestamp(int(attributes["SentTimestamp"]) / 1000, UTC),
            tries=int(attributes["ApproximateReceiveCount"]) - 1,
            receipt_handle=message["ReceiptHandle"],
        )

    def _put_back(
        self, letters: Sequence[DeadLetter], on_hidden: Callable[[AdapterError], None]
    ) -> None:
        left = iter(letters)
        while batch := list(islice(left, _BATCH)):
            try:
                self._show(batch)
            except AdapterError as error:
                on_hidden(error)
                return

    def _show(self, letters: Sequence[DeadLetter]) -> None:
        """Make the messages visible again; `letters` are at most one batch."""
        call = "sqs:ChangeMessageVisibilityBatch"
        with aws_call(call=call, target=self.url):
            answer = self.client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {
                        "Id": str(index),
                        "ReceiptHandle": letter.receipt_handle,
                        "VisibilityTimeout": 0,
                    }
                    for index, letter in enumerate(letters)
                ],
            )
        for failure in answer.get("Failed", []):
            # One whose fault is the sender's is visible already, or somebody deleted it.
            if not failure["SenderFault"]:
                raise TransientError(
                    call=call,
                    target=f"SQS message {letters[int(failure['Id'])].sqs_message_id}",
                    detail=f"{failure['Code']}: {failure.get('Message', 'no message')}",
                )


def _hidden_seconds(number: int) -> int:
    """How long to hide so many messages, so that none is received twice before all were."""
    return min(_MIN_HIDDEN + number // _MESSAGES_A_SECOND, _MAX_HIDDEN)
