"""The policies for deployers cover every resource type and every data source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.infra.program import ROOT, Deployment

POLICIES: Mapping[str, Mapping[str, Any]] = {
    name: json.loads((ROOT / "docs" / f"{name}.json").read_text("utf-8"))
    for name in ("deployer-policy", "deployer-policy-domain")
}
STATEMENTS = [one for policy in POLICIES.values() for one in policy["Statement"]]

NEEDED: Mapping[str, tuple[str, ...]] = {
    # Type → the provider's calls to create and to delete it (terraform-provider-aws).
    "aws:s3/bucket:Bucket": (
        *("s3:CreateBucket", "s3:DeleteBucket", "s3:GetBucketTagging"),
        *("s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"),  # forceDestroy
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3:PutEncryptionConfiguration",
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3:PutLifecycleConfiguration",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3:PutBucketPolicy", "s3:DeleteBucketPolicy"),
    "aws:s3/bucketNotification:BucketNotification": ("s3:PutBucketNotification",),
    "aws:sqs/queue:Queue": ("sqs:CreateQueue", "sqs:DeleteQueue"),
    "aws:sqs/queuePolicy:QueuePolicy": ("sqs:SetQueueAttributes",),
    "aws:sns/topic:Topic": ("sns:CreateTopic", "sns:DeleteTopic"),
    "aws:sns/topicPolicy:TopicPolicy": ("sns:SetTopicAttributes",),
    "aws:sns/topicSubscription:TopicSubscription": ("sns:Subscribe", "sns:Unsubscribe"),
    "aws:ssm/parameter:Parameter": ("ssm:PutParameter", "ssm:DeleteParameter"),
    "aws:lambda/function:Function": ("lambda:CreateFunction", "iam:PassRole"),
    "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": (
        "lambda:PutFunctionRecursionConfig",
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("lambda:CreateEventSourceMapping",),
    "aws:lambda/functionUrl:FunctionUrl": ("lambda:CreateFunctionUrlConfig",),
    "aws:lambda/permission:Permission": ("lambda:AddPermission", "lambda:RemovePermission"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch:PutMetricAlarm",),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch:PutDashboard",),
    "aws:cloudwatch/eventRule:EventRule": ("events:PutRule", "events:DeleteRule"),
    "aws:cloudwatch/eventTarget:EventTarget": ("events:PutTargets", "events:RemoveTargets"),
    "aws:iam/role:Role": ("iam:CreateRole", "iam:DeleteRole"),
    "aws:iam/rolePolicy:RolePolicy": ("iam:PutRolePolicy", "iam:DeleteRolePolicy"),
    "aws:iam/user:User": (
        *("iam:CreateUser", "iam:DeleteUser", "iam:ListGroupsForUser"),
        # What `force_destroy` looks for (internal/service/iam/user.go).
        *("iam:ListUserPolicies", "iam:ListAttachedUserPolicies", "iam:ListAccessKeys"),
        *("iam:ListSSHPublicKeys", "iam:ListVirtualMFADevices", "iam:ListMFADevices"),
        *("iam:DeleteLoginProfile", "iam:ListSigningCertificates"),
        "iam:ListServiceSpecificCredentials",
    ),
    "aws:iam/userPolicy:UserPolicy": ("iam:PutUserPolicy", "iam:DeleteUserPolicy"),
    "aws:iam/accessKey:AccessKey": ("iam:CreateAccessKey", "iam:DeleteAccessKey"),
    "aws:ses/receiptRuleSet:ReceiptRuleSet": ("ses:CreateReceiptRuleSet",),
    "aws:ses/receiptRule:ReceiptRule": ("ses:CreateReceiptRule", "ses:DeleteReceiptRule"),
    "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet": ("ses:SetActiveReceiptRuleSet",),
    "pulumi-python:dynamic/ses:Activation": (
        *("ses:SetActiveReceiptRuleSet", "ses:DescribeActiveReceiptRuleSet"),
        "sts:GetCallerIdentity",
    ),
    "aws:sesv2/emailIdentity:EmailIdentity": ("ses:CreateEmailIdentity",),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": (
        "ses:PutEmailIdentityFeedbackAttributes",
    ),
    "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": (
        "ses:PutEmailIdentityMailFromAttributes",
    ),
    "aws:sesv2/configurationSet:ConfigurationSet": (
        *("ses:CreateConfigurationSet", "ses:PutConfigurationSetSuppressionOptions"),
    ),
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": (
        "ses:CreateConfigurationSetEventDestination",
    ),
    "aws:route53/record:Record": ("route53:ChangeResourceRecordSets", "route53:GetChange"),
    "aws:acm/certificate:Certificate": (
        *("acm:RequestCertificate", "acm:DescribeCertificate", "acm:DeleteCertificate"),
        "acm:ListTagsForCertificate",
    ),
    "aws:acm/certificateValidation:CertificateValidation": ("acm:DescribeCertificate",),
    # API Gateway's actions are HTTP methods, and its resources are the paths of its API.
    "aws:apigatewayv2/api:Api": ("apigateway:POST", "apigateway:GET", "apigateway:DELETE"),
    "aws:apigatewayv2/integration:Integration": ("apigateway:POST", "apigateway:PATCH"),
    "aws:apigatewayv2/route:Route": ("apigateway:POST", "apigateway:PATCH"),
    "aws:apigatewayv2/stage:Stage": ("apigateway:POST", "apigateway:PATCH"),
    "aws:apigatewayv2/domainName:DomainName": (
        *("apigateway:POST", "apigateway:PATCH", "iam:CreateServiceLinkedRole"),
    ),
    "aws:apigatewayv2/apiMapping:ApiMapping": ("apigateway:POST", "apigateway:DELETE"),
    "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan": (
        "guardduty:CreateMalwareProtectionPlan",
    ),
    "aws:kms/key:Key": ("kms:CreateKey", "kms:ScheduleKeyDeletion", "kms:EnableKeyRotation"),
    "aws:kms/alias:Alias": ("kms:CreateAlias", "kms:DeleteAlias"),
}
ASKED = (
    *("ses:DescribeActiveReceiptRuleSet", "ses:GetEmailIdentity", "ssm:GetParameter"),
    "ssm:GetParametersByPath",
    *("ses:GetConfigurationSet", "ses:ListTagsForResource"),
    *("servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"),
    *("route53:GetHostedZone", "route53:ListResourceRecordSets"),
)
WITHOUT_RESOURCE = (
    # Actions without resource types (AWS service authorization reference).
    *("iam:ListVirtualMFADevices", "ssm:DescribeParameters", "sts:GetCallerIdentity"),
    *("servicequotas:GetAWSDefaultServiceQuota", "logs:DescribeLogGroups"),
    "acm:RequestCertificate",
)
OWN_TYPES = re.compile(r"mail-relay:|pulumi:|random:")


def allowed() -> Iterator[str]:
    for statement in STATEMENTS:
        assert statement["Effect"] == "Allow"
        yield from statement["Action"]


def test_every_type_of_resource_can_be_made_and_deleted(every: Deployment) -> None:
    types = {one.type for one in every.resources if not OWN_TYPES.match(one.type)}
    assert types <= NEEDED.keys()
    patterns = [*allowed()]
    for action in (*ASKED, *(one for type_ in types for one in NEEDED[type_])):
        assert any(fnmatchcase(action, pattern) for pattern in patterns), action


@pytest.mark.parametrize("action", WITHOUT_RESOURCE)
def test_what_iam_holds_to_no_resource_is_allowed_on_all(action: str) -> None:
    assert any(
        action in statement["Action"] for statement in STATEMENTS if statement["Resource"] == "*"
    )


@pytest.mark.parametrize("name", POLICIES)
def test_each_is_short_enough_for_a_managed_policy(name: str) -> None:
    # IAM guide, "IAM and AWS STS quotas": characters, without white space
    assert len("".join(json.dumps(POLICIES[name]).split())) <= 6144


def test_it_gives_no_whole_service_away() -> None:
    assert not [action for action in allowed() if action.endswith(":*") or action == "*"]


def test_what_it_names_is_named_by_this_project(every: Deployment) -> None:
    # Pulumi appends random characters to logical names.
    for type_, kind in (
        ("aws:s3/bucket:Bucket", "arn:aws:s3:::"),
        ("aws:sqs/queue:Queue", "arn:aws:sqs:*:*:"),
        ("aws:iam/role:Role", "arn:aws:iam::*:role/"),
        ("aws:iam/user:User", "arn:aws:iam::*:user/"),
        ("aws:lambda/function:Function", "arn:aws:lambda:*:*:function:"),
    ):
        (pattern,) = (
            resource.removeprefix(kind)
            for statement in STATEMENTS
            for resource in statement["Resource"]
            if resource.startswith(kind) and kind != resource
        )
        for one in every.all(type_):
            assert fnmatchcase(one.name, pattern)
