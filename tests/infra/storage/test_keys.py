"""A key of the stack's own: who may use it, for what, and that everything is encrypted by it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

import pytest

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

KEY, ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/id-of-mail-relay-dev-key"
USE = ["kms:Decrypt", "kms:GenerateDataKey"]


def test_there_is_none_unless_asked_for(dev: Deployment) -> None:
    assert (dev.all(KEY), dev.all(ALIAS)) == ((), ())
    assert "kms:" not in str([one.inputs for one in dev.all(ROLE_POLICY)])


def test_it_is_renewed_and_can_be_brought_back(deploy: Deploy) -> None:
    stack = deploy(customerManagedKey=True, keyDeletionWindowDays=9)
    key = stack.one(KEY)
    assert (key.inputs["enableKeyRotation"], key.inputs["deletionWindowInDays"]) == (True, 9)
    assert stack.one(ALIAS).inputs == {
        "name": "alias/mail-relay-dev",
        "targetKeyId": "id-of-mail-relay-dev-key",
    }


def test_buckets_queues_and_topics_are_all_under_it(hardened: Deployment) -> None:
    for bucket in hardened.all(BUCKET_ENCRYPTION):
        assert bucket.inputs["rules"] == [
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": ARN,
                },
                "bucketKeyEnabled": True,
            }
        ]
    for queue in hardened.all("aws:sqs/queue:Queue"):
        assert queue.inputs["kmsMasterKeyId"] == ARN
        assert "sqsManagedSseEnabled" not in queue.inputs
    for topic in hardened.all("aws:sns/topic:Topic"):
        assert topic.inputs["kmsMasterKeyId"] == ARN


def test_the_receipt_rule_itself_encrypts_nothing(hardened: Deployment) -> None:
    # With a key on its action, SES would encrypt in a way that only its client library reads.
    (action,) = hardened.one("aws:ses/receiptRule:ReceiptRule").inputs["s3Actions"]
    assert "kmsKeyArn" not in action


def test_services_that_write_for_us_may_use_it_for_this_account(hardened: Deployment) -> None:
    policy = hardened.one(KEY).document("policy")
    services = {
        statement["Principal"]["Service"]: statement
        for statement in policy["Statement"]
        if "Service" in statement["Principal"]
    }
    # CloudWatch and SES publish to topics, SES stores in a bucket, S3 and SNS send to a queue.
    assert set(services) == {
        "cloudwatch.amazonaws.com",
        "ses.amazonaws.com",
        "s3.amazonaws.com",
        "sns.amazonaws.com",
    }
    for statement in services.values():
        assert statement["Action"] == USE
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def key_use(stack: Deployment) -> dict[str, Mapping[str, Any]]:
    """Name of a role's policy → the statement that lets it use a key."""
    return {
        policy.name: statement
        for policy in stack.all(ROLE_POLICY)
        for statement in policy.document("policy")["Statement"]
        if any(action.startswith("kms:") for action in statement["Action"])
    }


def test_the_roles_that_work_on_what_it_encrypts_may_use_it_by_those_services_only(
    hardened: Deployment,
) -> None:
    expected = {
        "mail-relay-dev-function": ["s3", "sqs", "sns"],
        "mail-relay-dev-download": ["s3"],
        "mail-relay-dev-scan": ["s3"],
    }
    found = key_use(hardened)
    assert set(found) == set(expected)
    for name, services in expected.items():
        assert found[name]["Action"] == USE
        assert found[name]["Resource"] == [ARN]
        assert found[name]["Condition"] == {
            "StringEquals": {
                "kms:ViaService": [f"{service}.eu-central-1.amazonaws.com" for service in services]
            }
        }


@pytest.mark.parametrize("wanted", [True, False])
def test_a_queue_is_encrypted_in_one_way_and_never_in_none(
    deploy: Deploy, *, wanted: bool
) -> None:
    for queue in deploy(customerManagedKey=wanted).all("aws:sqs/queue:Queue"):
        assert ("kmsMasterKeyId" in queue.inputs) is wanted
        assert ("sqsManagedSseEnabled" in queue.inputs) is not wanted


def test_the_key_lets_its_stacks_roles_in_before_their_policies_do(deploy: Deploy) -> None:
    stack = deploy(customerManagedKey=True, malwareProtection=True, eventBus="default")
    # Queues and buckets get the key first: their names are in the roles' policies.
    (statement,) = (
        one
        for one in stack.one(KEY).document("policy")["Statement"]
        if one["Sid"] == "OwnRolesByServices"
    )
    assert (statement["Principal"], statement["Action"]) == ({"AWS": "*"}, USE)
    condition = statement["Condition"]
    assert condition["StringEquals"]["kms:CallerAccount"] == ACCOUNT
    patterns = condition["ArnLike"]["aws:PrincipalArn"]
    asked_by = set(condition["StringEquals"]["kms:ViaService"])
    assert "mail-relay-dev-posting" in key_use(stack)
    for name, use in key_use(stack).items():
        role = f"arn:aws:iam::{ACCOUNT}:role/{name}-1234567"
        assert any(fnmatch(role, pattern) for pattern in patterns)
        assert set(use["Condition"]["StringEquals"]["kms:ViaService"]) <= asked_by


@pytest.mark.parametrize("other", ["dev-two", "dev-function", "dev-scan-function"])
def test_the_key_lets_no_role_in_of_a_stack_whose_name_begins_alike(
    hardened: Deployment, other: str
) -> None:
    (statement,) = (
        one
        for one in hardened.one(KEY).document("policy")["Statement"]
        if one["Sid"] == "OwnRolesByServices"
    )
    patterns = statement["Condition"]["ArnLike"]["aws:PrincipalArn"]
    for end in ("function", "download", "scan", "posting"):
        role = f"arn:aws:iam::{ACCOUNT}:role/mail-relay-{other}-{end}-1234567"
        assert not any(fnmatch(role, pattern) for pattern in patterns)
