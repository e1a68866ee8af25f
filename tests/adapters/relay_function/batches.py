"""Batches of the queue, the invocations that handle them, and what they log."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from relay_core.settings import LinkMode, Settings
from tests.receipt import submitted_receipt

INCOMING_BUCKET = "incoming-bucket"


class Context(LambdaContext):
    """An invocation with two minutes left."""

    _aws_request_id = "request-1"
    left = 120_000

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override] # there it is static
        return self.left


CONTEXT = Context()
NO_SUCH_QUEUE = "http://127.0.0.1:1/000000000000/no-such-queue"
SETTINGS = Settings(
    stack="dev",
    sender_address="relay@example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.net",),
    retry_delay=timedelta(seconds=1),
    link_mode=LinkMode.PRESIGNED,
)


def mail(*, recipients: str = "bob@example.net") -> bytes:
    return (
        submitted_receipt("example.org")
        + (
            "From: cam@example.org\r\n"
            "To: secret@in.example.com\r\n"
            "Subject: Alarm\r\n"
            "MIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="b"\r\n'
            "\r\n"
            "--b\r\n"
            "Content-Type: text/plain\r\n"
            "\r\n"
            f"Door open. :Email_Rxers_Code:{recipients}:Email_Rxers_Code:\r\n"
            "--b\r\n"
            "Content-Type: image/png\r\n"
            "Content-Transfer-Encoding: base64\r\n"
            'Content-Disposition: attachment; filename="door.png"\r\n'
            "\r\n"
            "Y29udGVudAo=\r\n"
            "--b--\r\n"
        ).encode()
    )


def body_for(key: str, bucket: str = INCOMING_BUCKET) -> str:
    event = {
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }
    return json.dumps({"Records": [event]})


def sqs_record(body: str, message_id: str = "sqs-1", *, receive_count: int = 1) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:no-such-queue",
    }


def failed_ids(answer: Any) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


@dataclass(frozen=True)
class Log:
    stream: io.StringIO

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def others(self) -> list[dict[str, Any]]:
        """The log lines between a mail's beginning and its end."""
        return [
            line
            for line in self.lines()
            if "outcome" not in line and line["message"] != "mail begun"
        ]

    def endings(self) -> list[dict[str, Any]]:
        return [line for line in self.lines() if "outcome" in line]


def metrics_of(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """The sum of each metric written, `Refusals` under the name of its reason too.

    Log lines on the same output are skipped.
    """
    sums: Counter[str] = Counter()
    documents = map(json.loads, capsys.readouterr().out.splitlines())
    for document in (one for one in documents if "_aws" in one):
        for metrics in document["_aws"]["CloudWatchMetrics"]:
            assert metrics["Namespace"] == "MailRelay"
            for metric in metrics["Metrics"]:
                name = metric["Name"]
                value = document[name]
                total = sum(value) if isinstance(value, list) else value
                sums[f"{name} {document['reason']}" if "reason" in document else name] += total
    return sums
