"""Mail to the secret address is received, over TLS, scanned, and stored; nothing else is."""

from __future__ import annotations

import pytest

from infra.inbound import AnotherRuleSetIsActive
from tests.infra.conftest import Deploy
from tests.infra.program import Deployment, changed_config, run_program

RULE = "aws:ses/receiptRule:ReceiptRule"
RULE_SET = "aws:ses/receiptRuleSet:ReceiptRuleSet"
ACTIVE = "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet"
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


def test_a_move_to_another_rule_set_leaves_the_buckets_policy_as_it_is(
    dev: Deployment, deploy: Deploy
) -> None:
    # It would change before the rule does, and SES could not store for the rule that is there.
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


# --- Whose rule set is active -------------------------------------------------------------------


def deploy_beside(active: str | None, *, preview: bool = False, **changes: object) -> Deployment:
    """The dev stack, in an account in which this rule set is active."""
    config = changed_config({"linkMode": "page", **changes})
    return run_program(config, active_rule_set=active, first_preview=preview)


@pytest.mark.parametrize("preview", [True, False])
def test_the_place_of_another_rule_set_is_not_taken_and_the_ways_out_are_told(
    *, preview: bool
) -> None:
    with pytest.raises(AnotherRuleSetIsActive) as raised:
        deploy_beside("theirs", preview=preview)
    text = str(raised.value)
    assert "the receipt rule set theirs is active" in text
    assert "set existingRuleSetName to theirs and activateRuleSet to false" in text
    assert "set replaceActiveRuleSet to true" in text


def test_both_ways_out_are_ways_out() -> None:
    beside = deploy_beside("theirs", existingRuleSetName="theirs", activateRuleSet=False)
    assert (beside.all(RULE_SET), beside.all(ACTIVE), beside.warnings) == ((), (), ())
    instead = deploy_beside("theirs", replaceActiveRuleSet=True)
    assert instead.one(ACTIVE).inputs == {"ruleSetName": "mail-relay-dev"}


@pytest.mark.parametrize("active", [None, "mail-relay-dev"])
def test_none_and_our_own_are_in_nobodys_way(active: str | None) -> None:
    assert deploy_beside(active).one(ACTIVE).inputs == {"ruleSetName": "mail-relay-dev"}


def test_a_set_that_is_not_to_be_made_active_is_in_nobodys_way() -> None:
    assert deploy_beside("theirs", activateRuleSet=False).all(ACTIVE) == ()


@pytest.mark.parametrize(("active", "told"), [(None, "no receipt rule set"), ("other", "other")])
def test_a_rule_in_a_set_that_is_not_active_is_warned_about(active: str | None, told: str) -> None:
    stack = deploy_beside(active, existingRuleSetName="shared", activateRuleSet=False)
    (warning,) = stack.warnings
    assert warning.startswith("existingRuleSetName is shared")
    assert f"region is {told}: until shared is made active, no mail comes in" in warning


def test_what_aws_does_not_answer_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> tuple[dict[str, object], list[tuple[str, str]]]:
        return {}, [("", "reading SES Active Receipt Rule Set: AccessDenied")]

    monkeypatch.setattr("tests.infra.program._Aws.call", denied)
    with pytest.raises(Exception, match="AccessDenied"):
        deploy_beside(None)
