"""Both example stacks, and another value for each configuration key."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

from infra.configuration.stack_config import load_config

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ("dev", "prod")

OTHERS: Mapping[str, object] = {
    "senderEmail": "relay@other.example.com",
    "recipientEmail": "devices-2b8wq@in.example.com",
    "previousRecipientEmails": ["devices-1a1a1@in.example.com", "devices@old.example.com"],
    "closedLabels": ["boiler7"],
    "allowedRecipients": ["example.org", "ops@example.com"],
    "configurationSetName": "shared-set",
    "recipientMarker": "Recipients",
    "shortMarker": "RX",
    "allowedSenders": ["mail.example.com"],
    "recipientGroups": {"ops": ["ops@example.com"]},
    "defaultRecipients": {"*": ["ops@example.org"]},
    "directoryRefreshSeconds": 30,
    "maxRecipients": 50,
    "linkMode": "presigned",
    "linkExpiryHours": 12,
    "linkKeyVersion": 2,
    "downloadUrl": "https://files.example.com",
    "downloadDomain": "files.example.com",
    "downloadMaxConcurrency": 10,
    "attachmentRetentionDays": 60,
    "inlineImageLimit": 500_000,
    "maxMessageBytes": 20_000_000,
    "maxHeaderBytes": 500_000,
    "maxEntities": 500,
    "maxNesting": 50,
    "incomingRetentionDays": 60,
    "logRetentionDays": 7,
    "spamAction": "mark",
    "authenticationAction": "mark",
    "senderMessageLimit": 30,
    "senderWindowSeconds": 600,
    "passHeaderFields": ["X-Device"],
    "recipientBudgetPerHour": 7200,
    "noticeLimit": 20,
    "noticeWindowSeconds": 600,
    "alarmEmails": ["other@example.com"],
    "fallbackEmails": ["other@example.com"],
    "webhooks": {"chat": {"kind": "slack", "url": "https://hooks.slack.example/services/1"}},
    "eventBus": "default",
    "documentsUrl": "https://git.example.com/relay/docs",
    "organisation": "Example GmbH",
    "contact": "support@example.org",
    "accentColour": "#8a1538",
    "language": "de",
    "timeZone": "Europe/Berlin",
    "dlqAlarmThreshold": 5,
    "queueAgeAlarmSeconds": 600,
    "trafficAlarmThreshold": 600,
    "maxConcurrency": 5,
    "submissionConcurrency": 4,
    "functionMemory": 1024,
    "functionTimeoutSeconds": 180,
    "retryDelaySeconds": 60,
    "dlqMaxReceiveCount": 7,
    "parkingDelaySeconds": 600,
    "smtpCredentialsVersion": 2,
    "smtpUsers": ["hall-3"],
    "dmarcPolicy": "quarantine",
    "dmarcReportEmails": ["dmarc@example.com"],
    "logLevel": "DEBUG",
    "trustStore": "system",
    "maxAttachments": 100,
    "maxHeaderFields": 1000,
    "maxBodyBytes": 500_000,
    "codesCounted": "first",
    "keyDeletionWindowDays": 7,
    "permissionsBoundary": "arn:aws:iam::000000000000:policy/boundary",
}
"""Another value for each key that is no boolean; booleans are inverted."""

TOGETHER: Mapping[str, Mapping[str, object]] = {
    # These values depend on the page.
    "linkMode": {"malwareProtection": False, "linkExpiryHours": 12},
    # These two exclude each other.
    "protect": {"forceDestroy": False},
    "forceDestroy": {"protect": False},
}
"""The other values that have to change with a key."""


def keys() -> tuple[str, ...]:
    """Every key of Pulumi.yaml, in its order."""
    return tuple(yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"])


def base_config(stack: str) -> dict[str, object]:
    """The configuration of an example, by full names."""
    if stack == "dev":
        return load_config(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, source in (
            ("Pulumi.yaml", "Pulumi.yaml"),
            ("Pulumi.prod.yaml", "Pulumi.prod.yaml.example"),
        ):
            (folder / file).write_text((ROOT / source).read_text("utf-8"), "utf-8")
        return load_config(folder, stack="prod")


def changed_config(config: Mapping[str, object], key: str, zone: str) -> dict[str, object]:
    """The configuration with another value for one key, and the keys that depend on it."""
    others = {**OTHERS, "hostedZoneId": zone, "existingRuleSetName": "shared-rules"}
    now = config[f"mail-relay:{key}"]
    value = (not now) if isinstance(now, bool) else others[key]
    changes = {**TOGETHER.get(key, {}), key: value}
    if key == "downloadDomain":
        changes["hostedZoneId"] = zone
    return {**config, **{f"mail-relay:{name}": value for name, value in changes.items()}}
