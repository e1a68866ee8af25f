"""Laws that hold for every configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment, Registered, changed_config, run_program

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"

# Keys that decide which resources exist; each value is combined with every other.
PARTS: Mapping[str, st.SearchStrategy[Mapping[str, Any]]] = {
    "links": st.sampled_from(
        [
            {"linkMode": "presigned", "linkExpiryHours": 12},
            {"linkMode": "page"},
            {"linkMode": "page", "malwareProtection": True},
            {"linkMode": "page", "linkKeyVersion": 3, "downloadUrl": "https://files.example.com"},
            {"linkMode": "page", "downloadMaxConcurrency": 0},
            {"linkMode": "page", "linkRenewal": True},
            {"linkMode": "page", "downloadDomain": "files.example.com", "hostedZoneId": "Z123"},
        ]
    ),
    "domains": st.sampled_from(
        [
            {},
            {"createIdentities": False},
            {"hostedZoneId": "Z123"},
            {"hostedZoneId": "Z123", "recipientEmail": "devices@mail.example.com"},
            {"hostedZoneId": "Z123", "recipientEmail": "devices@in.plant.example"},
        ]
    ),
    "receiving": st.sampled_from(
        [
            {},
            {"activateRuleSet": False},
            {"replaceActiveRuleSet": True},
            {"existingRuleSetName": "shared", "activateRuleSet": False},
        ]
    ),
    "sending": st.sampled_from(
        [{}, {"configurationSetName": "theirs"}, {"requireOutboundTls": True}]
    ),
    "devices": st.sampled_from(
        [
            {},
            {"createSmtpUser": False},
            {"smtpCredentialsVersion": 2},
            {"smtpUsers": ["hall-3", "gate:2"]},
            {"alarmEmails": []},
        ]
    ),
    "safeguards": st.sampled_from(
        [
            {},
            {"customerManagedKey": True},
            {"protect": True, "forceDestroy": False},
            {"permissionsBoundary": BOUNDARY, "customerManagedKey": True},
        ]
    ),
}
CONFIGURATIONS = st.tuples(*PARTS.values()).map(
    lambda parts: {key: value for part in parts for key, value in part.items()}
)

OF_A_DOMAIN = {
    # Named by a domain and not by the stack: each domain belongs to one stack.
    "aws:sesv2/emailIdentity:EmailIdentity",
    "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes",
    "aws:route53/record:Record",
    "aws:acm/certificate:Certificate",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:apigatewayv2/domainName:DomainName",
}
NAMES = ("name", "bucket", "ruleSetName", "dashboardName", "configurationSetName", "statementId")
OF_ANOTHER = {
    # Parts of another resource, with a name that is only unique there: a rule in a rule set, a
    # statement in the policy of a function.
    ("aws:ses/receiptRule:ReceiptRule", "ruleSetName"),
    ("aws:lambda/permission:Permission", "statementId"),
    ("aws:apigatewayv2/stage:Stage", "name"),
}


def physical_names(stack: Deployment) -> set[tuple[str, str]]:
    """Type and name of a stack's resources; Pulumi appends random characters to logical names."""
    return {
        (one.type, str(one.inputs.get(key, one.name)))
        for one in stack.resources
        if one.custom and one.type not in OF_A_DOMAIN
        for key in NAMES
        if (one.type, key) not in OF_ANOTHER
    }


def written(stack: Deployment) -> dict[str, str]:
    """The inputs by URN, each as one text."""
    return {
        one.urn: json.dumps(one.inputs, default=lambda archive: archive.path)
        for one in stack.resources
    }


# One test for three laws: running the program is what takes time.
@settings(max_examples=8)
@given(CONFIGURATIONS)
def test_a_configuration_obeys_the_laws(changes: Mapping[str, Any]) -> None:
    config = changed_config(changes)
    one, again, other = (run_program(config, stack=stack) for stack in ("one", "one", "other"))
    check_two_stacks_live_side_by_side(one, other)
    check_a_second_preview_is_the_first_one_to_the_byte(one, again)
    check_what_aws_would_refuse_before_something_else_waits_for_it(one)


def check_two_stacks_live_side_by_side(one: Deployment, other: Deployment) -> None:
    assert physical_names(one) & physical_names(other) == set()


def check_a_second_preview_is_the_first_one_to_the_byte(
    first: Deployment, second: Deployment
) -> None:
    assert written(first) == written(second)


def check_what_aws_would_refuse_before_something_else_waits_for_it(stack: Deployment) -> None:
    def policy(kind: str, ends: str) -> Registered:
        (found,) = (one for one in stack.all(f"aws:{kind}") if one.name.endswith(ends))
        return found

    incoming = policy("s3/bucketPolicy:BucketPolicy", "-incoming")
    (rule,) = stack.all("aws:ses/receiptRule:ReceiptRule")
    assert incoming.urn in rule.dependencies
    for active in stack.all("aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet"):
        assert rule.urn in active.dependencies
    queue = policy("sqs/queuePolicy:QueuePolicy", "-incoming")
    (notification,) = stack.all("aws:s3/bucketNotification:BucketNotification")
    assert queue.urn in notification.dependencies
    topic = policy("sns/topicPolicy:TopicPolicy", "-alarms")
    for destination in stack.all(
        "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination"
    ):
        if "snsDestination" in destination.inputs["eventDestination"]:
            assert topic.urn in destination.dependencies
    functions = stack.all("aws:lambda/function:Function")
    assert functions
    for function in functions:
        for type_ in ("aws:cloudwatch/logGroup:LogGroup", "aws:iam/rolePolicy:RolePolicy"):
            assert stack.named(type_, function.name).urn in function.dependencies
