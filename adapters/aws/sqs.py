"""Messages of the queue: parsing them, and sending them again.

S3 puts a notification on the queue for each object created in the incoming bucket, at least
once (S3 User Guide, "Event message structure"). Keys in it are URL-encoded, a space as `+`.
Turning notifications on sends one `s3:TestEvent`; creating a receipt rule makes SES write
one object, `AMAZON_SES_SETUP_NOTIFICATION`. Both are no mail and are ignored, with a reason.
Two more come by the same queue: reminders that the function sends itself (`SqsReminders`), and
SES's events of sending, by the alarms topic (`sending_events`). Anything else raises, so that it
ends in the dead-letter queue under its own message id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from relay_core.delivery.retry_delay import MAX_RETRY_DELAY
from relay_core.errors import PermanentError
from relay_core.keys import MessageId, RawKey, WindowKey
from relay_core.limits.suppression import Suppressed

from .errors import aws_call
from .sending_events import EVENT_TYPE, configuration_set_of, suppressed_by
from .sqs_record import SQSRecord

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sqs import SQSClient

_SUMMARY_OF = "summaryOfNotices"
_SCANS_OF = "scansOf"
_SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"


class UnreadableRecord(PermanentError):
    """A message of the queue that is no notification of the incoming bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A raw message arrived under this key of the incoming bucket.

    `arrived_at` is when S3 stored it, in UTC, the same at every delivery; None if it is not told.
    """

    raw_key: RawKey
    arrived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMail:
    """A notification without a mail, and the reason."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryDue:
    """The notices of a window are to be summed up: a reminder that the function sent itself."""

    window: WindowKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounced:
    """SES reports addresses that are to be suppressed.

    `configuration_set` is the one that the mail went with, None if SES does not say.
    """

    addresses: tuple[Suppressed, ...]
    configuration_set: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScansDue:
    """The scan results of a mail's files are due: a reminder that the function sent itself.

    It is the `check_number`-th time, from 1.
    """

    message_id: MessageId
    check_number: int


Notification = Received | NoMail | SummaryDue | Bounced | ScansDue
"""What a message on the queue is about."""


def parse_record(record: SQSRecord, *, incoming_bucket: str) -> tuple[Notification, ...]:
    """The notifications in one message of the queue: in practice one, in principle several.

    Raises:
        UnreadableRecord: naming the SQS message id.
    """
    try:
        return _parse_body(json.loads(record.body), incoming_bucket)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableRecord(
            call="sqs:ReceiveMessage",
            target=f"SQS message {record.message_id}",
            detail=f"no S3 notification of bucket {incoming_bucket}: {error!r};"
            " look at it in the dead-letter queue and delete it there",
        ) from error


def _parse_body(body: object, incoming_bucket: str) -> tuple[Notification, ...]:
    if not isinstance(body, dict):
        raise TypeError("the body is not a JSON object")
    if _SUMMARY_OF in body:
        return (SummaryDue(window=WindowKey(str(body[_SUMMARY_OF]))),)
    if _SCANS_OF in body:
        return (
            ScansDue(message_id=MessageId(str(body[_SCANS_OF])), check_number=int(body["look"])),
        )
    if EVENT_TYPE in body:
        if addresses := suppressed_by(body):
            return (Bounced(addresses=addresses, configuration_set=configuration_set_of(body)),)
        return (NoMail(reason=f"an event of sending: {body[EVENT_TYPE]}"),)
    if body.get("Event") == "s3:TestEvent":
        _check_bucket(body["Bucket"], incoming_bucket)
        return (NoMail(reason="s3:TestEvent: notifications were turned on"),)
    events = body["Records"]
    if not events:
        raise ValueError("Records is empty")
    return tuple(_parse_event(event, incoming_bucket) for event in events)


def _parse_event(event: Mapping[str, Any], incoming_bucket: str) -> Received | NoMail:
    """One record of a notification (S3 User Guide, "Event message structure")."""
    _check_bucket(event["s3"]["bucket"]["name"], incoming_bucket)
    key = unquote_plus(event["s3"]["object"]["key"], errors="strict")
    event_name = event["eventName"]
    if not event_name.removeprefix("s3:").startswith("ObjectCreated:"):
        return NoMail(reason=f"{event_name} of {key}: no new mail")
    name = key.rpartition("/")[2]
    if name == _SETUP_NOTIFICATION:
        return NoMail(reason=f"{key}: SES writes it when the receipt rule is made")
    if not name:
        return NoMail(reason=f"{key}: a folder marker, not a mail")
    return Received(raw_key=RawKey(key), arrived_at=_parse_time(event.get("eventTime")))


def _parse_time(text: object) -> datetime | None:
    """S3's `eventTime` (ISO 8601, UTC). None if it is missing or malformed."""
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return time and time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)


def _check_bucket(found: str, expected: str) -> None:
    if found != expected:
        raise ValueError(f"bucket {found!r} is not the incoming bucket")


def postpone(client: SQSClient, queue_url: str, record: SQSRecord, delay: timedelta) -> None:
    """Let a failed message become visible after `delay` instead of the queue's own timeout.

    Raises:
        TransientError: if SQS does not do it; the queue's own timeout then holds.
        PermanentError: likewise.
    """
    with aws_call(call="sqs:ChangeMessageVisibility", target=f"SQS message {record.message_id}"):
        client.change_message_visibility(
            QueueUrl=queue_url,
            ReceiptHandle=record.receipt_handle,
            VisibilityTimeout=int(delay.total_seconds()),
        )


def requeue(client: SQSClient, queue_url: str, record: SQSRecord, delay: timedelta) -> None:
    """Send a message to the queue again, so that its tries start at zero.

    It becomes visible after `delay`, `MAX_RETRY_DELAY` at most. The one at hand stays: if it
    cannot be deleted, both are there, which a queue may do at any time.

    Raises:
        TransientError: if SQS does not take it.
        PermanentError: likewise.
    """
    with aws_call(call="sqs:SendMessage", target=f"SQS message {record.message_id}"):
        client.send_message(
            QueueUrl=queue_url,
            MessageBody=record.body,
            DelaySeconds=int(min(delay, MAX_RETRY_DELAY).total_seconds()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsReminders:
    """`Reminders` as messages on the function's own queue, which come after a delay."""

    client: SQSClient
    queue_url: str

    def remind(self, key: WindowKey, after: timedelta) -> None:
        """See `Reminders.remind`."""
        self._send({_SUMMARY_OF: key}, after, what="a summary")

    def remind_of_scans(self, due: ScansDue, after: timedelta) -> None:
        """Send the reminder to the queue with this delay, at most `MAX_RETRY_DELAY`.

        Raises:
            TransientError: if SQS does not take it.
            PermanentError: likewise.
        """
        body = {_SCANS_OF: due.message_id, "look": due.check_number}
        self._send(body, after, what=f"the scans of {due.message_id}")

    def _send(self, body: Mapping[str, object], after: timedelta, *, what: str) -> None:
        delay = max(timedelta(0), min(after, MAX_RETRY_DELAY))
        with aws_call(call="sqs:SendMessage", target=f"{self.queue_url} for {what}"):
            self.client.send_message(
                QueueUrl=self.queue_url,
                MessageBody=json.dumps(body),
                DelaySeconds=ceil(delay.total_seconds()),
            )
