"""The two buckets: private, TLS only, encrypted, with expiry."""

from __future__ import annotations

import pytest

from infra.configuration.problems import InvalidConfig
from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment

BUCKETS = ("mail-relay-dev-incoming", "mail-relay-dev-attachments")
S3 = "aws:s3/"


def test_there_are_an_incoming_and_an_attachments_bucket(dev: Deployment) -> None:
    found = {bucket.name for bucket in dev.all("aws:s3/bucket:Bucket")}
    assert set(BUCKETS) == found


@pytest.mark.parametrize("name", BUCKETS)
class TestEveryBucket:
    def test_denies_everything_without_tls(self, dev: Deployment, name: str) -> None:
        policy = dev.named(f"{S3}bucketPolicy:BucketPolicy", name).document("policy")
        assert {
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        } in policy["Statement"]

    def test_is_encrypted(self, dev: Deployment, name: str) -> None:
        type_ = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        (rule,) = dev.named(f"{S3}{type_}", name).inputs["rules"]
        assert rule == {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}

    def test_is_closed_to_the_public(self, dev: Deployment, name: str) -> None:
        block = dev.named(f"{S3}bucketPublicAccessBlock:BucketPublicAccessBlock", name)
        assert block.inputs == {
            "bucket": name,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        }

    def test_has_no_access_lists(self, dev: Deployment, name: str) -> None:
        controls = dev.named(f"{S3}bucketOwnershipControls:BucketOwnershipControls", name)
        assert controls.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}

    def test_drops_what_an_interrupted_upload_left(self, dev: Deployment, name: str) -> None:
        type_ = "bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        rules = dev.named(f"{S3}{type_}", name).inputs["rules"]
        (aborting,) = (rule for rule in rules if "abortIncompleteMultipartUpload" in rule)
        assert aborting["status"] == "Enabled"
        assert aborting["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}

    def test_gets_its_policy_after_the_public_access_block(
        self, dev: Deployment, name: str
    ) -> None:
        block = dev.named(f"{S3}bucketPublicAccessBlock:BucketPublicAccessBlock", name)
        policy = dev.named(f"{S3}bucketPolicy:BucketPolicy", name)
        assert block.urn in policy.dependencies


def test_mail_and_attachments_expire_when_configured(deploy: Deploy) -> None:
    stack = deploy(incomingRetentionDays=21, attachmentRetentionDays=9)
    type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    expiring = {
        name: next(r for r in stack.named(type_, name).inputs["rules"] if "expiration" in r)
        for name in BUCKETS
    }
    incoming, attachments = (expiring[name] for name in BUCKETS)
    assert (incoming["status"], attachments["status"]) == ("Enabled", "Enabled")
    assert (incoming["filter"], incoming["expiration"]) == ({"prefix": "incoming/"}, {"days": 21})
    assert (attachments["filter"], attachments["expiration"]) == ({"prefix": ""}, {"days": 9})


@pytest.mark.parametrize(
    "prefix", ["attachments/", "manifests/", "windows/", "links/", "downloads/", "archives/"]
)
def test_whatever_is_kept_about_a_mail_ends_with_its_attachments(
    dev: Deployment, prefix: str
) -> None:
    type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    ending = [
        rule["expiration"]
        for rule in dev.named(type_, BUCKETS[1]).inputs["rules"]
        if "expiration" in rule and prefix.startswith(rule["filter"]["prefix"])
    ]
    assert ending == [{"days": 14}]


def test_a_link_does_not_outlive_what_it_leads_to(deploy: Deploy) -> None:
    deploy(linkMode="page", linkExpiryHours=48, attachmentRetentionDays=2)
    with pytest.raises(InvalidConfig, match=r"from 1 to 48 hours.*attachmentRetentionDays \(2\)"):
        deploy(linkMode="page", linkExpiryHours=49, attachmentRetentionDays=2)


def test_only_ses_may_put_mail_and_only_for_our_rule(dev: Deployment) -> None:
    policy = dev.named("aws:s3/bucketPolicy:BucketPolicy", BUCKETS[0]).document("policy")
    allowed = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    rule = "receipt-rule-set/*:receipt-rule/mail-relay-dev-incoming"
    assert allowed == [
        {
            "Sid": "PutByService",
            "Effect": "Allow",
            "Principal": {"Service": "ses.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{BUCKETS[0]}/incoming/*"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:ses:eu-central-1:{ACCOUNT}:{rule}"},
            },
        }
    ]


def test_the_policy_of_the_attachments_bucket_allows_no_access(dev: Deployment) -> None:
    policy = dev.named("aws:s3/bucketPolicy:BucketPolicy", BUCKETS[1]).document("policy")
    assert [one["Effect"] for one in policy["Statement"]] == ["Deny"]


@pytest.mark.parametrize("force", [True, False])
def test_buckets_are_destroyed_with_their_content_only_if_configured(
    deploy: Deploy, *, force: bool
) -> None:
    found = {
        one.inputs["forceDestroy"] for one in deploy(forceDestroy=force).all(f"{S3}bucket:Bucket")
    }
    assert found == {force}


def test_what_a_refresh_reads_into_a_bucket_is_not_taken_away_again(dev: Deployment) -> None:
    for bucket in dev.all(f"{S3}bucket:Bucket"):
        assert bucket.ignored_changes >= {
            *("lifecycleRules", "serverSideEncryptionConfiguration", "policy", "versioning")
        }
