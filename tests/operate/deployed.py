"""A stack on the emulator without functions, and `relayctl` commands on it."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from typer.testing import CliRunner

from adapters.aws.download_links import S3LinkIndex
from adapters.aws.downloads import Download, S3Downloads
from adapters.aws.sqs import Notification, parse_record
from adapters.aws.sqs_record import SQSRecord
from operate.cli import app
from relay_core.keys import MessageId, manifest_key
from relay_core.links.tokens import LinkKeys
from relay_core.record.manifest import Manifest
from relay_core.record.manifest_json import format_manifest, parse_manifest
from sandbox.emulator.running import Emulator

PAGE = "https://files.example/d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The output and the exit status of a command."""

    status: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    emulator: Emulator
    incoming: str
    attachments: str
    queue: str
    dead_letters: str
    ready_file: Path

    @classmethod
    def make(cls, emulator: Emulator, folder: Path) -> Deployed:
        name = uuid.uuid4().hex[:12]
        s3, sqs = emulator.client("s3"), emulator.client("sqs")
        for bucket in ("incoming", "attachments"):
            s3.create_bucket(
                Bucket=f"{bucket}-{name}",
                CreateBucketConfiguration={"LocationConstraint": emulator.region},
            )
        deployed = cls(
            emulator=emulator,
            incoming=f"incoming-{name}",
            attachments=f"attachments-{name}",
            queue=sqs.create_queue(QueueName=f"queue-{name}")["QueueUrl"],
            dead_letters=sqs.create_queue(QueueName=f"dead-letters-{name}")["QueueUrl"],
            ready_file=folder / "ready.json",
        )
        deployed.ready_file.write_text(
            json.dumps(
                {
                    "aws": {
                        "endpoint": emulator.endpoint,
                        "region": emulator.region,
                        "access_key_id": emulator.access_key_id,
                        "secret_access_key": emulator.secret_access_key,
                    },
                    "stack": deployed.outputs,
                }
            )
        )
        return deployed

    @property
    def outputs(self) -> dict[str, Any]:
        return {
            "incomingBucket": self.incoming,
            "attachmentsBucket": self.attachments,
            "queueUrl": self.queue,
            "deadLetterQueueUrl": self.dead_letters,
            "fallbackTopicArn": f"arn:aws:sns:{self.emulator.region}:000000000000:fallback",
            "logGroup": "/aws/lambda/relay",
            "downloadUrl": PAGE,
            "directoryParameter": f"/relay/{self.incoming}/recipients",
        }

    def without_page(self) -> Deployed:
        """The same stack with presigned links."""
        ready = json.loads(self.ready_file.read_text())
        ready["stack"]["downloadUrl"] = ""
        ready_file = self.ready_file.with_name("presigned.json")
        ready_file.write_text(json.dumps(ready))
        return replace(self, ready_file=ready_file)

    @property
    def keys_parameter(self) -> str:
        return f"/relay/{self.incoming}/link-keys"

    def store_keys(self, keys: LinkKeys) -> None:
        document = {"current": base64.b64encode(keys.current).decode(), "previous": None}
        self.emulator.client("ssm").put_parameter(
            Name=self.keys_parameter, Value=json.dumps(document), Type="SecureString"
        )

    def open_page(self, message_id: str) -> None:
        """Create the links of a message, as a worker does before it submits."""
        s3 = self.emulator.client("s3")
        S3LinkIndex(client=s3, bucket=self.attachments).point(MessageId(message_id))

    def keep_for(self, days: int) -> None:
        """Set the retention of attachments, as attachmentRetentionDays does."""
        self.emulator.client("s3").put_bucket_lifecycle_configuration(
            Bucket=self.attachments,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "expire",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "Expiration": {"Days": days},
                    }
                ]
            },
        )

    def store_download(self, download: Download) -> None:
        s3 = self.emulator.client("s3")
        S3Downloads(client=s3, bucket=self.attachments).record(download)

    def as_user(self, statements: Sequence[Mapping[str, object]], folder: Path) -> Deployed:
        """The same stack for a user with only these permissions."""
        iam, name = self.emulator.client("iam"), f"operator-{uuid.uuid4().hex[:12]}"
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name,
            PolicyName="operate",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [*statements]}),
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        ready = json.loads(self.ready_file.read_text())
        ready["aws"]["access_key_id"] = key["AccessKeyId"]
        ready["aws"]["secret_access_key"] = key["SecretAccessKey"]
        ready_file = folder / f"{name}.json"
        ready_file.write_text(json.dumps(ready))
        return replace(self, ready_file=ready_file)

    def arn_of(self, queue_url: str) -> str:
        answer = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["QueueArn"]
        )
        arn: str = answer["Attributes"]["QueueArn"]
        return arn

    def relayctl(self, *arguments: str) -> Answer:
        command = [*arguments, "--ready-file", str(self.ready_file)]
        result = CliRunner().invoke(app, command)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(status=result.exit_code, stdout=result.stdout, stderr=result.stderr)

    def store(self, *manifests: Manifest, raw: bool = True) -> None:
        """Write manifests and their raw messages."""
        for manifest in manifests:
            self._put(
                self.attachments, manifest_key(manifest.message_id), format_manifest(manifest)
            )
            if raw:
                self.store_raw(manifest.raw_key)

    def store_raw(self, key: str) -> None:
        self._put(self.incoming, key, b"Subject: x\r\n\r\n")

    def store_attachment(self, key: str) -> None:
        self._put(self.attachments, key, b"x")

    def store_files(self, *manifests: Manifest) -> None:
        """Write manifests, all their promised files, and the pointers to them."""
        self.store(*manifests)
        for manifest in manifests:
            self.open_page(manifest.message_id)
            for attachment in manifest.attachments:
                self.store_attachment(attachment.key)

    def store_document(self, message_id: str, document: bytes) -> None:
        self._put(self.attachments, f"manifests/{message_id}.json", document)

    def _put(self, bucket: str, key: str, content: bytes) -> None:
        self.emulator.client("s3").put_object(Bucket=bucket, Key=key, Body=content)

    def stored_at(self, key: str) -> datetime:
        listed = self.emulator.client("s3").list_objects_v2(Bucket=self.incoming, Prefix=key)
        (stored_at,) = [one["LastModified"] for one in listed["Contents"] if one["Key"] == key]
        assert isinstance(stored_at, datetime)
        return stored_at

    def document(self, message_id: str) -> bytes:
        answer = self.emulator.client("s3").get_object(
            Bucket=self.attachments, Key=f"manifests/{message_id}.json"
        )
        document: bytes = answer["Body"].read()
        return document

    def manifest(self, message_id: str) -> Manifest:
        return parse_manifest(self.document(message_id))

    def fail(self, *bodies: str) -> list[str]:
        """Put messages into the dead-letter queue; return their ids."""
        sqs = self.emulator.client("sqs")
        return [
            sqs.send_message(QueueUrl=self.dead_letters, MessageBody=body)["MessageId"]
            for body in bodies
        ]

    def notification(self, key: str) -> str:
        """The notification of a stored mail, as S3 sends it."""
        entry = {
            "eventName": "ObjectCreated:Put",
            "eventTime": "2026-01-02T03:04:05.678Z",
            "s3": {
                "bucket": {"name": self.incoming},
                "object": {"key": quote_plus(key, safe="/")},
            },
        }
        return json.dumps({"Records": [entry]})

    def visible(self, queue_url: str) -> list[str]:
        """The bodies of all messages that can be received now; they are made visible again."""
        sqs = self.emulator.client("sqs")
        found: list[Mapping[str, Any]] = []
        while batch := sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=60
        ).get("Messages"):
            found += batch
        for message in found:
            sqs.change_message_visibility(
                QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )
        return sorted(str(message["Body"]) for message in found)

    def announced(self) -> list[Notification]:
        """The keys that the function would read from its queue."""
        return [
            notification
            for body in self.visible(self.queue)
            for notification in parse_record(
                SQSRecord({"messageId": "x", "body": body}), incoming_bucket=self.incoming
            )
        ]
