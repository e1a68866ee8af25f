"""The manifest as the JSON document that the store keeps.

A release reads what the previous one wrote, and writes what the previous one can read while its
workers process mail.
"""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from relay_core.errors import Reason, Refusal
from relay_core.keys import AttachmentKey, MessageId, RawKey

from .lease import Lease
from .manifest import (
    Death,
    DeathCause,
    DeliveryRecord,
    DeliveryState,
    Intervention,
    Manifest,
    ManifestState,
    StoredAttachment,
    Threat,
)

SCHEMA_VERSION = 2
"""2 adds all that has a default. Manifests of schema 1 are read as if they had none of it."""

_LEASE_MORE = "lease_more"

_NEW_IN_LEASE = ("queue_message", "is_last_try")
"""Fields of a lease that the previous release refuses. It ignores unknown fields beside the lease,
so they are written there: it can read a mail in process if it is deployed again."""


def format_manifest(manifest: Manifest) -> bytes:
    """The manifest as JSON, UTF-8, on one line: json's encoder in C knows no other form."""
    document = {"schema": SCHEMA_VERSION, **_fields_of(manifest)}
    if manifest.lease is not None:
        lease = _fields_of(manifest.lease)
        document[_LEASE_MORE] = {key: lease.pop(key) for key in _NEW_IN_LEASE}
        document["lease"] = lease
    return json.dumps(document, default=_plain, ensure_ascii=False).encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return _fields_of(value)


def _fields_of(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass of those above
    """One level of what `asdict` gives, which copies every level."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def parse_manifest(document: bytes) -> Manifest:
    """The inverse of `format_manifest`; reads schema 1 too.

    Raises:
        ValueError: if it is no manifest of a schema that is known.
    """
    try:
        data: dict[str, Any] = json.loads(document)
        schema = data.pop("schema")
        if schema not in {1, SCHEMA_VERSION}:
            raise ValueError(f"manifest schema {schema}, expected 1 or {SCHEMA_VERSION}")
        lease, reason = data.get("lease"), data.get("reason")
        return Manifest(
            message_id=MessageId(data["message_id"]),
            raw_key=RawKey(data["raw_key"]),
            sender=data["sender"],
            subject=data["subject"],
            created_at=datetime.fromisoformat(data["created_at"]),
            expires_at=datetime.fromisoformat(data["expires_at"]),
            attachments=tuple(_parse_attachment(item) for item in data["attachments"]),
            deliveries=tuple(_parse_delivery(item) for item in data["deliveries"]),
            # The first manifests of schema 1 had no state: all were of messages that are relayed.
            state=ManifestState(data.get("state", ManifestState.RELAYING)),
            reason=Reason(reason) if reason else None,
            detail=data.get("detail", ""),
            lease=lease
            and Lease(
                **{
                    **lease,
                    **data.get(_LEASE_MORE, {}),
                    "until": datetime.fromisoformat(lease["until"]),
                }
            ),
            interventions=tuple(
                Intervention(**{**item, "at": datetime.fromisoformat(item["at"])})
                for item in data.get("interventions", ())
            ),
            refusals=tuple(_parse_refusal(item) for item in data.get("refusals", ())),
            asked=tuple(data.get("asked", ())),
            deaths=tuple(
                Death(
                    queue_message=item["queue_message"],
                    cause=DeathCause(item["cause"]),
                    at=_parse_time(item.get("at")),
                )
                for item in data.get("deaths", ())
            ),
            files_since=_parse_time(data.get("files_since")),
            marker=data.get("marker", ""),
            short_marker=data.get("short_marker", ""),
            is_budgeted=data.get("is_budgeted", False),
            is_dead=data.get("is_dead", False),
            threats=tuple(
                Threat(
                    key=AttachmentKey(item["key"]),
                    at=datetime.fromisoformat(item["at"]),
                    is_malware=item["is_malware"],
                )
                for item in data.get("threats", ())
            ),
            via=data.get("via", ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a manifest: {error!r}") from error


def _parse_attachment(item: dict[str, Any]) -> StoredAttachment:
    return StoredAttachment(**{**item, "revoked_at": _parse_time(item.get("revoked_at"))})


_NOT_ALLOWED = " is not in allowedRecipients"
"""How the detail of a refusal ends from which the address is read in those of earlier releases."""


def _parse_refusal(item: dict[str, Any]) -> Refusal:
    reason, detail, address = Reason(item["reason"]), item["detail"], item.get("address")
    if "address" not in item and reason is Reason.RECIPIENT_NOT_ALLOWED:
        address = detail.removesuffix(_NOT_ALLOWED) if detail.endswith(_NOT_ALLOWED) else None
    return Refusal(reason=reason, detail=detail, address=address)


def _parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _parse_delivery(item: dict[str, Any]) -> DeliveryRecord:
    return DeliveryRecord(
        recipient=item["recipient"],
        state=DeliveryState(item["state"]),
        submission_id=item["submission_id"],
        at=_parse_time(item["at"]),
        failure=item["failure"],
        revoked_at=_parse_time(item.get("revoked_at")),
        repeats=item.get("repeats", 0),
        renewals=item.get("renewals", 0),
        renewed_at=_parse_time(item.get("renewed_at")),
        renewed_until=_parse_time(item.get("renewed_until")),
    )
