"""A wrong configuration is reported before anything is deployed, with all errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not among the pinned requirements

from infra.configuration.problems import InvalidConfig
from infra.configuration.reader import CONFIG_KEYS
from relay_core.environment import Problem
from relay_core.settings import LinkMode, VerdictAction
from tests.infra.configuration.wrong_values import WRONG
from tests.infra.conftest import Deploy
from tests.infra.program import PROJECT, ROOT, changed_config, read_stack


def problems(changes: Mapping[str, object], *, stack: str = "dev") -> dict[str, str]:
    """Key → rule of what is wrong with the dev stack's configuration, changed like this."""
    with pytest.raises(InvalidConfig) as raised:
        read_stack(changed_config(changes), stack=stack)
    return {problem.field: problem.rule for problem in raised.value.problems}


def test_the_dev_stack_is_complete() -> None:
    config = read_stack(changed_config({}))
    assert config.sender_email == "relay@mail.example.com"
    assert config.allowed_recipients == ("example.com", "example.net", "example.org")
    assert config.force_destroy


def test_every_key_is_described_in_pulumi_yaml_with_the_same_type_and_default() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))
    assert declared["name"] == PROJECT
    expected = {key.name: (key.kind.pulumi_type, _written(key.default)) for key in CONFIG_KEYS}
    found = {
        name: (schema["type"], schema.get("default"))
        for name, schema in declared["config"].items()
    }
    assert found == {
        name: (type_, None if required else default)
        for (name, (type_, default)), required in zip(
            expected.items(), [key.required for key in CONFIG_KEYS], strict=True
        )
    }
    assert all(schema["description"].strip() for schema in declared["config"].values())
    arrays = [schema for schema in declared["config"].values() if schema["type"] == "array"]
    assert all(schema["items"] == {"type": "string"} for schema in arrays)


def _written(default: object) -> object:
    """A default as in `Pulumi.yaml`: None is the empty text."""
    return "" if default is None else json.loads(json.dumps(default))


def test_the_keys_of_the_contract_are_there() -> None:
    names = {key.name for key in CONFIG_KEYS}
    assert names >= {
        *(
            "senderEmail",
            "recipientEmail",
            "configurationSetName",
            "recipientMarker",
            "shortMarker",
        ),
        *("allowedRecipients", "allowedSenders", "recipientGroups", "maxRecipients"),
        *("showRecipients", "linkMode", "linkExpiryHours", "attachmentRetentionDays"),
        *("incomingRetentionDays", "logRetentionDays", "spamAction", "authenticationAction"),
        "codesCounted",
        *("alarmEmails", "fallbackEmails", "dlqAlarmThreshold", "queueAgeAlarmSeconds"),
        *("trafficAlarmThreshold", "maxConcurrency", "functionMemory", "hostedZoneId"),
        *("activateRuleSet", "existingRuleSetName", "malwareProtection", "createSmtpUser"),
    }


def test_a_stack_that_sets_only_what_is_required_gets_the_defaults() -> None:
    config = read_stack(
        {
            "aws:region": "eu-west-1",
            f"{PROJECT}:senderEmail": "relay@example.com",
            f"{PROJECT}:recipientEmail": "hidden@in.example.com",
            f"{PROJECT}:allowedRecipients": ["example.com"],
        }
    )
    assert config == replace(
        config,
        link_mode=LinkMode.PAGE,
        link_expiry_hours=36,
        spam_action=VerdictAction.REFUSE,
        authentication_action=VerdictAction.REFUSE,
        dlq_alarm_threshold=50,
        queue_age_alarm_seconds=180,
        traffic_alarm_threshold=180,
        force_destroy=False,
        link_key_version=1,
        download_url=None,
        download_domain=None,
        download_max_concurrency=20,
        malware_protection=False,
    )


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_reported_by_key_and_rule(case: str) -> None:
    changes, expected = WRONG[case]
    found = problems(changes)
    assert set(expected) == set(found)
    for key, part in expected.items():
        assert part in found[key]


@pytest.mark.parametrize("stack", ["Dev", "dev_1", "d" * 33, "-dev", "dev-devices"])
def test_a_stack_whose_name_cannot_be_part_of_the_accounts_names_is_refused(stack: str) -> None:
    assert set(problems({}, stack=stack)) == {"stack"}


@pytest.mark.parametrize(
    "changes",
    [
        {"maxConcurrency": 2},
        {"functionMemory": 128, "functionTimeoutSeconds": 900},
        {"linkMode": "presigned", "linkExpiryHours": 168},
        {"linkMode": "page", "linkExpiryHours": 24 * 30, "attachmentRetentionDays": 30},
        {"linkExpiryHours": 24, "attachmentRetentionDays": 1},
        {"linkMode": "page", "malwareProtection": True},
        {"linkMode": "page", "downloadUrl": "https://files-1.example.com:8443"},
        {"linkMode": "page", "downloadUrl": "https://xn--bcher-kva.example"},
        {"downloadDomain": "files-1.xn--bcher-kva.example", "hostedZoneId": "Z123"},
        {"downloadDomain": f"{'f.' * 26}example.com", "hostedZoneId": "Z123"},
        {"linkKeyVersion": 1_000_000, "downloadMaxConcurrency": 0},
        {"existingRuleSetName": "shared", "activateRuleSet": False},
        {"functionTimeoutSeconds": 900, "dlqMaxReceiveCount": 32},
        {"functionTimeoutSeconds": 30, "dlqMaxReceiveCount": 100, "retryDelaySeconds": 900},
        {"parkingDelaySeconds": 900, "submissionConcurrency": 50},
        {"allowedRecipients": ["*.example.com", "a@b.example", "*"]},
        {"existingRuleSetName": "shared"},
        {"hostedZoneId": ""},
        {"hostedZoneId": "Z123", "recipientEmail": "x@in.example.com"},
        {"aws:region": "eu-south-2"},
        {"dmarcPolicy": "reject", "dmarcReportEmails": ["dmarc@example.com"]},
        {"hostedZoneId": "Z0123456789ABCDEFGHIJ"},
        {"createIdentities": False, "recipientEmail": "devices@bounce.mail.example.com"},
        {"permissionsBoundary": "arn:aws:iam::123456789012:policy/team/boundary"},
        {"permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        {"keyDeletionWindowDays": 7},
    ],
)
def test_what_just_keeps_the_rules_is_taken(changes: dict[str, object]) -> None:
    read_stack(changed_config(changes))


def test_all_errors_are_reported_at_once_a_line_each() -> None:
    with pytest.raises(InvalidConfig) as raised:
        read_stack(
            changed_config(
                {
                    "aws:region": "moon-1",
                    "senderEmail": None,
                    "maxRecipients": "many",
                    "linkMode": "presigned",
                    "linkExpiryHours": 400,
                    "functionMemory": 64,
                    "spamActoin": "mark",
                }
            )
        )
    lines = str(raised.value).splitlines()
    expected = (
        "  spamActoin = 'mark': is not a key of this project; did you mean spamAction?",
        "  maxRecipients = 'many': must be a whole number",
        "  senderEmail = (not set): is required",
        "  linkExpiryHours = 400: must be from 1 to 336 hours, for as long as attachmentRetention",
        "  linkExpiryHours = 400: must be at most 168 hours (7 days) with linkMode presigned",
        "  aws:region = 'moon-1': must be the name of a region",
        "  functionMemory = 64: must be from 128 to 10240",
    )
    assert len(lines) == 1 + len(expected)
    assert lines[0] == f"the configuration of the stack cannot be used ({len(expected)} problems):"
    for start in expected:
        assert any(line.startswith(start) for line in lines), start


def test_blanks_around_texts_are_not_of_them() -> None:
    config = read_stack(
        changed_config(
            {
                "senderEmail": " relay@mail.example.com\n",
                "allowedRecipients": [" example.com ", "ops@example.org\t"],
                "recipientGroups": {" crew ": [" ops@example.org"]},
                "alarmEmails": [" ops@example.org "],
                "linkMode": " page ",
            }
        )
    )
    assert config.sender_email == "relay@mail.example.com"
    assert config.allowed_recipients == ("example.com", "ops@example.org")
    assert config.recipient_groups == {"crew": ("ops@example.org",)}
    assert config.alarm_emails == ("ops@example.org",)
    assert config.link_mode is LinkMode.PAGE


def test_an_error_shows_a_choice_as_the_configuration_spells_it() -> None:
    problem = Problem(field="linkMode", value=LinkMode.PAGE, rule="must be another")
    assert "linkMode = 'page': must be another" in str(InvalidConfig("mail-relay", (problem,)))


def test_a_wrong_configuration_stops_the_program_before_any_resource(deploy: Deploy) -> None:
    with pytest.raises(InvalidConfig, match="maxConcurrency = 1"):
        deploy(maxConcurrency=1)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"linkExpiryHours": 12}, []),
        ({"linkExpiryHours": 1, "fallbackEmails": []}, ["output fallbackTopicArn"]),
        ({"linkExpiryHours": 1, "alarmEmails": []}, ["output alarmsTopicArn"]),
        (
            {"linkExpiryHours": 1, "alarmEmails": [], "fallbackEmails": [], "eventBus": "b"},
            ["fallbackEmails is empty: only webhooks", "alarmEmails is empty: only webhooks"],
        ),
        ({"linkExpiryHours": 12, "allowedRecipients": ["*"]}, ['allowedRecipients contains "*"']),
        ({"linkMode": "presigned", "linkExpiryHours": 13}, ["presigned links end"]),
        ({"linkMode": "page", "linkExpiryHours": 13}, []),
        (
            {
                "linkExpiryHours": 1,
                "senderEmail": "plant@GMail.com",
                "recipientEmail": "x@in.example.com",
            },
            ["senderEmail is at gmail.com, a public mail provider"],
        ),
        (
            {"linkExpiryHours": 1, "incomingRetentionDays": 13},
            ["redriven after its mail was deleted fails"],
        ),
        ({"linkExpiryHours": 1, "dlqMaxReceiveCount": 4}, ["AWS advises 5 or more"]),
        ({"linkExpiryHours": 1, "maxConcurrency": 50, "submissionConcurrency": 10}, []),
        # The retention of attachments does not end the record of the address's use.
        (
            {
                "linkExpiryHours": 1,
                "attachmentRetentionDays": 1,
                "previousRecipientEmails": ["old@in.example.com"],
            },
            [],
        ),
        (
            {"linkExpiryHours": 1, "maxConcurrency": 167, "submissionConcurrency": 3},
            ["501 submissions at once"],
        ),
    ],
)
def test_what_is_allowed_but_risky_is_warned_about(
    deploy: Deploy, changes: dict[str, Any], parts: list[str]
) -> None:
    warnings = deploy(**changes).warnings
    for part, warning in zip(parts, warnings, strict=True):
        assert part in warning
