"""The manifest: what was promised for one message, and how far it is kept.

One JSON object a message, in the attachments bucket, changed only by compare-and-swap. It
is the ledger that makes a redelivery harmless: a recipient whose state is `submitted` is
never submitted to again. It is written after the attachments are stored and before the
first submission, and ends with the attachments' retention. A mail that is held back has one
too, without attachments and recipients: by it an operator finds the mail and lets it go.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType

MessageId = NewType("MessageId", str)
"""The relay's name for one mail: the last component of its key in the incoming store."""

SCHEMA_VERSION = 1


class ManifestState(StrEnum):
    """What becomes of the message as a whole.

    `RELAYING` is the usual one, from the first submission to the last. A `HELD` message was
    over its sender's limit: nothing is done with it until an operator sets it to `RELEASED` and
    has it delivered again; then it is relayed without being counted.
    """

    RELAYING = "relaying"
    HELD = "held"
    RELEASED = "released"


class DeliveryState(StrEnum):
    """How far one recipient's delivery is."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAttachment:
    """One attachment in the store: `size` in bytes and `sha256` in hex, of its decoded content.

    `failure` says why the store refused it for good; None where it is kept.
    """

    key: str
    filename: str
    content_type: str
    size: int
    sha256: str
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRecord:
    """One recipient's outcome; `submission_id` is SES's message id, `failure` its last words."""

    recipient: str
    state: DeliveryState = DeliveryState.PENDING
    submission_id: str | None = None
    at: datetime | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The ledger of one message. Times are aware datetimes in UTC."""

    message_id: MessageId
    raw_key: str
    sender: str | None
    subject: str
    created_at: datetime
    expires_at: datetime
    attachments: tuple[StoredAttachment, ...]
    deliveries: tuple[DeliveryRecord, ...]
    state: ManifestState = ManifestState.RELAYING

    def pending(self) -> tuple[str, ...]:
        """The recipients that nothing is decided for yet, in order."""
        return tuple(d.recipient for d in self.deliveries if d.state is DeliveryState.PENDING)

    def recording(self, record: DeliveryRecord) -> Manifest:
        """The manifest with one recipient's record replaced."""
        return replace(
            self,
            deliveries=tuple(
                record if d.recipient == record.recipient else d for d in self.deliveries
            ),
        )


def format_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON, UTF-8."""

    def default(value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(f"no JSON form for {value!r}")

    document = {"schema": SCHEMA_VERSION, **asdict(manifest)}
    return json.dumps(document, default=default, ensure_ascii=False, indent=1).encode()


def parse_manifest(document: bytes) -> Manifest:
    """The inverse of `format_manifest`.

    Raises:
        ValueError: if it is not a manifest of this schema.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        schema = data.pop("schema")
        if schema != SCHEMA_VERSION:
            raise ValueError(f"manifest schema {schema}, expected {SCHEMA_VERSION}")
        return Manifest(
            message_id=MessageId(data["message_id"]),
            raw_key=data["raw_key"],
            sender=data["sender"],
            subject=data["subject"],
            created_at=datetime.fromisoformat(data["created_at"]),
            expires_at=datetime.fromisoformat(data["expires_at"]),
            attachments=tuple(StoredAttachment(**item) for item in data["attachments"]),
            deliveries=tuple(
                DeliveryRecord(
                    recipient=item["recipient"],
                    state=DeliveryState(item["state"]),
                    submission_id=item["submission_id"],
                    at=datetime.fromisoformat(item["at"]) if item["at"] else None,
                    failure=item["failure"],
                )
                for item in data["deliveries"]
            ),
            # Manifests of before there was a state are all of messages that are relayed.
            state=ManifestState(data.get("state", ManifestState.RELAYING)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a manifest: {error!r}") from error
