"""Mail to the secret address is received, over TLS, scanned, and stored; nothing else is."""

from __future__ import annotations

import pytest

from tests.infra.conftest import Deploy
from tests.infra.program import Deployment

RULE = "aws:ses/receiptRule:ReceiptRule"
RULE_SET = "aws:ses/receiptRuleSet:ReceiptRuleSet"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
EVENT_SOURCE = "aws:lambda/eventSourceMapping:EventSourceMapping"


def test_the_rule_stores_the_secret_addresss_mail_scanned_and_over_tls(dev: Deployment) -> None:
    assert dev.one(RULE).inputs == {
        "name": "mail-relay-dev-incoming",
        "ruleSetName": "mail-relay-dev",
        "enabled": True,
        "recipients": ["devices-7f3k9@in.example.com"],
        "scanEnabled": True,
        "tlsPolicy": "Require",
        "s3Actions": [
            {
                "bucketName": "mail-relay-dev-incoming",
                "objectKeyPrefix": "incoming/",
                "position": 1,
            }
        ],
    }


def test_the_rule_takes_previous_addresses_too_and_all_are_secrets(deploy: Deploy) -> None:
    addresses = ["old@in.example.com", "older@plant.example"]
    stack = deploy(previousRecipientEmails=addresses)
    rule = stack.one(RULE)
    assert ["devices-7f3k9@in.example.com", *addresses] == rule.inputs["recipients"]
    assert "recipients" in rule.secret_inputs
    assert "environment" in stack.one("aws:lambda/function:Function", "function").secret_inputs
    assert addresses == stack.exports["previousInboundAddresses"]


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (BUCKET_POLICY, "mail-relay-dev-incoming"),
        (ENCRYPTION, "mail-relay-dev-incoming"),
        (NOTIFICATION, "mail-relay-dev-incoming"),
        (EVENT_SOURCE, "mail-relay-dev-function"),
    ],
)
def test_no_mail_is_taken_before_it_can_be_stored_encrypted_announced_and_relayed(
    every: Deployment, type_: str, name: str
) -> None:
    assert every.named(type_, name).urn in every.one(RULE).dependencies


def test_a_rule_set_that_exists_gets_only_our_rule(deploy: Deploy) -> None:
    stack = deploy(existingRuleSetName="shared", activateRuleSet=False)
    assert stack.all(RULE_SET) == ()
    assert stack.one(RULE).inputs["ruleSetName"] == "shared"
    assert stack.exports["receiptRuleSet"] == "shared"


def test_a_move_takes_no_rule_away_before_its_successor_takes_mail(dev: Deployment) -> None:
    # Without this option, the provider deletes a resource with a fixed name before it is replaced.
    assert dev.one("aws:ses/receiptRule:ReceiptRule").delete_before_replace is False


def test_a_move_to_another_rule_set_leaves_the_buckets_policy_as_it_is(
    dev: Deployment, deploy: Deploy
) -> None:
    # The policy changes before the rule: SES could not store mail for the old rule.
    moved = deploy(existingRuleSetName="shared", activateRuleSet=False)
    before, after = (
        stack.named(BUCKET_POLICY, "mail-relay-dev-incoming").inputs for stack in (dev, moved)
    )
    assert before == after


def test_the_secret_address_is_kept_out_of_sight(dev: Deployment) -> None:
    address = "devices-7f3k9@in.example.com"
    shown = [
        (resource.type, key)
        for resource in dev.resources
        for key, value in resource.inputs.items()
        if address in str(value) and key not in resource.secret_inputs
    ]
    assert shown == []
    assert "inboundAddress" in dev.secret_exports
