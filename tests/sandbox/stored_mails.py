"""Puts mail into the incoming bucket without SMTP, and announces it on the queue."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sandbox.ses.receipt import make_message_id
from sandbox.ses_verdicts import Envelope, authenticate_submission, format_receipt_header, scan
from tests.sandbox.running import RunningSandbox


def store_as_ses(relay: RunningSandbox, raw: bytes) -> str:
    """Store a device's mail as SES does; return its message id."""
    message_id = make_message_id()
    envelope = Envelope(
        mail_from=relay.device,
        recipients=(relay.smtp["rcpt_to"],),
        helo="device",
        client_ip="127.0.0.1",
    )
    header = format_receipt_header(
        message_id=message_id,
        envelope=envelope,
        authentication=authenticate_submission(raw, envelope),
        scan=scan(raw),
        region=relay.ready["aws"]["region"],
        received_at=datetime.now(UTC),
    )
    relay.client("s3").put_object(
        Bucket=relay.ready["stack"]["incomingBucket"],
        Key=f"incoming/{message_id}",
        Body=header + raw,
    )
    return message_id


def announcement(bucket: str, key: str) -> str:
    """A notification as S3 writes it (S3 User Guide, "Event message structure")."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": now.replace("+00:00", "Z"),
        "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": {"key": key}},
    }
    return json.dumps({"Records": [record]})
