"""A message as the relay leaves it in the store, and the images that cameras send."""

from __future__ import annotations

import base64
import json
import struct
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from adapters.aws.download_links import S3LinkIndex
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.tokens import LinkKeys, issue_token
from relay_core.record.manifest import DeliveryRecord, DeliveryState, Manifest, StoredAttachment
from relay_core.record.manifest_json import format_manifest
from sandbox.emulator.running import Emulator

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = LinkKeys(current=bytes(range(32)))
ANNA, BEN = "anna@example.com", "ben@example.net"


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that a device sent."""

    name: str
    content: bytes
    type: str = "application/octet-stream"

    def stored(self, key: str) -> StoredAttachment:
        return StoredAttachment(
            key=AttachmentKey(key),
            filename=self.name,
            content_type=self.type,
            size=len(self.content),
            sha256=sha256(self.content).hexdigest(),
        )


@dataclass(kw_only=True)
class StoredMessage:
    """A message in a bucket of the emulator; `write` puts a changed manifest there."""

    s3: Any
    bucket: str
    manifest: Manifest
    files: tuple[File, ...]

    def write(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"manifests/{manifest.message_id}.json",
            Body=format_manifest(manifest),
        )

    def change_file(self, number: int, **changes: Any) -> None:
        files = list(self.manifest.attachments)
        files[number - 1] = replace(files[number - 1], **changes)
        self.write(replace(self.manifest, attachments=tuple(files)))

    def revoke(self, recipient: str, at: datetime = NOW) -> None:
        self.write(
            replace(
                self.manifest,
                deliveries=tuple(
                    replace(one, revoked_at=at) if one.recipient == recipient else one
                    for one in self.manifest.deliveries
                ),
            )
        )

    def key(self, number: int) -> str:
        return self.manifest.attachments[number - 1].key

    def tag(self, number: int, word: str) -> None:
        tags = [{"Key": "GuardDutyMalwareScanStatus", "Value": word}]
        self.s3.put_object_tagging(
            Bucket=self.bucket, Key=self.key(number), Tagging={"TagSet": tags}
        )

    def path(self, recipient: str = ANNA, *, keys: LinkKeys = KEYS) -> str:
        return f"/{issue_token(self.manifest.message_id, recipient, keys)}"


def store_message(
    emulator: Emulator,
    bucket: str,
    files: Sequence[File],
    *,
    subject: str = "Alarm: Tür offen",
    sender: str | None = "cam@plant.example",
    at: datetime = NOW,
    lasts: timedelta = timedelta(hours=36),
) -> StoredMessage:
    """Files, manifest and pointer of a message for Anna and Ben."""
    s3 = emulator.client("s3")
    message_id = MessageId(uuid.uuid4().hex)
    attachments = []
    for number, file in enumerate(files, 1):
        key = f"attachments/{message_id}/{number}"
        s3.put_object(Bucket=bucket, Key=key, Body=file.content, ContentType=file.type)
        attachments.append(file.stored(key))
    message = StoredMessage(
        s3=s3,
        bucket=bucket,
        files=tuple(files),
        manifest=Manifest(
            message_id=message_id,
            raw_key=RawKey(f"incoming/{message_id}"),
            sender=sender,
            subject=subject,
            created_at=at,
            expires_at=at + lasts,
            attachments=tuple(attachments),
            deliveries=tuple(
                DeliveryRecord(recipient=one, state=DeliveryState.SUBMITTED) for one in (ANNA, BEN)
            ),
        ),
    )
    S3LinkIndex(client=s3, bucket=bucket).point(message_id)
    message.write(message.manifest)
    return message


def store_keys(emulator: Emulator, keys: LinkKeys = KEYS, name: str | None = None) -> str:
    """The keys in a parameter of the emulator; its name."""
    name = name or f"/relay/{uuid.uuid4()}/link-keys"
    previous = keys.previous and base64.b64encode(keys.previous).decode()
    document = {"current": base64.b64encode(keys.current).decode(), "previous": previous}
    emulator.client("ssm").put_parameter(
        Name=name, Value=json.dumps(document), Type="SecureString", Overwrite=True
    )
    return name


@dataclass
class Calls:
    """The calls that a session's clients sent, as `S3.GetObject`."""

    sent: list[str] = field(default_factory=list)

    def watch(self, session: Any) -> None:
        session.events.register("before-send", self.note)

    def note(self, event_name: str, **_: Any) -> None:
        service, operation = event_name.split(".")[1:3]
        self.sent.append(f"{service}.{operation}")

    def take(self) -> list[str]:
        taken, self.sent = self.sent, []
        return taken


def png(width: int = 8, height: int = 6, color: tuple[int, int, int] = (20, 80, 140)) -> bytes:
    """A whole PNG image of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    row = b"\0" + bytes(color) * width
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * height))
        + chunk(b"IEND", b"")
    )
