"""The functions' settings and recipient directory, from the configuration."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from relay_core.policy.directory import Directory
from relay_core.settings import CodesCounted, LinkMode, Settings, VerdictAction
from relay_core.wording.language import Language
from tests.infra.program import changed_config, read_stack


def test_the_functions_settings_come_from_the_configuration() -> None:
    config = read_stack(
        changed_config(
            {
                "configurationSetName": "set-1",
                "recipientMarker": "To-Code",
                "shortMarker": "RX",
                "allowedSenders": ["*.example.com"],
                "directoryRefreshSeconds": 11,
                "maxRecipients": 7,
                "showRecipients": False,
                "linkMode": "presigned",
                "linkExpiryHours": 5,
                "attachmentRetentionDays": 3,
                "submissionConcurrency": 3,
                "dlqMaxReceiveCount": 6,
                "retryDelaySeconds": 9,
                "parkingDelaySeconds": 10,
                "codesCounted": "first",
                "spamAction": "mark",
                "authenticationAction": "deliver",
                "senderMessageLimit": 12,
                "senderWindowSeconds": 13,
                "passHeaderFields": ["X-Device-Id"],
                "recipientBudgetPerHour": 16,
                "noticeLimit": 17,
                "noticeWindowSeconds": 18,
                "inlineImageLimit": 19,
                "inlinePreview": True,
                "maxMessageBytes": 20_000,
                "maxHeaderBytes": 2100,
                "maxHeaderFields": 220,
                "maxEntities": 23,
                "maxNesting": 24,
                "maxBodyBytes": 25_000,
                "maxAttachments": 26,
                "previousRecipientEmails": ["old@in.example.com"],
                "closedLabels": ["boiler7"],
                "documentsUrl": "https://git.example.com/docs",
                "organisation": "Example GmbH",
                "contact": "support@example.org",
                "accentColour": "#AA0022",
                "language": "pl",
                "timeZone": "Europe/Warsaw",
            }
        ),
        stack="prod",
    )
    settings = config.settings()
    # Each field differs from its default, so that each is tested.
    assert [] == [
        one.name for one in fields(settings) if getattr(settings, one.name) == one.default
    ]
    assert settings == Settings(
        stack="prod",
        sender_address="relay@mail.example.com",
        inbound_address="devices-7f3k9@in.example.com",
        allowed_recipients=("example.com", "example.net", "example.org"),
        configuration_set_name="set-1",
        recipient_marker="To-Code",
        short_marker="RX",
        allowed_senders=("*.example.com",),
        directory_refresh=timedelta(seconds=11),
        max_recipients=7,
        show_recipients=False,
        link_mode=LinkMode.PRESIGNED,
        link_expiry=timedelta(hours=5),
        attachment_retention=timedelta(days=3),
        documents_url="https://git.example.com/docs",
        organisation="Example GmbH",
        contact="support@example.org",
        accent_colour="#AA0022",
        language=Language.POLISH,
        time_zone="Europe/Warsaw",
        submission_concurrency=3,
        max_receive_count=6,
        retry_delay=timedelta(seconds=9),
        parking_delay=timedelta(seconds=10),
        codes_counted=CodesCounted.FIRST,
        spam_action=VerdictAction.MARK,
        authentication_action=VerdictAction.DELIVER,
        sender_message_limit=12,
        sender_window=timedelta(seconds=13),
        pass_header_fields=("X-Device-Id",),
        recipient_budget=16,
        notice_limit=17,
        notice_window=timedelta(seconds=18),
        inline_image_limit=19,
        inline_preview=True,
        max_message_bytes=20_000,
        max_header_bytes=2100,
        max_header_fields=220,
        max_entities=23,
        max_nesting=24,
        max_body_bytes=25_000,
        max_attachments=26,
        previous_inbound_addresses=("old@in.example.com",),
        closed_labels=("boiler7",),
    )


def test_the_directory_comes_from_the_configuration() -> None:
    groups = {"ops": ["a@example.com", "@night"], "night": ["b@example.com"]}
    config = read_stack(
        changed_config(
            {"recipientGroups": groups, "defaultRecipients": {"*.plant.example": ["@ops"]}}
        )
    )
    assert config.directory() == Directory(
        groups={"ops": ("a@example.com", "@night"), "night": ("b@example.com",)},
        default_recipients={"*.plant.example": ("@ops",)},
    )
