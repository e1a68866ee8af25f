"""A subscriber of the operator's topics, and the file to which it writes the messages.

The subscription is a queue of the sandbox's own, so it gets what an operator's queue would: SNS's
envelope, with subject and attributes (SNS Developer Guide, "Amazon SNS message and JSON formats").
The relay's own notices come to a queue in their form for machines, a JSON object that also has the
text of the mail to the operator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.events import Listener, NoticePublished, SandboxFailure

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

RELAYS_OWN = "fallback"
"""The topic of the relay's own notices; alarms come from CloudWatch, in another format."""

_QUEUE_NAME = "sandbox-notices"
_WAIT = 1  # seconds of one poll; also the longest time that `close` takes
_PAUSE = 0.5  # seconds after a failed poll


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The queue's URL, and each topic's name by its ARN."""

    queue_url: str
    topics: Mapping[str, str]


def subscribe(sqs: SQSClient, sns: SNSClient, topics: Mapping[str, str]) -> Subscription:
    """Subscribe a new queue to topics, given as name → ARN."""
    queue_url = sqs.create_queue(QueueName=_QUEUE_NAME)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    queue_arn = attributes["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(topics.values())}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": policy})
    for arn in topics.values():
        sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    return Subscription(queue_url=queue_url, topics={arn: name for name, arn in topics.items()})


def parse_notice(body: str, topics: Mapping[str, str]) -> NoticePublished:
    """A notice from SNS's envelope; `topics` maps an ARN to its name."""
    envelope = json.loads(body)
    topic, message = topics[envelope["TopicArn"]], envelope["Message"]
    document = _document(message) if topic == RELAYS_OWN else None
    return NoticePublished(
        topic=topic,
        at=datetime.fromisoformat(envelope["Timestamp"]),
        subject=envelope.get("Subject") or "",
        message=message if document is None else document.pop("text"),
        document=document,
        attributes={
            name: attribute["Value"]
            for name, attribute in (envelope.get("MessageAttributes") or {}).items()
        },
    )


def _document(message: str) -> dict[str, Any] | None:
    """The message as the relay's JSON object; None if another publisher sent it."""
    try:
        document = json.loads(message)
    except ValueError:
        return None
    is_ours = isinstance(document, dict) and isinstance(document.get("text"), str)
    return document if is_ours else None


def format_line(notice: NoticePublished) -> str:
    """A notice as one line of JSON; `document` only where there is one."""
    document: dict[str, Any] = {
        "topic": notice.topic,
        "at": notice.at.isoformat(),
        "subject": notice.subject,
        "message": notice.message,
        "attributes": dict(notice.attributes),
    }
    if notice.document is not None:
        document["document"] = dict(notice.document)
    return json.dumps(document, ensure_ascii=False) + "\n"


class NoticeRecorder:
    """Polls the subscription on a separate thread and appends to the file."""

    def __init__(
        self, *, sqs: SQSClient, subscription: Subscription, file: Path, listener: Listener
    ) -> None:
        self._sqs = sqs
        self._subscription = subscription
        self._file = file
        self._listener = listener
        self._stopping = Event()
        file.touch()
        self._thread = Thread(target=self._run, name="notices", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop polling."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._poll()
            except (ClientError, BotoCoreError) as error:
                if not self._stopping.is_set():
                    self._listener(
                        SandboxFailure(text=f"notices: {type(error).__name__}: {error}")
                    )
                self._stopping.wait(_PAUSE)

    def _poll(self) -> None:
        queue_url = self._subscription.queue_url
        answer = self._sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT
        )
        for message in answer.get("Messages", []):
            notice = parse_notice(message["Body"], self._subscription.topics)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(format_line(notice))
            self._listener(notice)
            self._sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
