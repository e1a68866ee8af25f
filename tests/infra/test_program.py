"""The program as a whole: its exports, and the rules for every resource."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import ROOT, Deployment, Registered, changed_config, run_program

EXPORTS = {
    *("incomingBucket", "attachmentsBucket", "queueUrl", "deadLetterQueueUrl"),
    *("fallbackTopicArn", "alarmsTopicArn", "functionName", "logGroup", "inboundAddress"),
    *("senderAddress", "smtpEndpoint", "downloadUrl", "dnsRecords", "receiptRuleSet"),
    *("dashboardUrl", "downloadFunctionUrl", "downloadFunctionName", "downloadLogGroup"),
    "dnsZoneFile",
}

WILDCARDS: Mapping[str, str] = {
    # Sid of an allowing statement → why its resources contain "*"
    "PutByService": "SES names the objects itself, under one prefix; the rule may move to another"
    " rule set",
    "ReadIncomingMail": "SES names the objects itself, under one prefix",
    "KeepAttachments": "keys are made of mails' ids, under one prefix",
    "KeepRecords": "keys are made of mails' ids and senders, under a prefix each",
    "KeepRecordsWithoutEnd": "two prefixes beside the raw mail's, with one object each",
    "SendAsTheSender": "SES also asks for the recipients' identities in its sandbox; the sender"
    " is fixed by ses:FromAddress",
    "SendToRelay": "which identity SES knows a device by, and which set is its default, differs by"
    " account; the recipient is fixed by ses:Recipients",
    "WriteLogs": "Lambda names the streams of the function's own log group",
}
WILDCARDS_OF_PAGE: Mapping[str, str] = {
    "FindMessages": "keys are made of mails' ids, under a prefix each",
    "HandOutAttachments": "keys are made of mails' ids, under one prefix",
    "KeepArchives": "keys are made of mails' ids, under one prefix",
    "RecordDownloads": "keys are made of mails' ids and the time, under one prefix",
}
WILDCARDS_OF_RENEWAL: Mapping[str, str] = {
    "RecordRenewals": "keys are made of mails' ids, under one prefix",
    "SendNewLinks": "as SendAsTheSender",
}
WILDCARDS_OF_SCAN: Mapping[str, str] = {
    "SeeScans": "keys are made of mails' ids, under one prefix",
    "ScanObjects": "keys are made of mails' ids, under one prefix",
    "TagScannedObjects": "keys are made of mails' ids, under one prefix",
    "ManageItsEventRule": "GuardDuty ends the rule's name itself",
    "WatchItsEventRule": "GuardDuty ends the rule's name itself",
}
WILDCARDS_OF_KEY: Mapping[str, str] = dict.fromkeys(
    (
        *("AccountMayGrantByIam", "AlarmsOfCloudWatch", "MailAndEventsOfSes"),
        *("EventsOfSns", "NotificationsOfS3", "OwnRolesByServices"),
    ),
    'in the policy of a key, "*" is that key, whose ARN is not known before it',
)
WILDCARD_ACTIONS: Mapping[str, str] = {
    # Sid of an allowing statement → why its actions contain "*"
    "AccountMayGrantByIam": "a key without it answers to nobody: IAM's policies count because of"
    " it, and those that stand here name their actions",
}
PRINCIPALS: Mapping[str, str] = {
    # Sid of an allowing statement → why its principal is no service of AWS
    "AccountMayGrantByIam": "the account itself, through its IAM policies",
    "OwnRolesByServices": "the stack's roles, told by aws:PrincipalArn: they come after the key",
}


def policies(stack: Deployment) -> Iterator[tuple[Registered, Mapping[str, Any]]]:
    for resource in stack.resources:
        for key in ("policy", "assumeRolePolicy"):
            if key in resource.inputs:
                for statement in resource.document(key)["Statement"]:
                    yield resource, statement


def listed(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def test_the_exports_are_those_of_the_contract_and_none_is_missing(every: Deployment) -> None:
    assert set(every.exports) >= EXPORTS
    assert {name for name, value in every.exports.items() if value is None} == set()
    assert every.exports["senderAddress"] == "relay@mail.example.com"
    assert every.exports["inboundAddress"] == "devices-7f3k9@in.example.com"


def test_no_allowed_action_is_a_wildcard_without_a_reason(every: Deployment) -> None:
    found = [
        (resource.name, action)
        for resource, statement in policies(every)
        if statement["Effect"] == "Allow" and statement["Sid"] not in WILDCARD_ACTIONS
        for action in listed(statement["Action"])
        if "*" in action
    ]
    assert found == []


def test_no_allowed_resource_is_a_wildcard_without_a_reason(
    dev: Deployment,
    presigned: Deployment,
    scanned: Deployment,
    hardened: Deployment,
    renewing: Deployment,
) -> None:
    def found(stack: Deployment) -> set[str]:
        return {
            statement["Sid"]
            for _, statement in policies(stack)
            if statement["Effect"] == "Allow"
            for resource in listed(statement.get("Resource"))
            if "*" in resource
        }

    of_page = {**WILDCARDS, **WILDCARDS_OF_PAGE}
    assert found(presigned) == set(WILDCARDS)
    assert found(dev) == set(of_page)
    assert found(renewing) == {*of_page, *WILDCARDS_OF_RENEWAL}
    assert found(scanned) == {*of_page, *WILDCARDS_OF_SCAN}
    assert found(hardened) == {*of_page, *WILDCARDS_OF_SCAN, *WILDCARDS_OF_KEY}


def test_no_principal_but_a_service_of_aws_is_allowed(every: Deployment) -> None:
    principals = [
        statement["Principal"]
        for _, statement in policies(every)
        if statement["Effect"] == "Allow"
        and "Principal" in statement
        and statement["Sid"] not in PRINCIPALS
    ]
    assert principals
    assert all(set(principal) == {"Service"} for principal in principals)


def test_every_service_that_is_let_in_from_outside_is_held_to_our_account(
    every: Deployment,
) -> None:
    # Not for the trust policies of roles: passing a role to a service needs iam:PassRole.
    let_in = [
        statement
        for resource, statement in policies(every)
        if statement["Effect"] == "Allow"
        and "Service" in statement.get("Principal", {})
        and resource.type != "aws:iam/role:Role"
    ]
    found = {(one["Sid"], one["Principal"]["Service"]) for one in let_in}
    assert found >= {
        ("PutByService", "ses.amazonaws.com"),
        ("SendByBucket", "s3.amazonaws.com"),
        ("PublishAlarms", "cloudwatch.amazonaws.com"),
        ("PublishEventsOfSending", "ses.amazonaws.com"),
    }
    for statement in let_in:
        condition = statement["Condition"]
        if statement["Sid"] in {"SendByTopic", "SendByTopics"}:
            # AWS documents no source account here (SNS guide, "Subscribing an Amazon SQS queue");
            # the topics' ARNs name ours.
            sources = condition["ArnEquals"]["aws:SourceArn"]
            for arn in [sources] if isinstance(sources, str) else sources:
                assert f":{ACCOUNT}:" in arn
        else:
            assert condition["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_no_bucket_queue_or_topic_accepts_a_request_without_tls(every: Deployment) -> None:
    policy_types = {
        "aws:s3/bucket:Bucket": "aws:s3/bucketPolicy:BucketPolicy",
        "aws:sqs/queue:Queue": "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sns/topic:Topic": "aws:sns/topicPolicy:TopicPolicy",
    }
    for type_, policy_type in policy_types.items():
        assert every.all(type_)
        for resource in every.all(type_):
            denials = [
                statement
                for statement in every.named(policy_type, resource.name).document("policy")[
                    "Statement"
                ]
                if statement["Effect"] == "Deny"
            ]
            (denied,) = denials
            assert denied["Principal"] == "*"
            assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            assert any(arn.endswith(f":{resource.name}") for arn in denied["Resource"])


def test_no_input_holds_an_output_written_as_text(every: Deployment) -> None:
    found = [one.urn for one in every.resources if "Calling __str__" in str(one.inputs)]
    assert found == []


def test_every_resource_belongs_to_a_component_of_the_one_relay(every: Deployment) -> None:
    (relay,) = (one for one in every.resources if one.type == "mail-relay:relay:MailRelay")
    parents = {one.urn: one.parent for one in every.resources}
    for one in every.resources:
        if one.custom:
            above = parents[one.parent]
            assert relay.urn in {above, parents[above]}


def test_no_name_is_given_twice(every: Deployment) -> None:
    urns = [one.urn for one in every.resources]
    assert sorted(set(urns)) == sorted(urns)


def test_two_stacks_of_one_account_share_no_physical_name(deploy: Deploy) -> None:
    # Pulumi derives a name from the logical one, unless an input sets it. The name of an identity
    # is its domain: stacks have their own domains, or share verified ones (createIdentities).
    def names(stack: Deployment) -> set[tuple[str, str]]:
        keys = ("name", "bucket", "ruleSetName", "dashboardName", "configurationSetName")
        return {
            (one.type, str(one.inputs.get(key, one.name)))
            for one in stack.resources
            if one.custom
            for key in keys
        }

    one, other = (
        deploy(
            stack=stack,
            createIdentities=False,
            linkMode="page",
            malwareProtection=True,
            customerManagedKey=True,
        )
        for stack in ("one", "other")
    )
    assert names(one) & names(other) == set()


@pytest.mark.parametrize("version", [1, 2])
def test_a_first_preview_registers_what_will_be_deployed(deploy: Deploy, version: int) -> None:
    changes: dict[str, Any] = {
        "linkMode": "page",
        "malwareProtection": True,
        "linkKeyVersion": version,
        "customerManagedKey": True,
        "hostedZoneId": "Z123",
        "smtpCredentialsVersion": version,
    }
    preview = run_program(changed_config(changes), first_preview=True)
    assert {one.urn for one in preview.resources} == {
        one.urn for one in deploy(**changes).resources
    }


def test_main_only_composes() -> None:
    tree = ast.parse((ROOT / "__main__.py").read_text("utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "pulumi_aws" not in imported
    assert not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.walk(tree))
