"""Mail to the secret address is received, over TLS, scanned, and stored; nothing else is."""

from __future__ import annotations

from tests.infra.conftest import Deploy
from tests.infra.program import Deployment

RULE = "aws:ses/receiptRule:ReceiptRule"
RULE_SET = "aws:ses/receiptRuleSet:ReceiptRuleSet"
ACTIVE = "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"


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


def test_the_rule_waits_for_the_policy_that_lets_ses_write(dev: Deployment) -> None:
    policy = dev.named(BUCKET_POLICY, "mail-relay-dev-incoming")
    assert policy.urn in dev.one(RULE).dependencies


def test_the_rule_set_is_made_active_once_its_rule_is_there(dev: Deployment) -> None:
    active = dev.one(ACTIVE)
    assert active.inputs == {"ruleSetName": "mail-relay-dev"}
    assert dev.one(RULE).urn in active.dependencies
    assert dev.exports["receiptRuleSet"] == "mail-relay-dev"


def test_the_rule_set_is_not_made_active_if_so_configured(deploy: Deploy) -> None:
    stack = deploy(activateRuleSet=False)
    assert stack.all(ACTIVE) == ()
    assert len(stack.all(RULE_SET)) == 1


def test_a_rule_set_that_exists_gets_only_our_rule(deploy: Deploy) -> None:
    stack = deploy(existingRuleSetName="shared", activateRuleSet=False)
    assert stack.all(RULE_SET) == ()
    assert stack.all(ACTIVE) == ()
    assert stack.one(RULE).inputs["ruleSetName"] == "shared"
    assert stack.exports["receiptRuleSet"] == "shared"
    policy = stack.named(BUCKET_POLICY, "mail-relay-dev-incoming").inputs["policy"]
    assert ":receipt-rule-set/shared:receipt-rule/mail-relay-dev-incoming" in policy


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
